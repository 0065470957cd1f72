"""Turns images into the input of a model: axes, size, scale and dtype; and its output back."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.arrays.source import ArrayOrTensor, Source
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.array_checks import NUMERIC_KINDS
from iou_doctor.sources.memory.array_or_tensor import get_dtype, get_shape, move_axis
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.source_errors import source_error

_RANK_WITHOUT_CHANNELS, _RANK_WITH_CHANNELS = 3, 4
"""Axes of a batch of images: samples, height and width, and perhaps channels."""


@record
class Preprocessing:
    """What is done to a batch of images before the model, and undone after it."""

    size: tuple[int, int] | None
    """Images are resized to this height and width, and outputs back; `None`: neither."""
    adds_channel: bool
    """Whether the images are grey and the model takes a channel axis."""
    channels_first: bool
    """Whether the images have channels last and the model takes them first."""
    scale: float
    offset: float
    dtype: np.dtype[np.generic] | None
    """What the model takes; `None`: unknown, so the images keep theirs."""

    def apply(self, images: StoredArray) -> StoredArray:
        """Return the model's input for images of shape (n, height, width[, channels])."""
        values = images[..., np.newaxis] if self.adds_channel else images
        if self.size and values.shape[1:3] != self.size:
            from iou_doctor.sources.models.resizing import resize_array

            values = resize_array(values, self.size)
        if (self.scale, self.offset) != (1.0, 0.0):
            # in float32 and not in the model's dtype, which may be uint8: 1/255 would become 0
            values = values.astype(np.float32) * np.float32(self.scale) + np.float32(self.offset)
        if self.channels_first:
            values = np.moveaxis(values, -1, 1)
        if self.dtype is not None and self.dtype.kind in "iu" and values.dtype.kind == "f":
            values = np.rint(values)
        return np.ascontiguousarray(values, dtype=self.dtype)

    def restore_size(self, output: ArrayOrTensor, image_shape: tuple[int, ...]) -> ArrayOrTensor:
        """Return the output in the height and width that images had before they were resized."""
        rank = len(get_shape(output))
        if self.size is None or rank not in (_RANK_WITHOUT_CHANNELS, _RANK_WITH_CHANNELS):
            return output
        first = 2 if self.channels_first and rank == _RANK_WITH_CHANNELS else 1
        if get_shape(output)[first : first + 2] != self.size or image_shape[:2] == self.size:
            return output
        from iou_doctor.sources.models.resizing import resize

        is_nearest = get_dtype(output).kind != "f"
        channels_last = move_axis(output, 1, -1) if first == 2 else output
        if rank == _RANK_WITHOUT_CHANNELS:
            channels_last = channels_last[..., np.newaxis]
        size = (image_shape[0], image_shape[1])
        resized = resize(channels_last, size, nearest=is_nearest)
        if rank == _RANK_WITHOUT_CHANNELS:
            resized = resized[..., 0]
        return move_axis(resized, -1, 1) if first == 2 else resized


def plan_preprocessing(
    path: str, runner: Runner, images: Source, options: ModelOptions
) -> Preprocessing:
    """Return how the images become the model's input.

    Raises:
        SourceError: they cannot: they have another number of axes or channels, or another size and
            `--resize` is not given.
    """
    wanted, dtype = runner.input_shape, runner.input_dtype
    if dtype is not None and dtype.kind not in NUMERIC_KINDS:
        raise source_error(
            path,
            "its input is not an array of numbers (encoded images?); export it with float images",
        )
    scale, offset = options.input_scale, options.input_offset
    unchanged = Preprocessing(None, False, False, scale, offset, dtype)
    if wanted is None:
        if options.resize:
            raise source_error(
                path, "it does not say which size it takes; resize the images yourself"
            )
        return unchanged
    shape = images.shape
    adds_channel = len(shape) == _RANK_WITHOUT_CHANNELS and len(wanted) == _RANK_WITH_CHANNELS
    shape = (*shape, 1) if adds_channel else shape
    # a model that takes any size still says where its channels are, if it says anything
    channels_first = len(wanted) == _RANK_WITH_CHANNELS and wanted[1] == shape[-1] != wanted[-1]
    if len(shape) != len(wanted) or not (channels_first or _fits(wanted[-1:], shape[-1:])):
        raise _shape_error(path, wanted, images, "give images with these axes and channels")
    if len(wanted) != _RANK_WITH_CHANNELS:
        return unchanged
    wanted_size = wanted[2:4] if channels_first else wanted[1:3]
    size = _choose_size(path, wanted_size, options)
    if size is None and not _fits(wanted_size, shape[1:3]):
        raise _shape_error(path, wanted, images, "--resize resizes them, and its output back")
    return Preprocessing(size, adds_channel, channels_first, scale, offset, dtype)


def _choose_size(path: str, wanted: Shape, options: ModelOptions) -> tuple[int, int] | None:
    """Return the size to which images are resized; `None`: they keep theirs."""
    if not options.resize:
        return None
    height, width = wanted
    if height is None or width is None:
        raise source_error(path, "it takes images of any size; drop --resize")
    return height, width


def _fits(wanted: Shape, lengths: Shape) -> bool:
    """Return whether lengths are those wanted; `None` in `wanted` means that any length fits."""
    return all(w is None or w == n for w, n in zip(wanted, lengths, strict=True))


def _shape_error(path: str, wanted: Shape, images: Source, way_out: str) -> SourceError:
    return source_error(
        path,
        f"its input is {_format_shape(wanted)}, and `{images.path}` has shape"
        f" {_format_shape(images.shape)}; {way_out}",
    )


def _format_shape(shape: Shape) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"
