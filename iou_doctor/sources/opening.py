"""Opens masks and predictions: files, folders, objects in memory, or a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.errors import SourceError, UsageError
from iou_doctor.sources.files.file_status import get_file_status
from iou_doctor.sources.files.stamps import check_unchanged, list_file_stamps, stamp_files
from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.pairs import note_alpha, note_missing_values, pair_by_name
from iou_doctor.sources.paths import open_source, split_name
from iou_doctor.sources.source_errors import source_error

if TYPE_CHECKING:
    from iou_doctor.arrays.file_stamp import FileStamp
    from iou_doctor.sources.models.source import ModelSource


def open_pair(
    *, y_true: object, y_pred: object, model: ModelOptions | None = None, images: object = None
) -> Pair:
    """Return masks and predictions as sources.

    Each is a path (or `FILE::name`), an array or tensor, or batches that can be iterated over more
    than once. Two folders of images are paired by the names of their files.

    Args:
        y_true: the masks.
        y_pred: the predictions; or, if there are images, the path of a model or a loaded one.
        model: how to run the model, with the images; `None`: there is no model.
        images: images to be shown beside arrays; `None`: there are none.

    Raises:
        SourceError: one of the two cannot be opened, or no mask has a prediction.
        UsageError: images were given, and no model.
    """
    if model is not None and model.images is not None:
        return _open_model_pair(y_true, y_pred, model)
    files = tuple(_stamp_inputs(y_true, y_pred, images))
    true, pred = _open_any(y_true, "y_true"), _open_any(y_pred, "y_pred")
    photographs = None if images is None else _open_any(images, "images")
    pair = pair_by_name(true, pred)
    notes = note_missing_values(masks=true, predictions=pred)
    notes = (*pair.assumed, *notes, *note_alpha(masks=true, predictions=pred))
    files = (*files, *list_file_stamps(pair))
    return replace(pair, assumed=notes, files=files, images=photographs)


def open_pairs(batches: Iterable[object]) -> Pair:
    """Return masks and predictions that come as pairs (y_true, y_pred) of batches.

    Raises:
        SourceError: the batches cannot be iterated over twice, or are not pairs.
    """
    from iou_doctor.sources.memory.batches import BatchesSource
    from iou_doctor.sources.memory.stream import Stream

    stream = Stream(batches, ("y_true", "y_pred"))
    return Pair(BatchesSource(stream, 0), BatchesSource(stream, 1))


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a value is a path, and not an array or a model in memory."""
    return isinstance(value, (str, os.PathLike))


def _stamp_inputs(*values: object) -> Iterator[FileStamp]:
    """Yield what the files among the arguments are now; images in folders have their own stamps."""
    for value in values:
        path = split_name(os.fspath(value))[0] if is_path(value) else ""
        if path and not os.path.isdir(path):  # noqa: PTH112 - a Path raises for a long name
            yield from stamp_files(path)


def _open_any(value: object, label: str) -> Source:
    if is_path(value):
        return _open_path(os.fspath(value), masks=label == "y_true")
    return _open_object(value, label)


def _open_path(path: str, *, masks: bool) -> Source:
    try:
        return open_source(path, masks=masks)
    except SourceError as error:
        from iou_doctor.sources.several_arrays import SeveralArraysError

        if isinstance(error, SeveralArraysError):
            raise error.name_for(masks=masks) from None
        raise


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


def _open_model_pair(y_true: object, y_pred: object, options: ModelOptions) -> Pair:
    """Return masks, and what a model predicts for the images that belong to them."""
    model_files = stamp_files(os.fspath(y_pred)) if is_path(y_pred) else ()
    open_model = _find_model_opener(y_pred, options)
    files = (*model_files, *_stamp_inputs(y_true, options.images))
    true, images = _open_any(y_true, "y_true"), _open_any(options.images, "images")
    pair = pair_by_name(true, images)
    source = open_model(pair.y_pred, options)
    check_unchanged(model_files)  # what was examined is what was loaded
    missing = note_missing_values(masks=true, images=images)
    notes = (*pair.assumed, *source.assumed, *missing)
    files = (*files, *source.stamps, *list_file_stamps(pair))
    return replace(
        pair, y_pred=source, model=source, images=pair.y_pred, assumed=notes, files=files
    )


def _find_model_opener(
    model: object, options: ModelOptions
) -> Callable[[Source, ModelOptions], ModelSource]:
    """Return the function that opens a model for images.

    Raises:
        UsageError: it is not a model.
    """
    if not is_path(model):
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
