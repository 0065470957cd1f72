"""Choose where repaired copies go, and refuse to write over an input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.arrays.source import Pair, Source
from iou_doctor.errors import UsageError
from iou_doctor.file_repair.writers import choose_format
from iou_doctor.file_repair.writers.suffixes import choose_suffix
from iou_doctor.record import record
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side, Step
from iou_doctor.safety.file_patterns import find_root
from iou_doctor.safety.listed_files import LIST_SUFFIXES
from iou_doctor.safety.protected_files import (
    ProtectedPath,
    describe_conflict,
    list_voxels,
)
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.file_types import get_suffix

_WRITTEN = (
    *(".png", ".tif", ".tiff", ".npy", ".npz", ".h5"),
    *(".nii", ".nii.gz", ".nrrd", ".mha"),
)
"""The suffixes of the files in folders that `fix` writes."""
_KEEPING_FORMATS = ("zarr", "tiff")
"""The formats of single arrays whose copies keep more than the values."""


@record
class Destination:
    """The place of one repaired copy."""

    target: Path
    """The file or folder."""
    name: str | None
    """The name inside the file, for formats that hold arrays by name."""
    is_folder: bool

    @property
    def place(self) -> str:
        """The place as an argument of `iou-doctor check`."""
        return str(self.target) if self.name is None else f"{self.target}::{self.name}"


def choose_destinations(
    pair: Pair,
    sides: Sequence[Side],
    output_dir: Path,
    *,
    overwrite: bool,
    protected: Sequence[ProtectedPath] = (),
) -> dict[Side, Destination]:
    """Return where to write the copies of these sides.

    Copies have the names of the inputs. If both inputs have the same name, the copies go to the
    folders `predictions` and `masks`. Arrays of one file go to one file.

    Args:
        pair: the inputs.
        sides: those that are copied.
        output_dir: the folder for the copies.
        overwrite: whether earlier copies may be replaced.
        protected: what the run reads beside the inputs.

    Raises:
        UsageError: a destination is an input, or exists already.
    """
    sources = {Side.PREDICTIONS: pair.y_pred, Side.MASKS: pair.y_true}
    inputs = {side: _split_path(source) for side, source in sources.items()}
    files = {side: file for side, (file, _) in inputs.items()}
    formats = {side: find_copy_format(pair, side) for side in Side}
    names = {side: _choose_name(files[side], formats[side]) for side in Side}
    inside = {
        side: name if formats[side] == sources[side].format else None
        for side, (_, name) in inputs.items()
    }
    same_file = _is_same(files[Side.MASKS], files[Side.PREDICTIONS]) and (
        inside[Side.MASKS] != inside[Side.PREDICTIONS]
    )
    same_name = names[Side.MASKS].casefold() == names[Side.PREDICTIONS].casefold()
    paths = [path for side in Side for path in _list_inputs(sources[side], files[side])]
    paths += [voxels for path in paths for voxels in list_voxels(path)]
    protected = [*protected, *(ProtectedPath(path, "an input") for path in paths)]
    destinations = {}
    for side in sides:
        folder = output_dir / side.value if same_name and not same_file else output_dir
        destinations[side] = Destination(
            folder / names[side], inside[side], is_folder=_is_folder(sources[side])
        )
        try:
            _check_target(destinations[side], protected, overwrite=overwrite)
        except OSError as error:  # a name that is too long, or a folder that may not be read
            place, why = destinations[side].target, error.strerror
            raise UsageError(
                f"the output `{place}` cannot be written ({why}); name another --output-dir"
            ) from error
    return destinations


def list_templates(pair: Pair, side: Side, steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the files whose headers, tags or attributes the copies of a side get."""
    is_moved = pair.stated_offset is not None and any(isinstance(step, Shift) for step in steps)
    source = pair.y_true if is_moved else _find_template(pair, side)
    if isinstance(source, FileSeries):
        return source.files
    return (str(_split_path(source)[0]),) if source.format in _KEEPING_FORMATS else ()


def _find_template(pair: Pair, side: Side) -> Source:
    """Return what has the headers that the copy of a side gets.

    If the predictions are turned to each other, the copies lie like the masks.
    """
    is_own = side is Side.PREDICTIONS and pair.stated_turn is None
    return pair.y_pred if is_own else pair.y_true


def find_copy_format(pair: Pair, side: Side) -> str:
    """Return the format of the copy of a side, a key of `WRITERS`."""
    source = pair.y_true if side is Side.MASKS else pair.y_pred
    template = _find_template(pair, side).format
    return choose_format(source.format, template, is_folder=_is_folder(source))


def _is_folder(source: Source) -> bool:
    is_series = isinstance(source, FileSeries) and source.is_folder
    return is_series or source.format == "zarr"


def _list_inputs(source: Source, file: Path) -> list[Path]:
    """Return what is read: a file, a folder, or the files that a pattern matches."""
    is_folder = Path(source.path.split("::")[0]).is_dir()
    if isinstance(source, FileSeries) and not is_folder:
        return [file, *map(Path, source.files)] if file.is_file() else list(map(Path, source.files))
    return [file]


def _split_path(source: Source) -> tuple[Path, str | None]:
    """Return the file or folder of a source, and the name of the array inside.

    The file is the shortest existing one, because `::` may be part of both names. A pattern stands
    for the folder in front of its first wildcard.
    """
    words = source.path.split("::")
    for count in range(1, len(words)):
        path = Path("::".join(words[:count]))
        if path.exists():
            return path, "::".join(words[count:])
    if isinstance(source, FileSeries) and not Path(source.path).exists():
        return Path(find_root(words[0])), "::".join(words[1:]) or None
    return Path(source.path), None


def _choose_name(file: Path, format_name: str) -> str:
    name = Path(os.path.abspath(file)).name  # noqa: PTH100 - a link keeps its own name
    if file.suffix.lower() in LIST_SUFFIXES:
        return Path(name).stem
    suffix = choose_suffix(format_name, name)
    if suffix is None or file.is_dir():
        return name
    return name.removesuffix(get_suffix(name)) + suffix


def _check_target(
    destination: Destination, protected: Sequence[ProtectedPath], *, overwrite: bool
) -> None:
    target = destination.target
    if conflict := describe_conflict(target, protected):
        raise UsageError(f"the output `{target}`: {conflict}; name another --output-dir")
    parent = next(folder for folder in target.parents if os.path.lexists(folder))
    if not parent.is_dir():
        raise UsageError(f"--output-dir: `{parent}` is not a folder; name another one")
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise UsageError(f"the output `{target}` exists; add --overwrite, or name another folder")
    if destination.is_folder != target.is_dir():
        raise UsageError(
            f"the output `{target}` was not written by `fix`; name another --output-dir"
        )
    if destination.is_folder:
        _check_folder(target)


def _check_folder(target: Path) -> None:
    """Refuse to replace a folder with files that `fix` never writes."""
    files = (entry for entry in sorted(target.rglob("*")) if not entry.is_dir())
    other = next((entry for entry in files if not _is_written(entry)), None)
    if other is not None:
        raise UsageError(
            f"the output `{target}` holds `{other.name}`, which is not of an earlier output; name"
            " another --output-dir"
        )


def _is_written(file: Path) -> bool:
    """Return whether a file in a folder may be one that `fix` has written."""
    in_zarr = any(folder.suffix.lower() == ".zarr" for folder in file.parents)
    return in_zarr or get_suffix(file.name).lower() in _WRITTEN


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same file or folder, through links of any kind."""
    try:
        return one.samefile(other)
    except OSError:
        return False
