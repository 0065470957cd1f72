"""Pairs predictions with masks by the names of their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import UsageError
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.folders.class_files import ClassFiles, join_classes
from iou_doctor.sources.files.folders.matched_names import match_names
from iou_doctor.sources.files.folders.places import add_places
from iou_doctor.sources.files.suggested_patterns import (
    join_patterns,
    list_sets,
    write_folder_pattern,
)
from iou_doctor.sources.source_errors import list_names, source_error

_MOST_NAMED = 8
"""The number of classes to name in the note about them."""
_EXAMPLES = 3
"""The number of names of each folder to show in the error."""


def pair_files(*, y_true: FileSeries, y_pred: FileSeries) -> Pair:
    """Return the masks and predictions that have a partner, both sorted by the masks' names.

    Equal names pair up first. Then as few of the usual endings as possible are dropped, provided
    that exactly one mask and one prediction remain with the same name. If names are left over on
    both sides, the constant parts of the names are learned. Two single files are always a pair, and
    so are the lines of two lists.

    Raises:
        SourceError: no mask has a prediction.
        UsageError: the names pair up in two ways, or two lists differ in length.
    """
    _refuse_one_folder(y_true, y_pred)
    pair = _pair_series(y_true, y_pred)
    notes = _note_left_out(masks=y_true, predictions=y_pred)
    return replace(pair, assumed=(*pair.assumed, *notes))


def _refuse_one_folder(y_true: FileSeries, y_pred: FileSeries) -> None:
    """Refuse a folder of both masks and predictions, whose files would be their own partners."""
    if y_true.path != y_pred.path or not y_true.is_folder or y_true.is_listed:
        return
    half = len(y_true.files) / 2
    patterns = list_sets(y_true.path, y_true.files, lambda files: len(files) == half)
    if len(patterns) == 2:
        raise UsageError(
            f"`{y_true.path}` is given for both predictions and masks; name the files of each with"
            f" patterns: {' and '.join(patterns)}"
        )


def _note_left_out(**sides: FileSeries) -> tuple[Assumption, ...]:
    """Return a note for each folder that has files of other formats."""
    return tuple(
        Assumption(
            f"{side}.files",
            get_suffix(series.files[0]),
            f"most files of the folder; not read: {', '.join(series.left_out)}",
        )
        for side, series in sides.items()
        if series.left_out
    )


def _pair_series(y_true: FileSeries, y_pred: FileSeries) -> Pair:
    if y_true.is_listed and y_pred.is_listed:
        return _pair_lists(y_true, y_pred)
    if not (y_true.is_folder or y_pred.is_folder):
        return add_places(Pair(y_true, y_pred), y_true, y_pred)
    joined = join_classes(y_true, y_pred)
    if joined is None:
        return _pair_names(y_true, y_pred)
    return _note_classes(_pair_names(joined.true, joined.pred), joined)


def _pair_names(y_true: FileSeries, y_pred: FileSeries) -> Pair:
    found = match_names(y_true.names, y_pred.names)
    if found is None:
        raise source_error(
            y_pred.path,
            f"none of its names ({_list_examples(y_pred.names)}) pairs with one of "
            f"`{y_true.path}` ({_list_examples(y_true.names)}); {_advise(y_true, y_pred)}",
        )
    ordered = [name for name in y_true.names if name in found.partners]
    true = y_true.select(_find_indices(y_true.names, ordered))
    partners = [found.partners[name] for name in ordered]
    pred = y_pred.select(_find_indices(y_pred.names, partners))
    pair = Pair(
        true,
        pred,
        unpaired_true=_leave_out(y_true.names, found.partners.keys()),
        unpaired_pred=_leave_out(y_pred.names, found.partners.values()),
        dropped_parts=found.dropped,
    )
    return add_places(pair, true, pred)


def _advise(*sides: FileSeries) -> str:
    """Return what would pair names of which none has a partner."""
    patterns: list[str] = []
    for series in sides:
        folders = [name.rstrip("/") for name in series.left_out if name.endswith("/")]
        patterns += [write_folder_pattern(series.path, folder) for folder in folders]
    for series, other in zip(sides, sides[::-1], strict=True):
        patterns = patterns or _list_sets_with_partners(series, other)
    if not patterns:
        return "give partners the same names"
    return f"name the files that belong to them with a pattern: {join_patterns(patterns)}"


def _list_sets_with_partners(series: FileSeries, other: FileSeries) -> list[str]:
    """Return patterns for files of one side that would be the partners of the other side."""
    names = dict(zip(series.files, series.names, strict=True))

    def fits(files: list[str]) -> bool:
        if len(files) != len(other.names) or len(files) < 2:
            return False
        found = match_names([names[file] for file in files], other.names)
        return found is not None and len(found.partners) == len(files)

    return list_sets(series.path, series.files, fits)


def _note_classes(pair: Pair, joined: ClassFiles) -> Pair:
    """Return the pair with a note on the classes, each of which has a file of its own."""
    classes = joined.classes
    numbered = enumerate(classes[:_MOST_NAMED], joined.first)
    listed = ", ".join(f"{number} {name}" for number, name in numbered)
    more = f" and {len(classes) - _MOST_NAMED} more" if len(classes) > _MOST_NAMED else ""
    why = "each class has a file of its own"
    why += ", and 0 is what none of them covers" if joined.first else ""
    note = Assumption("classes", listed + more, why)
    return replace(pair, assumed=(*pair.assumed, note))


def _pair_lists(true: FileSeries, pred: FileSeries) -> Pair:
    """Return the files of two lists, line by line."""
    counts = len(true.names), len(pred.names)
    if counts[0] != counts[1]:
        raise UsageError(
            f"`{true.path}` lists {counts[0]:,} masks, and `{pred.path}` {counts[1]:,} predictions;"
            " list one for each line of the other"
        )
    return add_places(Pair(true, pred), true, pred)


def _list_examples(names: Sequence[str]) -> str:
    return list_names(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _find_indices(names: Iterable[str], chosen: Iterable[str]) -> list[int]:
    indices = {name: index for index, name in enumerate(names)}
    return [indices[name] for name in chosen]


def _leave_out(names: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    taken = set(chosen)
    return tuple(name for name in names if name not in taken)
