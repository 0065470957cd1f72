"""Opens masks and predictions: files, folders, objects in memory, or a model."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import IncompleteSource, Pair, Source
from iou_doctor.errors import UsageError
from iou_doctor.sources.files.file_status import get_file_status, read_file_head
from iou_doctor.sources.files.file_types import describe_head
from iou_doctor.sources.files.formats import (
    FileFormat,
    describe_supported_files,
    find_format_by_head,
    find_format_by_suffix,
    find_format_of_folder,
)
from iou_doctor.sources.files.stamps import check_unchanged, list_file_stamps, stamp_files
from iou_doctor.sources.files.unread_types import find_unread_format
from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.source_errors import source_error

if TYPE_CHECKING:
    from iou_doctor.arrays.file_stamp import FileStamp
    from iou_doctor.sources.models.source import ModelSource


_LISTED_NAMES = 3
"""The number of names to list in the note about their order."""


def open_source(spec: str) -> Source:
    """Return the array at `spec`: a file, a folder of files, or `FILE::name` for one of several.

    Raises:
        SourceError: it cannot be opened as an array of numbers.
    """
    path, name = _split_name(spec)
    if _is_pattern(path):
        return _open_pattern(path, name)
    status = get_file_status(path)
    if stat.S_ISDIR(status.st_mode):
        entry = find_format_of_folder(path)
        if entry is not None:
            return entry.open(path, name)
        _check_folder(path)
        return _open_folder(path, name)
    entry = _find_format(path)
    if entry.holds_one_sample and entry.name != "images":
        return _open_array(path, name, entry)
    return entry.open(path, name)


def open_pair(*, y_true: object, y_pred: object, model: ModelOptions | None = None) -> Pair:
    """Return masks and predictions as sources.

    Each is a path (or `FILE::name`), an array or tensor, or batches that can be iterated over more
    than once. Two folders of images are paired by the names of their files.

    Args:
        y_true: the masks.
        y_pred: the predictions; or, if there are images, the path of a model or a loaded one.
        model: how to run the model, with the images; `None`: there is no model.

    Raises:
        SourceError: one of the two cannot be opened, or no mask has a prediction.
        UsageError: images were given, and no model.
    """
    if model is not None and model.images is not None:
        return _open_model_pair(y_true, y_pred, model)
    files = tuple(_stamp_inputs(y_true, y_pred))
    true, pred = _open_any(y_true, "y_true"), _open_any(y_pred, "y_pred")
    pair = _pair_by_name(true, pred)
    notes = _note_missing_values(masks=true, predictions=pred)
    notes = (*pair.assumed, *notes)
    return replace(pair, assumed=notes, files=(*files, *list_file_stamps(pair)))


def open_pairs(batches: Iterable[object]) -> Pair:
    """Return masks and predictions that come as pairs (y_true, y_pred) of batches.

    Raises:
        SourceError: the batches cannot be iterated over twice, or are not pairs.
    """
    from iou_doctor.sources.memory.batches import BatchesSource
    from iou_doctor.sources.memory.stream import Stream

    stream = Stream(batches, ("y_true", "y_pred"))
    return Pair(BatchesSource(stream, 0), BatchesSource(stream, 1))


def _is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    return isinstance(value, (str, os.PathLike))


def _stamp_inputs(*values: object) -> Iterator[FileStamp]:
    """Yield what the files among the arguments are now; images in folders have their own stamps."""
    for value in values:
        path = _split_name(os.fspath(value))[0] if _is_path(value) else ""
        if path and not os.path.isdir(path):  # noqa: PTH112 - a Path raises for a long name
            yield from stamp_files(path)


def _open_any(value: object, label: str) -> Source:
    if _is_path(value):
        return open_source(os.fspath(value))
    return _open_object(value, label)


def _note_missing_values(**sources: Source) -> tuple[Assumption, ...]:
    """Return a note for each source that lacks values, which its library fills in silently."""
    return tuple(
        Assumption(f"{name}.values", f"the fill value {source.fill_value}", source.missing)
        for name, source in sources.items()
        if isinstance(source, IncompleteSource) and source.missing is not None
    )


def _open_object(value: object, label: str) -> Source:
    from iou_doctor.sources.memory.array_or_tensor import is_tensorflow_tensor
    from iou_doctor.sources.memory.batches import BatchesSource
    from iou_doctor.sources.memory.stream import Stream
    from iou_doctor.sources.memory.tensor import TensorSource, convert_to_array, is_array_or_tensor

    if isinstance(value, (list, tuple)):
        if any(map(is_array_or_tensor, value)):
            raise source_error(
                label,
                "a list of arrays may hold samples or batches; give `np.stack` or"
                " `np.concatenate` of it",
            )
        return ArraySource(convert_to_array(value, label), label)
    if is_tensorflow_tensor(value):
        return TensorSource(value, label)
    if is_array_or_tensor(value):
        return ArraySource(convert_to_array(value, label), label)
    if isinstance(value, Iterable):
        return BatchesSource(Stream(value, (label,)), 0)
    from iou_doctor.sources.models.objects import is_model_object

    if is_model_object(value):
        raise source_error(label, "it is a model; give its images with images=")
    raise source_error(
        label, f"its type is {type(value).__name__}; give a path, an array, or batches"
    )


def _split_name(spec: str) -> tuple[str, str | None]:
    """Return the path and the name of an array in `FILE::name`; a path may hold colons as well."""
    path, _, name = spec.partition("::")
    if not name or _exists(spec):
        return (spec if _exists(spec) else path), None
    return path, name


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a parent folder that may not be read, or a null byte
        return False


def _check_folder(path: str) -> None:
    if find_format_by_suffix(path) is not None:
        suffix = Path(path).suffix.lower()
        raise source_error(path, f"it is a folder and not a {suffix} file; give a file inside it")
    _refuse_model(path)


def _find_format(path: str) -> FileFormat:
    by_suffix = find_format_by_suffix(path)
    if by_suffix is not None and not by_suffix.is_folder:
        return by_suffix
    _refuse_model(path)
    head = read_file_head(path)
    unread = find_unread_format(path, head)
    if unread is not None:
        raise unread
    by_head = find_format_by_head(head)
    if by_head is None:
        what = f"{describe_head(head)}, which is not an array"
        raise source_error(path, f"{what}; {describe_supported_files()}")
    return by_head


def _refuse_model(path: str) -> None:
    """Raise a `SourceError` if a model is at a path where an array is wanted."""
    from iou_doctor.sources.models.formats import is_model, missing_images_error

    if is_model(path):
        raise missing_images_error(path)


def _open_model_pair(y_true: object, y_pred: object, options: ModelOptions) -> Pair:
    """Return masks, and what a model predicts for the images that belong to them."""
    model_files = stamp_files(os.fspath(y_pred)) if _is_path(y_pred) else ()
    open_model = _find_model_opener(y_pred, options)
    files = (*model_files, *_stamp_inputs(y_true, options.images))
    true, images = _open_any(y_true, "y_true"), _open_any(options.images, "images")
    pair = _pair_by_name(true, images)
    source = open_model(pair.y_pred, options)
    check_unchanged(model_files)  # what was examined is what was loaded
    missing = _note_missing_values(masks=true, images=images)
    notes = (*pair.assumed, *source.assumed, *missing)
    files = (*files, *list_file_stamps(pair))
    return replace(pair, y_pred=source, model=source, assumed=notes, files=files)


def _find_model_opener(
    model: object, options: ModelOptions
) -> Callable[[Source, ModelOptions], ModelSource]:
    """Return the function that opens a model for images.

    Raises:
        UsageError: it is not a model.
    """
    if not _is_path(model):
        from iou_doctor.sources.models.objects import is_model_object, open_model_object

        if is_model_object(model):
            return partial(open_model_object, model, "y_pred")
        raise UsageError(
            f"images= are for a model, and the type of y_pred is {type(model).__name__}; give the"
            " path of a model, a loaded one, or a function of images. Without images= it is read as"
            " predictions"
        )
    from iou_doctor.sources.models.formats import is_model, open_model

    path = os.fspath(model)
    get_file_status(path)
    with options.supervise(path):
        is_known = is_model(path)
    if not is_known:
        raise UsageError(
            f"--images: `{path}` is not a model; give the folder of a SavedModel, a .keras file, a"
            " whole model in .h5, a .tflite or a .onnx file. Without --images it is read as"
            " predictions"
        )
    return partial(open_model, path)


def _is_pattern(path: str) -> bool:
    """Return whether a path is not that of a file, and has wildcards."""
    return any(mark in path for mark in "*?[") and not _exists(path)


def _open_pattern(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.folder import open_pattern

    return open_pattern(path, name)


def _open_array(path: str, name: str | None, entry: FileFormat) -> Source:
    from iou_doctor.sources.files.folder import open_array

    return open_array(path, name, entry)


def _open_folder(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.folder import open_folder

    return open_folder(path, name)


def _pair_by_name(true: Source, pred: Source) -> Pair:
    """Return the two sources, with files paired by their names."""
    if true.names is None and pred.names is None:
        return _fit_matlab_axes(true, pred)
    if true.names is None or pred.names is None:
        return Pair(true, pred, assumed=_note_order(masks=true, predictions=pred))
    from iou_doctor.sources.files.file_series import FileSeries
    from iou_doctor.sources.files.pairing import pair_files

    if isinstance(true, FileSeries) and isinstance(pred, FileSeries):
        return pair_files(y_true=true, y_pred=pred)
    return Pair(true, pred)


def _fit_matlab_axes(true: Source, pred: Source) -> Pair:
    """Return the two sources; programs other than MATLAB write its axes in either order."""
    if "matlab" not in (true.format, pred.format):
        return Pair(true, pred)
    from iou_doctor.sources.files.matlab import MatlabHdf5Source

    if isinstance(true, MatlabHdf5Source):
        true = true.fit_to(pred.shape)
    if isinstance(pred, MatlabHdf5Source):
        pred = pred.fit_to(true.shape)
    return Pair(true, pred)


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
