"""Where mended copies go, and the refusal to write over an input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.arrays.source import Pair, Source
from iou_doctor.errors import UsageError
from iou_doctor.record import record
from iou_doctor.repairs.step import Side


@record
class Destination:
    """The place of one mended array."""

    target: Path
    """The file or folder."""
    name: str | None
    """The name inside the file, where a file holds arrays by name."""
    is_folder: bool

    @property
    def place(self) -> str:
        """The place as a path for `iou-doctor check`."""
        return str(self.target) if self.name is None else f"{self.target}::{self.name}"


def destinations(
    pair: Pair, sides: Sequence[Side], output_dir: Path, *, overwrite: bool
) -> dict[Side, Destination]:
    """Return where to write the arrays of these sides.

    Inputs of the same name go to folders `predictions` and `masks`, arrays of the same file to
    one file.

    Raises:
        UsageError: a place is an input, or taken.
    """
    sources = {Side.PREDICTIONS: pair.y_pred, Side.MASKS: pair.y_true}
    inputs = {side: _file_and_name(source) for side, source in sources.items()}
    files = {side: file for side, (file, _) in inputs.items()}
    names = {side: _new_name(files[side], sources[side].format) for side in Side}
    same_file = _is_same(files[Side.MASKS], files[Side.PREDICTIONS]) and (
        inputs[Side.MASKS][1] != inputs[Side.PREDICTIONS][1]
    )
    alike = names[Side.MASKS].casefold() == names[Side.PREDICTIONS].casefold()
    places = {}
    for side in sides:
        folder = output_dir / side.value if alike and not same_file else output_dir
        places[side] = Destination(
            folder / names[side], inputs[side][1], is_folder=files[side].is_dir()
        )
        _check(places[side], list(files.values()), overwrite=overwrite)
    return places


def _file_and_name(source: Source) -> tuple[Path, str | None]:
    """Return the file of a source and the name inside it."""
    if source.format not in {"npz", "hdf5"}:
        return Path(source.path), None
    words = source.path.split("::")
    for count in range(1, len(words)):
        path = Path("::".join(words[:count]))
        if path.is_file():
            return path, "::".join(words[count:])
    return Path(source.path), None


def _new_name(file: Path, format_: str) -> str:
    name = Path(os.path.abspath(file)).name  # noqa: PTH100 - a link keeps its own name
    if format_ == "images" and not file.is_dir():
        return str(Path(name).with_suffix(".png"))
    return name


def _check(destination: Destination, inputs: Sequence[Path], *, overwrite: bool) -> None:
    target = destination.target
    for file in inputs:
        if _touches(target, file):
            raise UsageError(
                f"the output `{target}` would be written into the input `{file}`; name another"
                " --output-dir"
            )
    parent = next(folder for folder in target.parents if os.path.lexists(folder))
    if not parent.is_dir():
        raise UsageError(f"--output-dir: `{parent}` is no folder; name another")
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise UsageError(f"the output `{target}` exists; add --overwrite, or name another folder")
    if destination.is_folder != target.is_dir():
        raise UsageError(f"the output `{target}` is no earlier output; name another --output-dir")
    if destination.is_folder:
        _check_folder(target)


def _check_folder(target: Path) -> None:
    """Refuse to replace a folder that holds what `fix` does not write."""
    others = [entry.name for entry in target.iterdir() if entry.suffix.lower() != ".png"]
    if others:
        raise UsageError(
            f"the output `{target}` holds `{others[0]}`, which is no PNG image of an earlier"
            " output; name another --output-dir"
        )


def _touches(target: Path, file: Path) -> bool:
    """Return whether an output and an input are the same, or one lies within the other."""
    if _is_same(target, file):
        return True
    new, old = target.resolve(), file.resolve()
    return new == old or old in new.parents or new in old.parents


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same file or folder; a hard link counts."""
    try:
        return one.samefile(other)
    except OSError:
        return False
