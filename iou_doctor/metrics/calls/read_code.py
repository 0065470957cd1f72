"""Read the code in which the user's metric appears, complete or cut out of a file."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.code_names import (
    OWN,
    list_constants,
    list_definitions,
    list_imports,
)
from iou_doctor.metrics.calls.refusals import quote, shorten
from iou_doctor.record import record
from iou_doctor.safety.text_files import read_text

LONGEST_CALL = 100_000
"""The maximum number of characters of a call: enough for 4,096 class ids."""
LARGEST_FILE = 2**22
"""The maximum size of a source file in bytes."""
DEEPEST_CALL = 50
"""The maximum depth of a call as a tree; with what surrounds it, it reaches about 10."""
DEEPEST_FILE = 150
"""The maximum depth of a file as a tree; files reach about 30."""
EXAMPLE = 'for instance "keras.metrics.MeanIoU(num_classes=3)"'
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@record
class Code:
    """Parsed code, and what it says about names."""

    text: str
    tree: ast.Module
    imports: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The full name of each imported name."""
    constants: Mapping[str, ast.expr] = field(default_factory=dict, hash=False)
    """What each name stands for that is assigned once, `CFG.classes` included."""
    definitions: Mapping[str, ast.ClassDef | ast.FunctionDef] = field(
        default_factory=dict, hash=False
    )
    """The classes and functions that the code defines."""
    file: str = ""
    """The file, if the code was read from one."""
    line: int | None = None
    """The line that the user asked for."""

    def owns(self, name: str) -> bool:
        """Return whether a full name is that of something in the user's own code."""
        return name.startswith(OWN) or name in self.definitions

    def write_segment(self, node: ast.expr) -> str:
        """Return an expression as it is written, on one line."""
        segment = ast.get_source_segment(self.text, node) or ast.unparse(node)
        return " ".join((ast.unparse(node) if "#" in segment else segment).split())


def read_code(text: str) -> Code:
    """Return the code of a call as written, or of the file that `@FILE.py[:LINE]` names.

    Raises:
        UsageError: it is no Python code, or the file cannot be read.
    """
    place = split_place(text)
    if place is not None:
        return _read_file(*place)
    if len(text) <= LONGEST_CALL:
        for version in _list_versions(text):
            tree = _parse(version, DEEPEST_CALL)
            if tree is not None:
                return _describe(version, tree)
    raise UsageError(
        f"--metric {quote(text)} is not a Python call; write it as in your code, {EXAMPLE}"
    )


def split_place(text: str) -> tuple[str, int | None] | None:
    """Return the file and the line that `@FILE.py[:LINE]` names; `None` if it is a call."""
    place = re.fullmatch(r"@(?P<file>.+?)(?::(?P<line>\d+))?", text.strip())
    return place and (place["file"], None if place["line"] is None else int(place["line"]))


def _read_file(file: str, line: int | None) -> Code:
    try:
        text = read_text(Path(file).expanduser(), most_bytes=LARGEST_FILE)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"--metric @{shorten(file)}: {reason}") from error
    tree = _parse(text, DEEPEST_FILE)
    if tree is None:
        raise UsageError(
            f"--metric @{shorten(file)} is not Python code; give a .py file, or the call itself"
        )
    lines = text.count("\n") + 1
    if line is not None and not 1 <= line <= lines:
        raise UsageError(f"--metric @{shorten(file)}:{line}: the file has {lines} lines")
    return _describe(text, tree, file, line)


def _describe(text: str, tree: ast.Module, file: str = "", line: int | None = None) -> Code:
    names = list_imports(tree), list_constants(tree), list_definitions(tree)
    return Code(text, tree, *names, file, line)


def _list_versions(text: str) -> Iterator[str]:
    """Yield the text, then ways to complete a fragment: arguments, entries, cut-off lines."""
    lines = [line.removeprefix(">>> ").removeprefix("... ") for line in text.splitlines()]
    plain = textwrap.dedent("\n".join(lines)).strip()
    if not plain:
        return
    bare = plain.rstrip(",;: \n")
    yield plain
    first, _, others = plain.partition("\n")  # the first line may be copied without its indent
    yield f"{first}\n{textwrap.dedent(others)}"
    yield bare
    for whole in (bare, _balance(bare)):
        yield whole
        yield f"_({whole})"
        yield f"{{{whole}}}"


def _balance(text: str) -> str:
    """Return text without closing brackets that nothing opens, and with those that are missing."""
    kept, open_ones = [], []
    for part in re.findall(r"'[^'\n]*'|\"[^\"\n]*\"|.", text, flags=re.DOTALL):
        if part in _CLOSERS:
            open_ones.append(_CLOSERS[part])
        elif part in _CLOSERS.values():
            if not open_ones or open_ones[-1] != part:
                continue
            open_ones.pop()
        kept.append(part)
    return "".join(kept).rstrip(", \n") + "".join(reversed(open_ones))


def _parse(text: str, deepest: int) -> ast.Module | None:
    """Return the tree of some code, `None` if it is not Python or too deep to be handled."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd literals, which are refused later
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return tree if tree.body and _is_shallow(tree, deepest) else None


def _is_shallow(tree: ast.Module, deepest: int) -> bool:
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > deepest:
            return False
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(part)]
    return True
