"""Tensors -> tables and counts: the pass by TensorFlow, on any of its devices.

Importing this file imports TensorFlow. `Kernels.count` takes what a batch holds as arrays or as
tensors; of tensors nothing but counts travels to the host, and label maps where they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import prod
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.batch import Batch
from iou_doctor.derivation import VALUE_LIMIT, Derivation, Pairing, no_class
from iou_doctor.layout import Axes, Layout
from iou_doctor.scan import graphs
from iou_doctor.scan.graphs import Tensor
from iou_doctor.scan.tensor_sides import CLASSES, Form, Side
from iou_doctor.stats import PairCounts
from iou_doctor.value_counts import ValueCounts

VALUES = frozenset({Derivation.LABELS, Derivation.TIMES_255, Derivation.BINS, Derivation.TENTHS})
SPANNED = (Derivation.LABELS, Derivation.TIMES_255)
"""Derivations whose labels lie in a range that only the data know."""
MOST_CHANNELS = 64
"""Channels are unrolled, and XLA compiles the longer the more there are."""
FIRST_WIDTH = 32
"""Labels that have a code before any were seen: those of most data sets, void aside."""
MOST_WIDTH = 2**12
"""With stray labels further apart the reference sorts pairs; a table of all would be too large."""
MOST_CELLS = 2**26
"""Cells of the tables of one batch (256 MiB of int32), else the reference sorts as well."""

Key = tuple[str, Derivation, bool]
"""Side, derivation, and whether value by value."""
Spans = dict[Key, tuple[int, int]]


@dataclass(frozen=True)
class Counted:
    """What a batch holds."""

    tables: dict[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    maps: Callable[[], tuple[dict[Derivation, NDArray[Any]], dict[Derivation, NDArray[Any]]]]
    """Fetches the label maps of both sides, shape (n, *spatial)."""


def serves(layout: Layout, pairings: Sequence[Pairing]) -> bool:
    """Return whether the kernels know all that a pass asks for."""
    sides = (
        (layout.y_true, {pairing.true for pairing in pairings}),
        (layout.y_pred, {pairing.pred for pairing in pairings}),
    )
    if any(not axes.per_class and Derivation.LABELS not in own for axes, own in sides):
        return False
    return all(
        _serves(axes, derivation, flat=pairing.flat)
        for pairing in pairings
        for axes, derivation in ((layout.y_true, pairing.true), (layout.y_pred, pairing.pred))
    )


def _serves(axes: Axes, derivation: Derivation, *, flat: bool) -> bool:
    if axes.reshaped or (axes.dense and not axes.per_class) or axes.channels > MOST_CHANNELS:
        return False
    if derivation is Derivation.ARGMAX_LAST:
        return flat and axes.per_class and axes.channels_last
    if flat:
        return derivation in {Derivation.LABELS, Derivation.BINS}
    return derivation in (CLASSES if axes.per_class else VALUES)


class _Found(NamedTuple):
    """What the graph gave."""

    numbers: dict[str, dict[str, Any]]
    tables: list[NDArray[np.int64]]
    codes: list[Tensor]
    padded: int
    """Pixels of a sample, padding included."""
    spans: Spans


class Kernels:
    """Counts batches of one layout.

    Args:
        layout: what the axes mean; see `serves`.
        pairings: which derived labels to count together.
        threshold: the second cut of `Derivation.BINS`.
        compiled: by XLA, once for each shape; smaller batches are padded to a shape it knows.
            `None`: where there are channels; labels alone are counted faster without.
        replicas: tables among which neighbouring pixels are shared out, so that a GPU's threads
            do not wait for each other's cells.
    """

    def __init__(
        self,
        layout: Layout,
        pairings: Sequence[Pairing],
        threshold: float,
        *,
        compiled: bool | None = None,
        replicas: int = 1,
    ) -> None:
        self.layout, self.pairings, self.threshold = layout, tuple(pairings), threshold
        self.traces = 0
        """How often TensorFlow has traced the graph: once for each pair of dtypes."""
        dense = layout.y_true.dense or layout.y_pred.dense
        self._compiled = dense if compiled is None else compiled
        self._replicas = replicas
        self._keys = tuple(dict.fromkeys(key for p in self.pairings for key in _keys_of(p)))
        self._forms = {"true": Form(layout.y_true), "pred": Form(layout.y_pred)}
        self._functions: dict[object, Any] = {}
        self._lock = Lock()
        self._spans: Spans = {key: (0, FIRST_WIDTH) for key in self._keys if key[1] in SPANNED}
        self._shapes: set[tuple[int, int]] = set()

    def count(
        self, *, y_true: Any, y_pred: Any, samples: NDArray[np.int64], first_row: int = 0
    ) -> Counted | None:
        """Return what a batch holds; `None` where only the reference can tell.

        Args:
            y_true: masks as stored, an array or a tensor, the first axis that of the samples
                where the layout has one.
            y_pred: predictions as stored, an array or a tensor; on a GPU, it stays there.
            samples: shape (n,), the numbers of the samples.
            first_row: the first row of a part of a sample.

        Raises:
            tf.errors.ResourceExhaustedError: the device has no room for the batch.
        """
        stored = {"true": y_true, "pred": y_pred}
        sides = {name: Side(stored[name], form) for name, form in self._forms.items()}
        if 0 in (len(samples), sides["true"].pixels, sides["pred"].pixels):
            return None
        found = self._found(sides, len(samples))
        if found is None:
            return None
        tables = {
            pairing: self._rows(pairing, table, samples, found.spans)
            for pairing, table in zip(self.pairings, found.tables, strict=True)
        }
        place = samples, first_row, found.padded
        true, pred = (
            side.counts(found.numbers[name], _marginal(name, tables), place)
            for name, side in sides.items()
        )
        return Counted(tables, true, pred, partial(self._maps, found, sides))

    def _found(self, sides: Mapping[str, Side], n: int) -> _Found | None:
        """Run the graph, and again where labels lie outside the range that had codes."""
        spans = dict(self._spans)
        for _ in range(2):
            if self._cells(n, spans) > MOST_CELLS:
                return None
            found = self._run(sides, n, spans)
            wanted = self._wanted(found.numbers)
            if wanted is None:
                return None
            if all(_holds(spans[key], span) for key, span in wanted.items()):
                self._spans = spans
                return found
            spans = {key: _joined(spans[key], span) for key, span in wanted.items()}
        raise AssertionError("ranges that were widened hold all labels")

    def _run(self, sides: Mapping[str, Side], n: int, spans: Spans) -> _Found:
        pixels = sides["true"].pixels
        shape = self._shape(n, pixels)
        ranges = [spans.get(key, (0, 1)) for key in self._keys]
        true, pred = (side.tensor(*shape) for side in sides.values())
        key = (true.dtype, pred.dtype)
        with self._lock:
            if key not in self._functions:
                self._functions[key] = self._function(*key)
        vectors, tables, codes = self._functions[key](
            true, pred, tf.constant(ranges, tf.int64), tf.constant([n, pixels])
        )
        numbers = {
            name: form.numbers(vectors[name].numpy(), dtype)
            for (name, form), dtype in zip(self._forms.items(), key, strict=True)
        }
        return _Found(numbers, [table.numpy() for table in tables], codes, shape[1], spans)

    def _shape(self, n: int, pixels: int) -> tuple[int, int]:
        """Return the shape to pad to: the smallest that was compiled and holds the batch."""
        flat = any(pairing.flat for pairing in self.pairings)
        fitting = [
            shape
            for shape in self._shapes
            if shape[0] >= n and (shape[1] == pixels if flat else shape[1] >= pixels)
        ]
        if not self._compiled or not fitting:
            self._shapes.add((n, pixels))
            return n, pixels
        return min(fitting, key=prod)

    def _function(self, *dtypes: tf.DType) -> Any:
        specs = [
            tf.TensorSpec(form.open_shape, dtype)
            for form, dtype in zip(self._forms.values(), dtypes, strict=True)
        ]
        more = [tf.TensorSpec([None, 2], tf.int64), tf.TensorSpec([2], tf.int32)]
        return tf.function(self._graph, input_signature=[*specs, *more], autograph=False)

    def _graph(self, true: Tensor, pred: Tensor, spans: Tensor, real: Tensor) -> Any:
        """Return the numbers of both sides, the tables and the codes.

        Args:
            true: in its `Form`.
            pred: in its `Form`.
            spans: int64, shape (keys, 2): the smallest label with a code, and how many have one.
            real: int32, shape (2,): samples and pixels that are no padding.
        """
        self.traces += 1
        # two steps: in one, XLA would look at all channels again for each of the totals
        look, add = (
            tf.function(step, jit_compile=self._compiled, autograph=False)
            for step in (self._look, self._add)
        )
        true, pred = graphs.widened(true), graphs.widened(pred)
        codes, pixels = look(true, pred, spans)
        kept = self._forms["true"].kept(true, real) if self._compiled else None
        numbers = add((true, pred), pixels, kept)
        own = dict(zip(self._keys, codes, strict=True))
        by_value = None if kept is None else self._forms["pred"].spread(kept)
        tables = [self._table(pairing, own, (kept, by_value), spans) for pairing in self.pairings]
        return dict(zip(self._forms, numbers, strict=True)), tables, codes

    def _look(self, true: Tensor, pred: Tensor, spans: Tensor) -> Any:
        stored = {"true": true, "pred": pred}
        pixels = {name: form.pixels(stored[name]) for name, form in self._forms.items()}
        codes = [
            self._forms[name].codes(
                derivation, stored[name], pixels[name], spans[place], self.threshold
            )
            for place, (name, derivation, _) in enumerate(self._keys)
        ]
        return codes, list(pixels.values())

    def _add(self, stored: Any, pixels: Any, kept: Tensor) -> Any:
        sides = zip(self._forms.values(), stored, pixels, strict=True)
        return [form.totals(own, look, kept) for form, own, look in sides]

    def _table(self, pairing: Pairing, codes: Any, kept: Any, spans: Tensor) -> Tensor:
        true, pred = (codes[key] for key in _keys_of(pairing))
        truths, predictions = (self._size(key, spans) for key in _keys_of(pairing))
        n = tf.shape(true)[0]
        by_value = pairing.flat and pairing.pred in VALUES
        image = tf.range(n)[:, tf.newaxis]
        if self._replicas > 1:
            image = image * self._replicas + tf.range(tf.shape(true)[1]) % self._replicas
        keys = (image * truths + true) * predictions + pred
        size = n * self._replicas * truths * predictions
        if kept[0] is not None:
            keys = tf.where(kept[int(by_value)], keys, size)  # a key too large is left out
        counts = tf.raw_ops.DenseBincount(
            input=tf.reshape(keys, [-1]),
            size=size,
            weights=tf.zeros([0], tf.int32),
        )
        counts = tf.reshape(counts, [n, self._replicas, truths, predictions])
        return tf.cast(tf.reduce_sum(counts, axis=1), tf.int64)

    def _size(self, key: Key, spans: Tensor) -> Tensor:
        """Return the number of codes of a side."""
        if key[1] in SPANNED:
            return 2 * tf.cast(spans[self._keys.index(key), 1], tf.int32) + 1
        return tf.constant(self._known_size(key, {}))

    def _known_size(self, key: Key, spans: Spans) -> int:
        axes = self.layout.y_true if key[0] == "true" else self.layout.y_pred
        sizes = {Derivation.BINS: graphs.BINS + 1, Derivation.TENTHS: graphs.TENTHS + 1}
        if key[1] in SPANNED:
            return 2 * spans[key][1] + 1
        return sizes.get(key[1], 2 * axes.channels)

    def _cells(self, n: int, spans: Spans) -> int:
        sizes = (
            prod(self._known_size(key, spans) for key in _keys_of(pairing))
            for pairing in self.pairings
        )
        return n * self._replicas * max(sizes, default=1)

    def _wanted(self, numbers: Mapping[str, Mapping[str, Any]]) -> Spans | None:
        """Return the range of each derivation's labels; `None` where one is too wide."""
        spans: Spans = {}
        for key in self._spans:
            low, high = _range(key[1], numbers[key[0]])
            if low < -VALUE_LIMIT or high > VALUE_LIMIT or high - low >= MOST_WIDTH:
                return None
            spans[key] = low, high - low + 1
        return spans

    def _rows(
        self, pairing: Pairing, table: NDArray[np.int64], samples: Any, spans: Spans
    ) -> PairCounts:
        table = table[: len(samples)]
        image, truth, prediction = np.nonzero(table)
        true, pred = (self._labels(key, spans) for key in _keys_of(pairing))
        return PairCounts.from_rows(
            image=samples[image],
            truth=true[truth],
            prediction=pred[prediction],
            count=table[image, truth, prediction],
        )

    def _labels(self, key: Key, spans: Spans) -> NDArray[np.int64]:
        """Return the label that each code stands for."""
        _, derivation, flat = key
        if derivation in SPANNED:
            low, width = spans[key]
            values = np.arange(low, low + width, dtype=np.int64)
            as_they_are = flat or derivation is Derivation.TIMES_255
            odd = values if as_they_are else no_class(values)
            last = np.array([-VALUE_LIMIT])
            return np.concatenate([values, odd, last if as_they_are else no_class(last)])
        size = self._known_size(key, spans)
        codes = np.arange(size)
        if derivation in VALUES:
            return np.where(codes == size - 1, no_class(codes * 0), codes)
        return np.where(codes < size // 2, codes, no_class(codes - size // 2))

    def _maps(self, found: _Found, sides: Mapping[str, Side]) -> Any:
        maps: dict[str, dict[Derivation, NDArray[Any]]] = {"true": {}, "pred": {}}
        for key, codes in zip(self._keys, found.codes, strict=True):
            name, derivation, flat = key
            if flat or derivation is Derivation.TENTHS:
                continue
            side = sides[name]
            own = codes[: side.shape[0], : side.pixels].numpy().reshape(side.shape)
            maps[name][derivation] = self._labels(key, found.spans)[own]
        return maps["true"], maps["pred"]


def _keys_of(pairing: Pairing) -> tuple[Key, Key]:
    return ("true", pairing.true, pairing.flat), ("pred", pairing.pred, pairing.flat)


def _marginal(name: str, tables: Mapping[Pairing, PairCounts]) -> Any:
    """Return the labels of a side and how often each occurs."""
    for pairing, table in tables.items():
        if name == "true" and pairing.true is Derivation.LABELS:
            return table.truth, table.count
        if name == "pred" and pairing.pred is Derivation.LABELS:
            return table.prediction, table.count
    return None


def _range(derivation: Derivation, numbers: Mapping[str, Any]) -> tuple[int, int]:
    """Return the smallest and the largest label, fractions cut off."""
    low, high = numbers["minimum"], numbers["maximum"]
    if not (math.isfinite(low) and math.isfinite(high)):  # there is no finite value
        return 0, 0
    if derivation is Derivation.TIMES_255:
        low, high = (float(np.rint(np.clip(float(v), -1e300, 1e300) * 255)) for v in (low, high))
    return int(low), int(high)


def _holds(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span[0] <= other[0] and sum(other) <= sum(span)


def _joined(span: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Return a range that holds what is wanted now, and what was before if it is near."""
    low, stop = min(span[0], other[0]), max(sum(span), sum(other))
    if stop - low > MOST_WIDTH:
        low, stop = other[0], sum(other)
    return low, 1 << (stop - low - 1).bit_length()


OUT_OF_MEMORY: Any = tf.errors.ResourceExhaustedError
on: Callable[[str], Any] = tf.device


def gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees; their memory is taken as needed."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        with suppress(RuntimeError):  # already at work for somebody else in this process
            tf.config.experimental.set_memory_growth(gpu, True)
    return [f"GPU:{number}" for number in range(len(found))]


def ahead(batches: Callable[[], Iterator[Batch]], layout: Layout, dtypes: Any, most: int) -> Any:
    """Yield batches as tensors, some read while others are counted.

    Args:
        batches: returns a fresh walk.
        layout: what the axes mean.
        dtypes: of masks and predictions.
        most: batches that may wait.
    """
    shapes = [tf.TensorShape([None] * len(axes.shape)) for axes in (layout.y_true, layout.y_pred)]
    specs = (
        *(tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)),
        tf.TensorSpec([None], tf.int64),
        tf.TensorSpec([], tf.int64),
    )

    def rows() -> Iterator[Any]:
        for batch in batches():
            yield batch.y_true, batch.y_pred, batch.samples, batch.first_row

    waiting = iter(tf.data.Dataset.from_generator(rows, output_signature=specs).prefetch(most))
    # asked for, not run into: the error at the end would reach what other threads compute just then
    while (found := waiting.get_next_as_optional()).has_value():
        true, pred, samples, row = found.get_value()
        yield Batch(true, pred, samples.numpy(), int(row))
