"""Count batches with TensorFlow, on any of its devices.

Importing this file imports TensorFlow. `Kernels.count` takes arrays or tensors. Only counts are
copied from a tensor's device to the host, and label maps if they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from math import prod
from threading import Lock
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record
from iou_doctor.scan.numpy.decode_labels import decode_labels
from iou_doctor.scan.probing import DecodedLabels
from iou_doctor.scan.tensorflow import tensor_codes
from iou_doctor.scan.tensorflow.graph_values import Tensor
from iou_doctor.scan.tensorflow.tensor_codes import (
    CodeTable,
    Numbers,
    Spans,
    count_labels,
    list_keys,
)
from iou_doctor.scan.tensorflow.tensor_graph import Graph, GraphFunction
from iou_doctor.scan.tensorflow.tensor_sides import Side, TensorForm

MOST_CELLS = 2**26
"""The maximum number of cells of the tables of a batch (256 MiB of int32). Beyond it, NumPy sorts
pairs.
"""


LabelMaps = tuple[DecodedLabels, DecodedLabels]
"""The label maps of masks and predictions by decoding, shape (n, *spatial) each."""


@record
class TensorCounts:
    """What was counted in a batch."""

    tables: dict[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    fetch_maps: Callable[[], LabelMaps]
    """Returns the label maps of both arrays."""


class _Found(NamedTuple):
    """What the graph returned."""

    numbers: dict[str, Numbers]
    tables: list[NDArray[np.int64]]
    codes: list[Tensor | None]
    """`None` for labels that are stored as integers."""
    padded: int
    """Pixels of a sample, padding included."""
    spans: Spans


class Kernels:
    """Counts batches of one layout.

    Args:
        layout: what the axes mean; see `support.is_supported`.
        pairings: which decoded labels to count together.
        threshold: the threshold of `LabelDecoding.BINS`.
        compiled: whether to compile with XLA, once for each shape. Smaller batches are padded to a
            shape that is compiled.
        replicas: the number of tables among which neighbouring pixels are distributed, so that the
            threads of a GPU do not wait for each other's cells.
    """

    def __init__(
        self,
        layout: Layout,
        pairings: Sequence[Pairing],
        threshold: float,
        *,
        compiled: bool = True,
        replicas: int = 1,
    ) -> None:
        self.layout, self.pairings = layout, tuple(pairings)
        self._compiled, self._replicas = compiled, replicas
        self._codes = CodeTable(layout, self.pairings)
        self._forms = {"true": TensorForm(layout.y_true), "pred": TensorForm(layout.y_pred)}
        self._graph = Graph(
            list(self._forms.values()), self.pairings, self._codes, threshold, replicas
        )
        self._functions: dict[object, GraphFunction] = {}
        self._lock = Lock()
        self._spans = self._codes.make_first_spans()
        self._shapes: set[tuple[int, int]] = set()

    @property
    def traces(self) -> int:
        """How often TensorFlow has traced the graph: once for each pair of dtypes."""
        return self._graph.traces

    def count(
        self,
        *,
        y_true: ArrayOrTensor,
        y_pred: ArrayOrTensor,
        samples: NDArray[np.int64],
        first_row: int = 0,
    ) -> TensorCounts | None:
        """Return the counts of a batch; `None` if only NumPy can count it.

        Args:
            y_true: masks as stored, an array or a tensor. The first axis is that of the samples if
                the layout has one.
            y_pred: predictions as stored, an array or a tensor. A tensor stays on its device.
            samples: shape (n,), the numbers of the samples.
            first_row: the first row of a part of a sample.

        Raises:
            tf.errors.ResourceExhaustedError: the device has no room for the batch.
        """
        stored = {"true": y_true, "pred": y_pred}
        sides = {name: Side(stored[name], form) for name, form in self._forms.items()}
        if 0 in (len(samples), sides["true"].pixels, sides["pred"].pixels):
            return None
        found = self._run_graph(sides, len(samples))
        if found is None:
            return None
        tables = {
            pairing: self._make_table(pairing, table, samples, found.spans)
            for pairing, table in zip(self.pairings, found.tables, strict=True)
        }
        place = samples, first_row, found.padded
        true, pred = (
            side.measure(found.numbers[name], count_labels(name, tables), place)
            for name, side in sides.items()
        )
        return TensorCounts(tables, true, pred, partial(self._fetch_maps, found, sides))

    def _run_graph(self, sides: Mapping[str, Side], n: int) -> _Found | None:
        """Run the graph, and run it again if labels lie outside the range that had codes."""
        spans = dict(self._spans)
        for _ in range(2):
            if n * self._replicas * self._codes.count_cells(spans) > MOST_CELLS:
                return None
            found = self._run(sides, n, spans)
            wanted = tensor_codes.find_wanted_spans(spans, found.numbers)
            if wanted is None:
                return None
            if tensor_codes.are_within(spans, wanted):
                self._spans = spans
                return found
            spans = {key: tensor_codes.join_spans(spans[key], span) for key, span in wanted.items()}
        raise AssertionError("ranges that were widened hold all labels")

    def _run(self, sides: Mapping[str, Side], n: int, spans: Spans) -> _Found:
        pixels = sides["true"].pixels
        dtypes = tuple(side.dtype for side in sides.values())
        shape = self._choose_shape(n, pixels) if self._compiled else (n, pixels)
        true, pred = (side.make_tensor(*shape) for side in sides.values())
        low, width = zip(*(spans.get(key, (0, 1)) for key in self._codes.keys), strict=True)
        with self._lock:
            if dtypes not in self._functions:
                self._functions[dtypes] = self._graph.build(dtypes, compiled=self._compiled)
        vectors, tables, codes = self._functions[dtypes](
            *(true, pred, tf.constant(low, tf.int64), tf.constant(width)), tf.constant([n, pixels])
        )
        numbers = {
            name: form.read_numbers(vector.numpy(), dtype)
            for (name, form), vector, dtype in zip(
                self._forms.items(), vectors, dtypes, strict=True
            )
        }
        return _Found(numbers, [table.numpy() for table in tables], codes, shape[1], spans)

    def _choose_shape(self, n: int, pixels: int) -> tuple[int, int]:
        """Return the shape to pad to: the smallest compiled one that holds the batch."""
        flat = any(pairing.flat for pairing in self.pairings)
        fitting = [
            shape
            for shape in self._shapes
            if shape[0] >= n and (shape[1] == pixels if flat else shape[1] >= pixels)
        ]
        if not fitting:
            self._shapes.add((n, pixels))
            return n, pixels
        return min(fitting, key=prod)

    def _make_table(
        self, pairing: Pairing, table: NDArray[np.int64], samples: NDArray[np.int64], spans: Spans
    ) -> PairCounts:
        table = table[: len(samples)]
        image, truth, prediction = np.nonzero(table)
        true, pred = (self._codes.list_labels(key, spans) for key in list_keys(pairing))
        return PairCounts.from_rows(
            image=samples[image],
            truth=true[truth],
            prediction=pred[prediction],
            count=table[image, truth, prediction],
        )

    def _fetch_maps(self, found: _Found, sides: Mapping[str, Side]) -> LabelMaps:
        maps: dict[str, dict[LabelDecoding, NDArray[np.integer]]] = {"true": {}, "pred": {}}
        for key, codes in zip(self._codes.keys, found.codes, strict=True):
            name, decoding, flat = key
            if flat or decoding is LabelDecoding.TENTHS:
                continue
            side = sides[name]
            if codes is None:
                labels = decode_labels(np.asarray(side.stored))
            else:
                own = codes[: side.shape[0], : side.pixels].numpy()
                labels = self._codes.list_labels(key, found.spans)[own]
            maps[name][decoding] = labels.reshape(side.shape)
        return maps["true"], maps["pred"]


OUT_OF_MEMORY: type[Exception] = tf.errors.ResourceExhaustedError
on: Callable[[str], AbstractContextManager[object]] = tf.device
"""Used as `with on(device):` to compute on a device."""


def list_gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow sees, and let their memory grow as needed."""
    found = tf.config.list_physical_devices("GPU")
    for gpu in found:
        with suppress(RuntimeError):  # the process uses the GPU already
            tf.config.experimental.set_memory_growth(gpu, True)
    return [f"GPU:{number}" for number in range(len(found))]
