"""Read the `_target_` entries of a YAML configuration, as Hydra has them, as calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from iou_doctor.metrics.calls.read_code import Code
from iou_doctor.record import record

_LINE = re.compile(r"(?P<indent>\s*(?:-\s+)*)(?P<text>[^\s#][^#]*?)\s*(#.*)?")
_ENTRY = re.compile(r"(?P<key>\w+):(?:\s+(?P<value>.*))?")
_TARGET = re.compile(r"_target_:\s*(?P<name>[\w.]+)")
_WORDS = {"true": "True", "false": "False", "null": "None", "~": "None", "": "None"}


@record
class _Line:
    depth: int
    """Where the text begins."""
    is_item: bool
    """Whether it begins an item of a list."""
    text: str
    """What it says, without a comment."""


def read_targets(text: str) -> Code | None:
    """Return the calls that the entries of a configuration make; `None` if it has none."""
    calls = []
    lines = _split(text) if "_target_:" in text else []
    for number, line in enumerate(lines):
        if found := _TARGET.fullmatch(line.text):
            entries = _read_entries(_cut_block(lines, number))
            calls.append(f"{found['name']}({', '.join(entries)})")
    source = calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"
    try:
        return Code(source, ast.parse(source)) if calls else None
    except SyntaxError:
        return None


def read_flow(entries: Mapping[str | None, ast.expr]) -> tuple[str, ast.Call]:
    """Return the name and the call of `{_target_: torchmetrics.JaccardIndex, task: binary}`.

    Args:
        entries: the values as Python reads them, which takes words for names.
    """
    keywords = [
        ast.keyword(key, _read_word(value) if isinstance(value, ast.Name) else value)
        for key, value in entries.items()
        if key and not key.startswith("_")
    ]
    target = entries["_target_"]
    return ast.unparse(target), ast.Call(target, [], keywords)


def _read_word(name: ast.Name) -> ast.expr:
    return ast.parse(_read_value(name.id), mode="eval").body


def _split(text: str) -> list[_Line]:
    """Return the lines, without empty ones and those that are only comments."""
    found = filter(None, map(_LINE.fullmatch, text.splitlines()))
    return [_Line(len(one["indent"]), "-" in one["indent"], one["text"]) for one in found]


def _cut_block(lines: Sequence[_Line], number: int) -> Sequence[_Line]:
    """Return the lines of the mapping that a line belongs to, with all that is nested in it."""
    depth = lines[number].depth
    first = number
    while first and lines[first - 1].depth >= depth and not _begins(lines[first], depth):
        first -= 1
    below = takewhile(
        lambda line: line.depth >= depth and not _begins(line, depth), lines[number + 1 :]
    )
    return [*lines[first : number + 1], *below]


def _begins(line: _Line, depth: int) -> bool:
    return line.is_item and line.depth == depth


def _read_entries(block: Sequence[_Line]) -> Iterator[str]:
    """Yield the arguments in a mapping. Hydra itself reads the keys that begin with `_`."""
    depth = min(line.depth for line in block)
    for number, line in enumerate(block):
        found = _ENTRY.fullmatch(line.text) if line.depth == depth else None
        if found is None or found["key"].startswith("_"):
            continue
        nested = list(takewhile(lambda one: one.depth > depth, block[number + 1 :]))
        value = _read_nested(nested) if nested else _read_value(found["value"] or "")
        yield f"{found['key']}={value}"


def _read_nested(lines: Sequence[_Line]) -> str:
    """Return a list of plain values as Python code, and anything else as the text it is."""
    if all(line.is_item and not _ENTRY.fullmatch(line.text) for line in lines):
        return f"[{', '.join(_read_value(line.text) for line in lines)}]"
    return repr(" ".join(line.text for line in lines))


def _read_value(text: str) -> str:
    """Return a value as Python code: a number, a list, a text, or a name for `${a.b}`."""
    if name := re.fullmatch(r"\$\{([\w.]+)\}", text):
        return name[1]
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return _WORDS.get(text.lower(), repr(text))
    return text
