"""One array of a batch as a tensor: its shape, and what the numbers of a graph mean."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.counts.value_counts import Place, ValueCounts
from iou_doctor.scan.tensorflow import graph_totals
from iou_doctor.scan.tensorflow.graph_codes import encode_values
from iou_doctor.scan.tensorflow.graph_pixels import (
    Pixels,
    encode_classes,
    summarize_floats,
    summarize_integers,
)
from iou_doctor.scan.tensorflow.graph_totals import Counts
from iou_doctor.scan.tensorflow.graph_values import DOUBLE, SINGLE, Tensor, Value, decode_key, widen
from iou_doctor.scan.tensorflow.tensor_codes import LabelTotals, Numbers

CLASSES = frozenset({LabelDecoding.ARGMAX, LabelDecoding.ARGMAX_NAN, LabelDecoding.ARGMAX_LAST})
KEYS = ("minimum", "maximum", "minimum_top")
"""The numbers of a graph that are keys of floats."""
SUMS = ("minimum_sum", "maximum_sum")
"""The numbers of a graph that are the bits of a float64."""


class PixelValues(NamedTuple):
    """The values of an array, their channels, and the summary of each pixel."""

    values: Tensor
    channels: list[Value] | list[Tensor]
    """One for each channel: `Value`s of floats, or tensors of integers."""
    pixels: Pixels | None
    """`None` if the values are labels."""

    def encode(
        self, decoding: LabelDecoding, low: Tensor, width: Tensor, threshold: float
    ) -> Tensor:
        """Return codes, int32, shape (n, pixels), or (n, values) if each value has a code."""
        if decoding in CLASSES and self.pixels is not None:
            return encode_classes(decoding, self.channels, self.pixels.odd)
        values = tf.reshape(self.values, [tf.shape(self.values)[0], -1])
        return encode_values(decoding, values, low, width, threshold=threshold)


class TensorForm:
    """The shape of an array as a tensor: (n, pixels), (n, pixels, C) or (n, C, pixels)."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.first = axes.is_per_class and axes.channel == int(axes.has_sample_axis)
        self._names: dict[bool, list[str]] = {}

    @property
    def open_shape(self) -> list[int | None]:
        """The shape for which graphs are traced; `None` for open sizes."""
        if not self.axes.is_per_class:
            return [None, None]
        return [None, self.axes.channels, None] if self.first else [None, None, self.axes.channels]

    def reshape(self, stored: ArrayOrTensor) -> tuple[ArrayOrTensor, tuple[int, ...]]:
        """Return an array or tensor in this form, and the shape of its label maps."""
        axes = self.axes
        if axes.is_per_class and not self.first and not axes.has_channels_last:
            stored = _move_last(stored, axes.channel or 0)
        sizes = list(stored.shape) if axes.has_sample_axis else [1, *stored.shape]
        if axes.channel is not None:
            last = axes.is_per_class and not self.first
            del sizes[-1 if last else axes.channel + (not axes.has_sample_axis)]
        wanted = [sizes[0], prod(sizes[1:])]
        if axes.is_per_class:
            wanted.insert(1 if self.first else 2, axes.channels)
        shaped = (
            stored.reshape(wanted) if isinstance(stored, np.ndarray) else tf.reshape(stored, wanted)
        )
        return shaped, tuple(sizes)

    def summarize(self, stored: Tensor) -> PixelValues:
        """Return the values, channels and summaries of a tensor in this form."""
        values, split = widen(stored), self.axes.is_per_class
        channels = [values]
        if split:  # widen after splitting, else XLA writes the whole wide array to memory
            channels = [widen(own) for own in tf.unstack(stored, axis=1 if self.first else 2)]
        if values.dtype.is_floating:
            floats = [Value(channel) for channel in channels]
            return PixelValues(values, floats, summarize_floats(floats))
        return PixelValues(values, channels, summarize_integers(channels) if split else None)

    def pack_numbers(self, dtype: tf.DType, counts: Counts) -> Tensor:
        """Return the counts of groups as one int64 vector; `read_numbers` reads it."""
        names = self._names[dtype.is_floating] = sorted(counts)
        return tf.stack([graph_totals.combine_groups(name, counts[name]) for name in names])

    def repeat_for_values(self, kept: Tensor) -> Tensor:
        """Return `kept` for each value in the order stored, shape (n, values)."""
        if self.axes.is_per_class:
            axis = 1 if self.first else 2
            kept = tf.repeat(tf.expand_dims(kept, axis), self.axes.channels, axis)
        return tf.reshape(kept, [tf.shape(kept)[0], -1])

    def read_numbers(self, vector: NDArray[np.int64], dtype: tf.DType) -> Numbers:
        """Return the numbers of a packed vector by name, keys as the floats that they stand for."""
        floating = dtype.is_floating
        found: Numbers = dict(zip(self._names[floating], vector.tolist(), strict=True))
        if dtype == tf.uint64:
            found |= {key: int(found[key]) % 2**64 for key in KEYS if key in found}
        if floating:
            scale = DOUBLE if dtype == tf.float64 else SINGLE
            found |= {key: decode_key(int(found[key]), scale) for key in KEYS if key in found}
        for key in SUMS:
            if key in found:
                found[key] = float(np.int64(found[key]).view(np.float64)) + 0.0
        return found


def _move_last(stored: ArrayOrTensor, axis: int) -> ArrayOrTensor:
    if isinstance(stored, np.ndarray):
        return np.moveaxis(stored, axis, -1)
    order = [place for place in range(stored.ndim) if place != axis]
    moved: ArrayOrTensor = tf.transpose(stored, [*order, axis])
    return moved


class Side:
    """One array of a batch."""

    def __init__(self, stored: ArrayOrTensor, form: TensorForm) -> None:
        self.form = form
        self.stored, self.shape = form.reshape(stored)
        self.pixels = prod(self.shape[1:])

    @property
    def dtype(self) -> tf.DType:
        """The dtype of the tensor."""
        kind = tf.as_dtype(self.stored.dtype)
        return tf.uint8 if kind == tf.bool and isinstance(self.stored, np.ndarray) else kind

    def make_tensor(self, n: int, pixels: int) -> Tensor:
        """Return a tensor on the current device, padded to `n` samples of `pixels` pixels."""
        stored = self.stored
        if isinstance(stored, np.ndarray) and stored.dtype.kind == "b":
            stored = stored.view(np.uint8)
        wanted = [n, pixels]
        if self.form.axes.is_per_class:
            wanted.insert(1 if self.form.first else 2, self.form.axes.channels)
        more = [(0, size - own) for size, own in zip(wanted, stored.shape, strict=True)]
        if any(end for _, end in more):
            stored = (
                np.pad(stored, more) if isinstance(stored, np.ndarray) else tf.pad(stored, more)
            )
        return tf.convert_to_tensor(stored)

    def measure(
        self,
        found: Numbers,
        table: LabelTotals | None,
        place: tuple[NDArray[np.int64], int, int],
    ) -> ValueCounts:
        """Return the counts over the values, from the numbers of the graph.

        Args:
            found: see `TensorForm.read_numbers`.
            table: labels and how often each occurs, for integers without channels.
            place: the numbers of the samples, the first row, and the pixels of a padded sample.
        """
        pixels, channels = prod(self.shape), self.form.axes.channels
        where = _Where(self, *place)
        many: dict[str, Any] = dict(found)
        if table is not None and "outside_finite" not in found:
            labels, count = table
            many["outside_unit"] = int(count[(labels < 0) | (labels > 1)].sum())
            many["at_least_one"] = int(count[labels >= 1].sum())
        else:
            many["outside_unit"] = found["outside_finite"]
        if "nan" in found:
            many |= _measure_floats(found, pixels * channels, where)
        if self.form.axes.is_per_class:
            many |= _count_pixels(found, pixels)
        chosen = {name: many[name] for name in ValueCounts.__dataclass_fields__ if name in many}
        chosen |= {"values": pixels * channels, "pixels": pixels, "first": where.find_place(0)}
        return ValueCounts(**chosen)


def _count_pixels(found: Numbers, pixels: int) -> dict[str, int | float | None]:
    return {
        "sum_off": pixels - found["sum_on"],
        "minimum_top": float(found["minimum_top"]) if found["finite_tops"] else None,
        **{name: found[name] if found["finite_sums"] else None for name in SUMS},
    }


def _measure_floats(
    found: Numbers, values: int, where: _Where
) -> dict[str, int | float | Place | None]:
    infinite = found["not_finite"] - found["nan"]
    some = found["not_finite"] < values
    return {
        "minimum": found["minimum"] if some else None,
        "maximum": found["maximum"] if some else None,
        "infinite": infinite,
        "outside_unit": found["outside_finite"] + infinite,
        "off_255_grid": values - found["on_grid"],
        "first_fractional": where.find_padded_place(int(found["first_fractional"])),
        "first_non_finite": where.find_padded_place(int(found["first_non_finite"])),
    }


class _Where:
    """Finds the place of a pixel by its flat index."""

    def __init__(self, side: Side, samples: NDArray[np.int64], first_row: int, padded: int) -> None:
        self._side, self._samples, self._first_row, self._padded = side, samples, first_row, padded

    def find_padded_place(self, pixel: int) -> Place | None:
        if pixel == graph_totals.NO_PIXEL:
            return None
        sample, rest = divmod(pixel, self._padded)
        return self.find_place(sample * self._side.pixels + rest)

    def find_place(self, pixel: int) -> Place:
        side = self._side
        sample, rest = divmod(pixel, side.pixels)
        index = np.unravel_index(rest, side.shape[1:])
        position = (int(index[0]) + self._first_row, *(int(i) for i in index[1:]))
        stored = side.stored[sample, :, rest] if side.form.first else side.stored[sample, rest]
        exact = np.atleast_1d(np.asarray(stored)).astype(np.float64)
        return Place(int(self._samples[sample]), position, tuple(exact.tolist()))
