"""New files appear whole, or not at all: they are written beside their places, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers._output import sync


@contextmanager
def staged(targets: Sequence[Path], *, overwrite: bool) -> Iterator[Mapping[Path, Path]]:
    """Yield for each target the path to write to; at the end all are renamed to their targets.

    After an error or an interrupt, what was written is removed, and folders made for it too.

    Args:
        targets: files or folders to be.
        overwrite: whether a target that is there already may be replaced.

    Raises:
        OutputError: a folder cannot be made, or a target be put in its place.
    """
    parts = {target: _beside(target, "part") for target in targets}
    made: list[Path] = []
    try:
        with _named_errors():
            for target in targets:
                _make_folders(target.parent, made)
        yield parts
        with _named_errors():
            _put_all(parts, overwrite=overwrite)
    except BaseException:
        for part in parts.values():
            _remove(part)
        for folder in reversed(made):
            with suppress(OSError):  # something else is in it by now
                folder.rmdir()
        raise


def _beside(target: Path, ending: str) -> Path:
    """Return a hidden name in the same folder, so that a rename suffices; no other run's."""
    return target.with_name(f".{target.name}.{os.getpid()}.{ending}")


def _make_folders(folder: Path, made: list[Path]) -> None:
    if not folder.exists():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _put_all(parts: Mapping[Path, Path], *, overwrite: bool) -> None:
    """Rename everything to its place; after a failure all places are as they were."""
    for part in parts.values():
        sync(part)
    olds: dict[Path, Path | None] = {}
    try:
        for target, part in parts.items():
            olds[target] = _set_aside(target, overwrite=overwrite)
            part.rename(target)
    except BaseException:
        for target, old in olds.items():
            _take_back(target, parts[target], old)
        raise
    for target, old in olds.items():
        if old is not None:
            _remove(old)
        sync(target.parent)


def _take_back(target: Path, part: Path, old: Path | None) -> None:
    if not os.path.lexists(part):  # what was written stands in its place already
        _remove(target)
    if old is not None:
        old.rename(target)


def _set_aside(target: Path, *, overwrite: bool) -> Path | None:
    """Make room for a target; return where its old content is kept, if it had any."""
    if not os.path.lexists(target):
        return None
    if not overwrite:
        raise OutputError(f"`{target}` has appeared meanwhile; it is left as it is")
    old = _beside(target, "old")
    target.rename(old)
    return old


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write `{error.filename or ''}`: {error.strerror or error}"
        ) from error
