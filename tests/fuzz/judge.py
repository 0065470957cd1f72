"""What must hold of every run, whatever the input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from fuzz.cases import Case
from fuzz.sandbox import Outcome, run_forked
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, and those that reverse the direction of text."""
COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)
"""Workflow commands of GitHub and Azure, which a name must not smuggle in."""
REFUSED, DIFFERENT = 98, 99


def list_files(folder: Path) -> dict[Path, bytes | None]:
    """Return the content of everything below a folder; `None` for folders."""
    return {
        path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }


def find_problems(
    case: Case, outcome: Outcome, before: dict[Path, bytes | None], folder: Path, logs: Path
) -> Iterator[str]:
    """Yield what is wrong with a run.

    Args:
        case: the command.
        outcome: what it did.
        before: the files before it, from `list_files`.
        folder: the folder with the files.
        logs: a folder for the output of a further child.
    """
    if outcome.code not in {0, 1, 2}:
        last = outcome.err.decode("utf-8", "replace").strip().splitlines()[-2:]
        yield f"exit code {outcome.code}: {' | '.join(last)[:300]}"
        return
    out, err = outcome.out.decode("utf-8", "replace"), outcome.err.decode("utf-8", "replace")
    yield from _judge_streams(case.arguments, outcome.code, out, err)
    is_github = "github" in case.arguments
    if FORBIDDEN.search(out + err):
        yield f"control character {FORBIDDEN.search(out + err)!r}"
    if not is_github and COMMAND.search(out):
        yield f"workflow command {COMMAND.search(out)!r}"
    yield from _judge_files(case, outcome, before, list_files(folder))
    if outcome.code != 2:
        for path in case.arrays:
            compared = run_forked(lambda path=path: compare_with_reference(path), logs)
            if compared.code:
                words = compared.err.decode("utf-8", "replace").strip()[-300:]
                yield f"differs from the reference reader ({compared.code}): {words}"


def _judge_streams(arguments: list[str], code: int, out: str, err: str) -> Iterator[str]:
    lines = err.splitlines()
    if code == 2 and (out or len(lines) != 1 or not lines[0].startswith("iou-doctor: error: ")):
        yield f"exit code 2 with stdout {out[:80]!r} and stderr {err[-300:]!r}"
    if code != 2 and any(not line.startswith("iou-doctor: ") for line in lines):
        yield f"exit code {code} with stderr {err[-300:]!r}"
    has_file = any(word.startswith("--output") and word != "--output-format" for word in arguments)
    if code != 2 and not out and not has_file:
        yield f"exit code {code} without a report"


def _judge_files(
    case: Case, outcome: Outcome, before: dict[Path, bytes | None], after: dict[Path, bytes | None]
) -> Iterator[str]:
    for path, content in before.items():
        if after.get(path, b"missing") != content:
            yield f"`{path.name}` was changed"
    new = [path for path in after if path not in before]
    hidden = [path.name for path in new if path.name.startswith(".")]
    may_write = case.kind in {"fix", "init", "toml", "options"}
    if hidden or (new and (outcome.code == 2 or not may_write)):
        yield f"left {[path.name[:50] for path in new]}"


def compare_with_reference(path: Path) -> None:
    """Exit with a code of its own if the reference reader refuses an array or reads others."""
    import sys

    from iou_doctor.sources.opening import open_source

    source = open_source(str(path))
    if source.format == "images":
        files = sorted(path.iterdir(), key=lambda file: file.stem)
        pairs = [_read_image(source, place, file) for place, file in enumerate(files)]
    else:
        try:
            pairs = [(source.read(()), array) for array in _read_reference(path)]
        except Exception as error:
            sys.stderr.write(f"the reference reader refuses: {error!r}")
            raise SystemExit(REFUSED) from None
    for ours, theirs in pairs:
        if ours.shape != theirs.shape or not np.array_equal(ours, theirs, equal_nan=True):
            sys.stderr.write(f"{path.name}: {ours.shape} {theirs.shape}")
            raise SystemExit(DIFFERENT)


def _read_image(source: Source, place: int, file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return an image as both readers see it; empty if both refuse it.

    A check never decodes an image whose partner has another size.
    """
    try:
        theirs = np.asarray(Image.open(file))
    except Exception:
        theirs = np.empty(0)
    try:
        return source.read((slice(place, place + 1),))[0], theirs
    except SourceError:
        return np.empty(0), np.empty(0)


def _read_reference(path: Path) -> list[np.ndarray]:
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            names: list[str] = []
            file.visititems(
                lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
            )
            return [file[name][()] for name in names]
    loaded = np.load(path)
    if isinstance(loaded, np.ndarray):
        return [loaded]
    with loaded:
        return [loaded[name] for name in loaded.files]
