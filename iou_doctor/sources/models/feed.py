"""How images are brought into the form that a model takes: axes, size, scale, type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.model import ModelOptions, Shape
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.memory.anywhere import Values, dtype_of, moved, shape_of
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.refusals import refusal

_GREY, _COLOUR = 3, 4  # axes of a batch of images


@record
class Feed:
    """What is done to a batch of images, and what is undone on the output."""

    size: tuple[int, int] | None
    """Images are resized to this height and width, and outputs back; `None`: neither."""
    channel_added: bool
    channels_first: bool
    """The images have their channels last and the model wants them first."""
    scale: float
    offset: float
    dtype: np.dtype[Any] | None
    """What the model takes; `None`: unknown, so any."""

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return what the model is given for (n, height, width[, channels]) images."""
        values = images[..., np.newaxis] if self.channel_added else images
        if self.size and values.shape[1:3] != self.size:
            from iou_doctor.sources.models.saved_model import resized

            values = resized(values, self.size)
        if (self.scale, self.offset) != (1.0, 0.0):
            # float32, not the model's type: it may take bytes, and 1/255 of one is none
            values = values.astype(np.float32) * np.float32(self.scale) + np.float32(self.offset)
        if self.channels_first:
            values = np.moveaxis(values, -1, 1)
        if self.dtype is not None and self.dtype.kind in "iu" and values.dtype.kind == "f":
            values = np.rint(values)
        return np.ascontiguousarray(values, dtype=self.dtype)

    def back(self, output: Values, shape: tuple[int, ...]) -> Values:
        """Return the output in the height and width of images of `shape`, where it was resized."""
        axes = len(output.shape)
        if self.size is None or axes not in (_GREY, _COLOUR):
            return output
        first = 2 if self.channels_first and axes == _COLOUR else 1
        if shape_of(output)[first : first + 2] != self.size or shape[:2] == self.size:
            return output
        from iou_doctor.sources.models.saved_model import resized

        nearest = dtype_of(output).kind != "f"
        last = moved(output, 1, -1) if first == 2 else output
        last = last[..., np.newaxis] if axes == _GREY else last
        large = resized(last, (shape[0], shape[1]), nearest=nearest)
        large = large[..., 0] if axes == _GREY else large
        return moved(large, -1, 1) if first == 2 else large


def plan_feed(path: str, runner: Runner, images: Source, options: ModelOptions) -> Feed:
    """Return how the images are fed to the model.

    Raises:
        SourceError: they cannot be: another number of axes or channels, or another size without
            `--resize`.
    """
    wanted = runner.input_shape
    if runner.input_dtype is not None and runner.input_dtype.kind not in "biuf":
        raise refusal(
            path, "its input is no array of numbers (encoded images?); export it with float images"
        )
    plain = Feed(None, False, False, options.input_scale, options.input_offset, runner.input_dtype)
    if wanted is None:
        if options.resize:
            raise refusal(path, "it does not say which size it takes; resize the images yourself")
        return plain
    shape = images.shape
    added = len(shape) == _GREY and len(wanted) == _COLOUR
    shape = (*shape, 1) if added else shape
    # a model of any size says where its channels are, if it says anything
    first = len(wanted) == _COLOUR and wanted[1] == shape[-1] != wanted[-1]
    if len(shape) != len(wanted) or not (first or _fits(wanted[-1:], shape[-1:])):
        raise _misfit(path, wanted, images, "give images with these axes and channels")
    if len(wanted) != _COLOUR:
        return plain
    size = wanted[2:4] if first else wanted[1:3]
    resize = _size(path, size, options)
    if resize is None and not _fits(size, shape[1:3]):
        raise _misfit(path, wanted, images, "--resize resizes them, and its output back")
    return Feed(resize, added, first, plain.scale, plain.offset, plain.dtype)


def _size(path: str, size: Shape, options: ModelOptions) -> tuple[int, int] | None:
    if not options.resize:
        return None
    height, width = size
    if height is None or width is None:
        raise refusal(path, "it takes images of any size; drop --resize")
    return height, width


def _fits(wanted: Shape, given: Shape) -> bool:
    """Return whether lengths are those wanted; images that differ fit only what takes any."""
    return all(w is None or w == g for w, g in zip(wanted, given, strict=True))


def _misfit(path: str, wanted: Shape, images: Source, way_out: str) -> Exception:
    return refusal(
        path,
        f"its input is {_shown(wanted)}, and `{images.path}` has shape {_shown(images.shape)};"
        f" {way_out}",
    )


def _shown(shape: Shape) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"
