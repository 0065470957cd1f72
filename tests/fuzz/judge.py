"""What must hold of every run, whatever the input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fuzz.cases import Case
from fuzz.references import compare_with_reference
from fuzz.sandbox import list_files
from iou_doctor.errors import IouDoctorError

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, and those that reverse the direction of text."""
COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)
"""Workflow commands of GitHub and Azure, which a name must not smuggle in."""
ZARR_FILES = {".zarray", ".zattrs", ".zgroup", ".zmetadata"}
"""The hidden files that belong to an array of Zarr's second version."""


def find_problems(
    case: Case, code: int, out: str, err: str, before: dict[Path, bytes | None], folder: Path
) -> Iterator[str]:
    """Yield what is wrong with a run.

    Args:
        case: the command.
        code: its exit code.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
        before: the files before it, from `list_files`.
        folder: the folder with the files.
    """
    if code not in {0, 1, 2}:
        last = err.strip().splitlines()[-3:]
        yield f"exit code {code}: {' | '.join(last)[:300]}"
        return
    yield from _judge_streams(case.arguments, code, out, err)
    is_github = "github" in case.arguments
    if FORBIDDEN.search(out + err):
        yield f"control character {FORBIDDEN.search(out + err)!r}"
    if not is_github and COMMAND.search(out):
        yield f"workflow command {COMMAND.search(out)!r}"
    yield from _judge_files(case, code, before, list_files(folder))
    if code != 2:
        for path in case.arrays:
            yield from compare_with_reference(path)


def _judge_streams(arguments: list[str], code: int, out: str, err: str) -> Iterator[str]:
    lines = err.splitlines()
    several = "--all" in arguments  # they share the output, and one that is refused stops no other
    if code == 2 and (
        (out and not several) or len(lines) != 1 or not lines[0].startswith("iou-doctor: error: ")
    ):
        yield f"exit code 2 with stdout {out[:80]!r} and stderr {err[-300:]!r}"
    if code != 2 and any(not line.startswith("iou-doctor: ") for line in lines):
        yield f"exit code {code} with stderr {err[-300:]!r}"
    has_file = any(word.startswith("--output") and word != "--output-format" for word in arguments)
    if code != 2 and not out and not has_file:
        yield f"exit code {code} without a report"


def _judge_files(
    case: Case, code: int, before: dict[Path, bytes | None], after: dict[Path, bytes | None]
) -> Iterator[str]:
    for path, content in before.items():
        if after.get(path, b"missing") != content:
            yield f"`{path.name}` was changed"
    new = [path for path in after if path not in before]
    hidden = [path for path in new if path.name.startswith(".") and path.name not in ZARR_FILES]
    may_write = case.kind in {"fix", "init", "toml", "options"}
    if hidden or (new and (code == 2 or not may_write)):
        yield f"left {[path.name[:50] for path in new]}"


def judge_error(error: IouDoctorError) -> list[str]:
    """Return what is wrong with the text of an error."""
    text = str(error)
    is_line = text and "\n" not in text and not FORBIDDEN.search(text)
    return [] if is_line else [f"the error is {text!r}"]
