"""Pairs two sources: files by their names, and others by their order."""

from __future__ import annotations

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.source import IncompleteSource, Pair, Source

_LISTED_NAMES = 3
"""The number of names to list in the note about their order."""
GREY_WITH_ALPHA = "LA"
"""Pillow's name for pixels of grey and alpha."""


def note_alpha(**sources: Source) -> tuple[Assumption, ...]:
    """Return a note for each source of grey images whose alpha channel is left out."""
    return tuple(
        Assumption(f"{name}.alpha", "left out", "grey images hold one value for each pixel")
        for name, source in sources.items()
        if any(member.kind == GREY_WITH_ALPHA for member in getattr(source, "members", ())[:1])
    )


def note_missing_values(**sources: Source) -> tuple[Assumption, ...]:
    """Return a note for each source that lacks values, which its library fills in silently."""
    return tuple(
        Assumption(f"{name}.values", f"the fill value {source.fill_value}", source.missing)
        for name, source in sources.items()
        if isinstance(source, IncompleteSource) and source.missing is not None
    )


def pair_by_name(true: Source, pred: Source) -> Pair:
    """Return the two sources, with files paired by their names.

    Raises:
        SourceError: no mask has a prediction.
        UsageError: the names pair up in two ways.
    """
    if true.names is None and pred.names is None:
        return _fit_matlab_axes(true, pred)
    if true.names is None or pred.names is None:
        notes = _note_order(masks=true, predictions=pred)
        true, more = _stack_images(true, pred, "masks")
        pred, others = _stack_images(pred, true, "predictions")
        return Pair(true, pred, assumed=(*notes, *more, *others))
    from iou_doctor.sources.files.file_series import FileSeries
    from iou_doctor.sources.files.folders.pairing import pair_files

    if isinstance(true, FileSeries) and isinstance(pred, FileSeries):
        return pair_files(y_true=true, y_pred=pred)
    return Pair(true, pred)


def _fit_matlab_axes(true: Source, pred: Source) -> Pair:
    """Return the two sources; programs other than MATLAB write its axes in either order."""
    if "matlab" not in (true.format, pred.format):
        return Pair(true, pred)
    from iou_doctor.sources.files.matlab.matlab import MatlabHdf5Source

    if isinstance(true, MatlabHdf5Source):
        true = true.fit_to(pred.shape)
    if isinstance(pred, MatlabHdf5Source):
        pred = pred.fit_to(true.shape)
    return Pair(true, pred)


def _stack_images(array: Source, files: Source, side: str) -> tuple[Source, tuple[Assumption, ...]]:
    """Return an array of MATLAB beside files of images such that its first axis counts images."""
    wanted = (*files.shape[1:], files.shape[0])
    is_stack = array.format == "matlab" and files.names is not None and len(wanted) == 3
    if not is_stack or array.shape != wanted or array.shape == files.shape:
        return array, ()
    from iou_doctor.sources.transposed import TransposedSource

    why = "MATLAB stacks images along the last axis, which has one entry for each file"
    note = Assumption(f"{side}.sample_axis", "2", why)
    return TransposedSource(array, (2, 0, 1)), (note,)


def _note_order(**sources: Source) -> tuple[Assumption, ...]:
    """Return a note for files that are sorted by number, where sorting as text differs."""
    return tuple(
        Assumption(
            f"{name}.order",
            ", ".join(source.names[:_LISTED_NAMES]) + ", …",
            "files beside an array are sorted by their numbers, not as text",
        )
        for name, source in sources.items()
        if source.names is not None and source.names != tuple(sorted(source.names))
    )
