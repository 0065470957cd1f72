"""What must hold of every run, whatever the input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from fuzz.cases import Case
from fuzz.sandbox import list_files
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_source

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, and those that reverse the direction of text."""
COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)
"""Workflow commands of GitHub and Azure, which a name must not smuggle in."""


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
    hidden = [path.name for path in new if path.name.startswith(".")]
    may_write = case.kind in {"fix", "init", "toml", "options"}
    if hidden or (new and (code == 2 or not may_write)):
        yield f"left {[path.name[:50] for path in new]}"


def compare_with_reference(path: Path) -> Iterator[str]:
    """Yield a problem if the reference reader refuses an array that we read, or reads others."""
    source = open_source(str(path))
    files = sorted(path.iterdir(), key=lambda file: file.stem) if path.is_dir() else [path]
    if source.format == "images" and all(file.suffix in COMPARED_IMAGES for file in files):
        pairs = [_read_image(source, place, file) for place, file in enumerate(files)]
    elif path.suffix in REFERENCES:
        ours = source.read(())
        name = source.path.removeprefix(str(path)).removeprefix("::")
        try:
            pairs = [(ours, REFERENCES[path.suffix](path, name))]
        except Exception as error:
            yield f"the reference reader refuses {path.name}: {error!r}"
            return
    else:
        pairs = []
    for one, other in pairs:
        # a damaged TIFF may mean one thing to Pillow and another to tifffile
        others = [other, _read_tiff(path)] if path.suffix == ".tif" else [other]
        if not any(_is_equal(one, theirs) for theirs in others):
            yield f"differs from the reference reader: {path.name}: {one.shape} {other.shape}"


def _is_equal(ours: np.ndarray, theirs: np.ndarray) -> bool:
    theirs = theirs.astype(bool) if ours.dtype == bool else theirs  # 2 is true as well
    return ours.shape == theirs.shape and np.array_equal(ours, theirs, equal_nan=True)


def _read_image(source: Source, place: int, file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return an image as both readers see it; empty if both refuse it.

    A check never decodes an image whose partner has another size.
    """
    try:
        theirs = np.asarray(Image.open(file))
    except Exception:
        theirs = _read_tiff(file) if file.suffix == ".tif" else np.empty(0)
    try:
        return source.read((slice(place, place + 1),))[0], theirs
    except SourceError:
        return np.empty(0), np.empty(0)


def _read_tiff(file: Path) -> np.ndarray:
    """Return what the reader of the TIFFs that Pillow does not read returns, or nothing."""
    import tifffile

    with suppress(Exception):
        return tifffile.imread(file)
    return np.empty(0)


def _read_npy(path: Path, _name: str) -> np.ndarray:
    return np.load(path)


def _read_npz(path: Path, name: str) -> np.ndarray:
    with np.load(path) as loaded:
        return loaded[name]


def _read_hdf5(path: Path, name: str) -> np.ndarray:
    with h5py.File(path) as file:
        return file[name][()]


def _read_matlab(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat

    return loadmat(path, variable_names=[name])[name]


COMPARED_IMAGES = (".png", ".bmp", ".tif", ".jpg")
"""The suffixes of images whose pixels we take as Pillow returns them."""
REFERENCES: dict[str, Callable[[Path, str], np.ndarray]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".mat": _read_matlab,
}
"""What reads an array of a file; the name is empty if there is only one."""
