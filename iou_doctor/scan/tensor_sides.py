"""One array of a batch as a tensor: how it lies, what a graph makes of it, what its numbers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.derivation import Derivation
from iou_doctor.layout import Axes
from iou_doctor.scan import graphs
from iou_doctor.scan.graphs import Counts, Pixels, Tensor, Value
from iou_doctor.stats import Place, ValueCounts

KEYS = ("minimum", "maximum", "minimum_top")
SUMS = ("minimum_sum", "maximum_sum")


@dataclass(frozen=True)
class Look:
    """What a graph found out about one array."""

    counts: Counts
    values: Tensor
    """`graphs.widened`, shape (n, pixels) or with the channels."""
    pixels: Pixels | None
    classes: int

    def codes(self, derivation: Derivation, low: Tensor, width: Tensor, threshold: float) -> Tensor:
        """Return codes, int32, shape (n, pixels), or (n, values) where each value has its own."""
        if self.pixels is not None and derivation in {
            *(Derivation.ARGMAX, Derivation.ARGMAX_NAN, Derivation.ARGMAX_LAST),
        }:
            return graphs.class_codes(derivation, self.pixels, self.classes)
        values = tf.reshape(self.values, [tf.shape(self.values)[0], -1])
        return graphs.value_codes(derivation, values, low, width, threshold=threshold)


class Form:
    """How one array of a pass lies as a tensor: (n, pixels), (n, pixels, C) or (n, C, pixels)."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.first = axes.per_class and axes.channel == int(axes.sample)
        self._names: dict[bool, list[str]] = {}

    @property
    def open_shape(self) -> list[int | None]:
        """The shape that graphs are traced for."""
        if not self.axes.per_class:
            return [None, None]
        return [None, self.axes.channels, None] if self.first else [None, None, self.axes.channels]

    def shaped(self, stored: Any) -> tuple[Any, tuple[int, ...]]:
        """Return an array or tensor in this form, and the shape of its label maps."""
        axes = self.axes
        if axes.per_class and not self.first and not axes.channels_last:
            stored = _moved_last(stored, axes.channel or 0)
        sizes = list(stored.shape) if axes.sample else [1, *stored.shape]
        if axes.channel is not None:
            last = axes.per_class and not self.first
            del sizes[-1 if last else axes.channel + (not axes.sample)]
        wanted = [sizes[0], prod(sizes[1:])]
        if axes.per_class:
            wanted.insert(1 if self.first else 2, axes.channels)
        reshape = stored.reshape if isinstance(stored, np.ndarray) else _reshape(stored)
        return reshape(wanted), tuple(sizes)

    def kept(self, stored: Tensor, real: Tensor) -> Tensor:
        """Return which pixels are no padding, shape (n, pixels); `real`: how many, along each."""
        shape = tf.shape(stored)
        rows = tf.range(shape[0]) < real[0]
        return rows[:, tf.newaxis] & (tf.range(shape[2 if self.first else 1]) < real[1])

    def look(self, values: Tensor, kept: Tensor) -> Look:
        """Return what a graph finds out; `kept` is true of pixels that are no padding."""
        n, pixels = tf.unstack(tf.shape(kept))
        places = tf.reshape(tf.range(tf.cast(n * pixels, tf.int64)), [n, pixels])
        if not self.axes.per_class:
            counts, found = self._plain(values, kept, places), None
        else:
            channels = tf.unstack(values, axis=1 if self.first else 2)
            counts, found = self._dense(channels, kept, places)
        self._names[values.dtype.is_floating] = sorted(counts)
        return Look(counts, values, found, self.axes.channels)

    def _plain(self, values: Tensor, kept: Tensor, places: Tensor) -> Counts:
        if not values.dtype.is_floating:
            return graphs.integer_counts([values], kept)
        value = Value(values)
        return graphs.float_counts([value], kept, places) | graphs.near_twice(value, kept)

    def _dense(self, channels: list[Tensor], kept: Tensor, places: Tensor) -> tuple[Counts, Pixels]:
        if not channels[0].dtype.is_floating:
            found = graphs.integer_pixels(channels, kept)
            return graphs.integer_counts(channels, kept) | found.counts, found
        values = [Value(channel) for channel in channels]
        found = graphs.float_pixels(values, kept)
        return graphs.float_counts(values, kept, places) | found.counts, found

    def spread(self, kept: Tensor) -> Tensor:
        """Return `kept` for each value in the order stored, shape (n, values)."""
        if self.axes.per_class:
            kept = tf.repeat(
                tf.expand_dims(kept, axis := 1 if self.first else 2), self.axes.channels, axis
            )
        return tf.reshape(kept, [tf.shape(kept)[0], -1])

    def numbers(self, vector: NDArray[np.int64], dtype: tf.DType) -> dict[str, Any]:
        """Return the numbers of `Look.counts`, keys as the floats that they stand for."""
        floating = dtype.is_floating
        found: dict[str, Any] = dict(zip(self._names[floating], vector.tolist(), strict=True))
        if dtype == tf.uint64:
            found |= {key: found[key] % 2**64 for key in KEYS if key in found}
        if floating:
            scale = graphs.DOUBLE if dtype == tf.float64 else graphs.SINGLE
            found |= {key: graphs.read_key(found[key], scale) for key in KEYS if key in found}
        for key in SUMS:
            if key in found:
                found[key] = float(np.int64(found[key]).view(np.float64)) + 0.0
        return found


def _moved_last(stored: Any, axis: int) -> Any:
    if isinstance(stored, np.ndarray):
        return np.moveaxis(stored, axis, -1)
    order = [place for place in range(len(stored.shape)) if place != axis]
    return tf.transpose(stored, [*order, axis])


def _reshape(stored: Tensor) -> Any:
    return lambda shape: tf.reshape(stored, shape)


class Side:
    """One array of a batch."""

    def __init__(self, stored: Any, form: Form) -> None:
        self.form = form
        self.stored, self.shape = form.shaped(stored)
        self.pixels = prod(self.shape[1:])

    def tensor(self, n: int, pixels: int) -> Tensor:
        """Return it padded to so many samples and pixels, for the device in use."""
        stored = self.stored
        if isinstance(stored, np.ndarray) and stored.dtype.kind == "b":
            stored = stored.view(np.uint8)
        wanted = [n, pixels]
        if self.form.axes.per_class:
            wanted.insert(1 if self.form.first else 2, self.form.axes.channels)
        more = [(0, size - own) for size, own in zip(wanted, stored.shape, strict=True)]
        if any(end for _, end in more):
            pad = np.pad if isinstance(stored, np.ndarray) else tf.pad
            stored = pad(stored, more)
        return tf.convert_to_tensor(stored)

    def counts(
        self, found: Mapping[str, Any], samples: NDArray[np.int64], first_row: int, padded: int
    ) -> ValueCounts:
        """Return the counts from the graph's numbers; `padded`: pixels of a sample in the graph."""
        pixels = prod(self.shape)
        values = pixels * self.form.axes.channels
        where = _Where(self, samples, first_row, padded)
        dense, floating = self.form.axes.per_class, "nan" in found
        many: dict[str, Any] = dict(found)
        if floating:
            many |= _float_counts(found, values, where)
        if dense:
            many["sum_off"] = pixels - found["sum_on"]
            many |= {key: float(found[key]) for key in ("minimum_top",) if found[key] is not None}
            if floating:
                many["minimum_top"] = found["minimum_top"] if found["finite_tops"] else None
                many |= {key: found[key] if found["finite_sums"] else None for key in SUMS}
        names = {name for name in ValueCounts.__dataclass_fields__ if name in many}
        chosen = {name: many[name] for name in names}
        return ValueCounts(
            **{**chosen, "values": values, "pixels": pixels, "first": where.place(0)}
        )


def _float_counts(found: Mapping[str, Any], values: int, where: _Where) -> dict[str, Any]:
    infinite = found["not_finite"] - found["nan"]
    some = found["not_finite"] < values
    return {
        "minimum": found["minimum"] if some else None,
        "maximum": found["maximum"] if some else None,
        "infinite": infinite,
        "outside_unit": found["outside_finite"] + infinite,
        "off_255_grid": values - found["on_grid"],
        "first_fractional": where.padded_place(found["first_fractional"]),
        "first_non_finite": where.padded_place(found["first_non_finite"]),
    }


class _Where:
    """Turns the number of a pixel into a place."""

    def __init__(self, side: Side, samples: NDArray[np.int64], first_row: int, padded: int) -> None:
        self._side, self._samples, self._first_row, self._padded = side, samples, first_row, padded

    def padded_place(self, pixel: int) -> Place | None:
        if pixel == graphs.NO_PIXEL:
            return None
        sample, rest = divmod(pixel, self._padded)
        return self.place(sample * self._side.pixels + rest)

    def place(self, pixel: int) -> Place:
        side = self._side
        sample, rest = divmod(pixel, side.pixels)
        index = np.unravel_index(rest, side.shape[1:])
        position = (int(index[0]) + self._first_row, *(int(i) for i in index[1:]))
        stored = side.stored[sample, :, rest] if side.form.first else side.stored[sample, rest]
        exact = np.atleast_1d(np.asarray(stored)).astype(np.float64)
        return Place(int(self._samples[sample]), position, tuple(exact.tolist()))
