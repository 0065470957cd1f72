"""New files appear whole, or not at all: they are written beside their places, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from iou_doctor.errors import OutputError
from iou_doctor.writers._output import sync


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
            for target, part in parts.items():
                _put(part, target, overwrite=overwrite)
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


def _put(part: Path, target: Path, *, overwrite: bool) -> None:
    """Rename what was written to its place."""
    sync(part)
    if os.path.lexists(target) and not overwrite:
        raise OutputError(f"`{target}` has appeared meanwhile; it is left as it is")
    if part.is_dir() and target.is_dir():
        old = _beside(target, "old")
        target.rename(old)
        try:
            part.rename(target)
        except BaseException:
            old.rename(target)
            raise
        shutil.rmtree(old)
    else:
        part.replace(target)
    sync(target.parent)


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
