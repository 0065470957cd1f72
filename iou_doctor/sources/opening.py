"""Opening files and folders as sources of one array, and pairing two of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.errors import UsageError
from iou_doctor.sources.files.file_status import file_head, file_status
from iou_doctor.sources.files.formats import SUFFIXES, SUPPORTED, likeness, sniffed
from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.refusals import refusal

if TYPE_CHECKING:
    from iou_doctor.sources.models.model_source import ModelSource


Place = Any
"""Where an array is: a path, `FILE::name`, the array or tensor itself, or an iterable of batches
that can be iterated over more than once."""


def open_source(spec: str) -> Source:
    """Return the array at `spec`: a file, a folder of images, or `FILE::name` for one of several.

    Raises:
        SourceError: it cannot be opened as an array of numbers.
    """
    path, name = _split(spec)
    status = file_status(path)
    if stat.S_ISDIR(status.st_mode):
        _check_folder(path)
        return _open_folder(path, name)
    return _OPENERS[_format(path)](path, name)


def open_pair(*, y_true: Place, y_pred: Place, model: ModelOptions | None = None) -> Pair:
    """Return masks and predictions, given as paths, as arrays in memory, or as batches of them.

    Two folders of images are paired by the files' names.

    Args:
        y_true: the masks.
        y_pred: the predictions, or the model that makes them, as a path or loaded.
        model: how to run that model; `None`: predictions are no model.

    Raises:
        SourceError: one of the two cannot be opened, or no mask has a prediction.
        UsageError: images were given, and no model.
    """
    if model is not None and model.images is not None:
        return _predicted(y_true, y_pred, model)
    true, pred = _open(y_true, "y_true"), _open(y_pred, "y_pred")
    if true.format == pred.format == "images":
        return _paired_images(true, pred)
    return Pair(true, pred)


def open_pairs(batches: Iterable[Any]) -> Pair:
    """Return masks and predictions that come as pairs (y_true, y_pred) of batches.

    Raises:
        SourceError: the batches cannot be iterated over twice, or are no pairs.
    """
    from iou_doctor.sources.memory.batches import BatchesSource, Stream

    stream = Stream(batches, ("y_true", "y_pred"))
    return Pair(BatchesSource(stream, 0), BatchesSource(stream, 1))


def _open(place: Place, label: str) -> Source:
    if isinstance(place, (str, os.PathLike)):
        return open_source(os.fspath(place))
    return _in_memory(place, label)


def _in_memory(value: Any, label: str) -> Source:
    from iou_doctor.sources.memory.anywhere import is_tensorflow
    from iou_doctor.sources.memory.batches import BatchesSource, Stream
    from iou_doctor.sources.memory.tensor import TensorSource, array_of, is_tensor

    if isinstance(value, (list, tuple)):
        if any(map(is_tensor, value)):
            raise refusal(
                label,
                "a list of arrays may hold samples or batches; give `np.stack` or"
                " `np.concatenate` of it",
            )
        return ArraySource(array_of(value, label), label)
    if is_tensorflow(value):
        return TensorSource(value, label)
    if is_tensor(value):
        return ArraySource(array_of(value, label), label)
    if isinstance(value, Iterable):
        return BatchesSource(Stream(value, (label,)), 0)
    from iou_doctor.sources.models.model_objects import is_model_object

    if is_model_object(value):
        raise refusal(label, "it is a model; give its images with images=")
    raise refusal(label, f"it is a {type(value).__name__}; give a path, an array, or batches")


def _split(spec: str) -> tuple[str, str | None]:
    path, _, name = spec.partition("::")
    if not name or _exists(spec):
        return (spec if _exists(spec) else path), None
    return path, name


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # a folder on the way that may not be read, a null byte
        return False


def _check_folder(path: str) -> None:
    suffix = Path(path).suffix.lower()
    if suffix in SUFFIXES:
        raise refusal(path, f"it is a folder and no {suffix} file; give a file inside it")
    _refuse_model(path)


def _format(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    _refuse_model(path)
    head = file_head(path)
    found = sniffed(head)
    if found is None:
        raise refusal(path, f"{likeness(head)}, which is no array; {SUPPORTED}")
    return found


def _refuse_model(path: str) -> None:
    """Refuse a model where an array is wanted."""
    from iou_doctor.sources.models.model_files import is_model, without_images

    if is_model(path):
        raise without_images(path)


def _predicted(y_true: Place, y_pred: Place, options: ModelOptions) -> Pair:
    """Return masks and what a model predicts for the images that belong to them."""
    opener = _model_opener(y_pred)
    true, images = _open(y_true, "y_true"), _open(options.images, "images")
    pair = Pair(true, images)
    if true.format == images.format == "images":
        pair = _paired_images(true, images)
    source = opener(pair.y_pred, options)
    return replace(pair, y_pred=source, model=source, assumed=source.assumed)


def _model_opener(place: Place) -> Callable[[Source, ModelOptions], ModelSource]:
    """Return what opens a model for images.

    Raises:
        UsageError: there is no model.
    """
    if not isinstance(place, (str, os.PathLike)):
        from iou_doctor.sources.models.model_objects import is_model_object, open_model_object

        if is_model_object(place):
            return partial(open_model_object, place, "y_pred")
        raise UsageError(
            f"images= are for a model, and y_pred is a {type(place).__name__}; give the path of a"
            " model, a loaded one, or a function of images. Without images= it is read as"
            " predictions"
        )
    from iou_doctor.sources.models.model_files import is_model, open_model

    path = os.fspath(place)
    file_status(path)
    if not is_model(path):
        raise UsageError(
            f"--images: `{path}` is no model; a SavedModel's folder, a .keras file, a whole model"
            " in .h5, .tflite and .onnx are. Without --images it is read as predictions"
        )
    return partial(open_model, path)


# Each opener imports its format's library when it is called: h5py and Pillow are slow to import.


def _open_npy(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npy import open_npy

    return open_npy(path, name)


def _open_npz(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.npz import open_npz

    return open_npz(path, name)


def _open_hdf5(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.hdf5 import open_hdf5

    return open_hdf5(path, name)


def _open_image(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.image_folder import open_image

    return open_image(path, name)


def _open_folder(path: str, name: str | None) -> Source:
    from iou_doctor.sources.files.image_folder import open_folder

    return open_folder(path, name)


def _paired_images(true: Source, pred: Source) -> Pair:
    from iou_doctor.sources.files.image_folder import ImageSource
    from iou_doctor.sources.files.pairing import pair_images

    if isinstance(true, ImageSource) and isinstance(pred, ImageSource):
        return pair_images(y_true=true, y_pred=pred)
    return Pair(true, pred)


_OPENERS: dict[str, Callable[[str, str | None], Source]] = {
    "npy": _open_npy,
    "npz": _open_npz,
    "hdf5": _open_hdf5,
    "images": _open_image,
}
