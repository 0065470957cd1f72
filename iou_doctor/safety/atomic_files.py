"""Write files atomically: under temporary names first, and all renamed at the end.

After an error or an interrupt, every target is as it was before.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def stage(
    targets: Sequence[Path], *, overwrite: bool, durable: bool = False
) -> Iterator[Mapping[Path, Path]]:
    """Yield for each target the path to write to; at the end, rename all to their targets.

    After an error or an interrupt, the files written and the folders made for them are removed.

    Args:
        targets: files or folders; neither they nor their parents need to exist. A device or a pipe
            cannot be replaced, so the path to write to is its own.
        overwrite: whether existing targets may be replaced.
        durable: whether to wait until everything is on the disk.

    Raises:
        OSError: a parent cannot be made, or a target cannot be replaced; `filename` is
            the target.
    """
    parts = {
        target: target if is_special(target) else _name_beside(target, "part") for target in targets
    }
    to_rename = {target: part for target, part in parts.items() if part != target}
    made: list[Path] = []
    try:
        for target in to_rename:
            with _naming(target):
                _make_folders(target.parent, made)
        yield parts
        if durable:
            _sync_all(to_rename)
        _rename_all(to_rename, overwrite=overwrite)
        if durable:
            _sync_all({target: target.parent for target in to_rename})
    except BaseException:
        for part in to_rename.values():
            _remove(part)
        for folder in reversed(made):
            with suppress(OSError):  # it holds a file of another program by now
                folder.rmdir()
        raise


def open_part(path: Path) -> IO[bytes]:
    """Open a path that `stage` yielded: as a new file, or a device or a pipe as it is.

    Raises:
        OSError: the file cannot be made. One that another program has put there is not opened.
    """
    return path.open("wb" if is_special(path) else "xb")


def append(path: Path, data: bytes) -> None:
    """Append all data to a file, or leave it as it was.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("ab", buffering=0) as stream:
        size = None if is_special(path) else stream.seek(0, os.SEEK_END)
        view = memoryview(data)
        try:
            while view:  # the system may take a part
                view = view[stream.write(view) :]
        except BaseException:
            if size is not None:
                stream.truncate(size)
            raise


def follow_links(path: Path) -> Path:
    """Return the file that a link leads to, so that writing keeps the link.

    A device or a pipe is returned as it is: `/dev/fd/63` cannot be resolved.

    Raises:
        OSError: the links form a loop.
    """
    try:
        return path if is_special(path) else path.resolve()
    except RuntimeError as error:  # what Python before 3.13 raises for a loop
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def is_special(path: Path) -> bool:
    """Return whether this is a device or a pipe, which no file may replace."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_writable(path: Path) -> None:
    """Raise the error that writing this file would raise, and leave everything as it is.

    Raises:
        OSError: the folder does not exist or is read-only, or the path is a folder or read-only.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise OSError(errno.ENOENT, "not a file in an existing folder")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, "it is read-only")
    if not is_special(path):
        part = _name_beside(path, "part")
        try:
            part.touch(exist_ok=False)
        finally:
            part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Return once the file or folder at `path` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name_beside(target: Path, ending: str) -> Path:
    """Return a hidden name in the same folder that nobody can foresee; a rename needs no copy.

    It does not contain the name of the target, which may be as long as names can be.
    """
    return target.with_name(f".iou-doctor-{os.urandom(8).hex()}.{ending}")


def _make_folders(folder: Path, made: list[Path]) -> None:
    if folder.exists():
        return
    _make_folders(folder.parent, made)
    made.append(folder)  # first, so that an interrupt in between leaves no folder
    try:
        folder.mkdir()
    except FileExistsError:  # another program was faster
        made.remove(folder)


def _rename_all(parts: Mapping[Path, Path], *, overwrite: bool) -> None:
    """Rename everything to its target; after a failure all targets are as they were."""
    kept: dict[Path, Path | None] = {}
    try:
        for target, part in parts.items():
            with _naming(target):
                kept[target] = _keep(target, overwrite=overwrite)
                part.replace(target)
    except BaseException:
        for target, old in kept.items():
            _restore(target, parts[target], old)
        raise
    for old in kept.values():
        if old is not None:
            _remove(old)


def _sync_all(places: Mapping[Path, Path]) -> None:
    """Sync some places, each on behalf of a target."""
    for target, place in places.items():
        with _naming(target):
            sync(place)


def _keep(target: Path, *, overwrite: bool) -> Path | None:
    """Return a second name of the old content of a target, or `None` if there is none.

    If the file system has hard links, the file also stays in its place, so it never disappears.
    """
    if not os.path.lexists(target):
        return None
    if not overwrite:
        raise FileExistsError(errno.EEXIST, "it has appeared meanwhile and is left as it is")
    old = _name_beside(target, "old")
    if target.is_file() and not target.is_symlink():
        with suppress(OSError):
            os.link(target, old)
            return old
    target.rename(old)
    return old


def _restore(target: Path, part: Path, old: Path | None) -> None:
    if not os.path.lexists(part):  # the new content is in place already
        _remove(target)
    if old is not None:
        old.replace(target)
        _remove(old)  # renaming a file to another name of the same file leaves both


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Raise errors about hidden names as errors about their target."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(target)) from error
