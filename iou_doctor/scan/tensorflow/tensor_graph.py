"""The graph of a pass: two arrays -> the numbers of both, tables of pairs, and codes.

What needs all channels is one step that XLA compiles, and the totals are another: in one, XLA
would look at all channels again for each of the totals. Where a pixel has one value, that is
cheaper than to write and read in between, so there is one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.tensorflow import graph_totals
from iou_doctor.scan.tensorflow.graph_totals import Counts
from iou_doctor.scan.tensorflow.graph_values import Tensor, widen
from iou_doctor.scan.tensorflow.tensor_codes import VALUES, CodeTable, list_keys
from iou_doctor.scan.tensorflow.tensor_sides import TensorForm


class Graph:
    """Makes functions of tensors, each for a pair of dtypes.

    Args:
        forms: of truth and prediction.
        pairings: which derived labels to count together.
        codes: those of the pairings.
        threshold: the second cut of `LabelDecoding.BINS`.
        replicas: tables among which neighbouring pixels are shared out.
    """

    def __init__(
        self,
        forms: Sequence[TensorForm],
        pairings: Sequence[Pairing],
        codes: CodeTable,
        threshold: float,
        replicas: int,
    ) -> None:
        self._forms, self._pairings, self._codes = forms, pairings, codes
        self._threshold, self._replicas = threshold, replicas
        self.traces = 0
        """How often TensorFlow has traced the graph: once for each pair of dtypes."""

    def function(self, dtypes: Sequence[tf.DType], *, compiled: bool) -> Any:
        """Return a function of both arrays, low, width and real.

        Its arguments: the arrays, each in its `Form`; int64 and int32, shape (keys,), the smallest
        label with a code and how many have one; int32, shape (2,), the samples and pixels that
        are no padding. TensorFlow keeps int32 in the host's memory, where sizes are wanted: no
        size waits for a GPU. It returns the numbers of both sides, the tables and the codes.
        """
        specs = [
            tf.TensorSpec(form.open_shape, dtype)
            for form, dtype in zip(self._forms, dtypes, strict=True)
        ]
        keys = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.int32)]
        return tf.function(
            partial(self._graph, compiled),
            input_signature=[*specs, *keys, tf.TensorSpec([2], tf.int32)],
            autograph=False,
        )

    def _graph(
        self, compiled: bool, true: Tensor, pred: Tensor, low: Tensor, width: Tensor, real: Tensor
    ) -> Any:
        self.traces += 1
        step = partial(tf.function, jit_compile=compiled, autograph=False)
        stored, dtypes = (true, pred), (true.dtype, pred.dtype)
        if any(form.axes.is_per_class for form in self._forms):
            codes, cells, pixels = step(self._look)(stored, low, width, real)
            parts = step(partial(self._add, dtypes))(pixels, real)
        else:
            codes, cells, parts = step(self._look_and_add)(stored, low, width, real)
        tables = [
            self._table(pairing, own, tf.shape(true)[0], width)
            for pairing, own in zip(self._pairings, cells, strict=True)
        ]
        vectors = [
            form.vector(own.dtype, part or self._label_totals(side, own, real, tables, low))
            for side, (form, own, part) in enumerate(zip(self._forms, stored, parts, strict=True))
        ]
        return vectors, tables, codes

    def _label_totals(
        self, side: int, stored: Tensor, real: Tensor, tables: Sequence[Tensor], low: Tensor
    ) -> Counts:
        """Return the extremes of an array of labels, one of whose tables counts them as stored."""
        for pairing, table in zip(self._pairings, tables, strict=True):
            key = list_keys(pairing)[side]
            if key[1] is LabelDecoding.LABELS:
                often = tf.reduce_sum(table, axis=[0, 2 - side])
                first = low[self._codes.keys.index(key)]
                return graph_totals.find_label_extremes(widen(stored), real, often, first)
        raise AssertionError("labels that no table counts are not served")

    def _look_and_add(self, stored: Any, low: Tensor, width: Tensor, real: Tensor) -> Any:
        codes, cells, pixels = self._look(stored, low, width, real)
        return codes, cells, self._add([own.dtype for own in stored], pixels, real)

    def _look(self, stored: Any, low: Tensor, width: Tensor, real: Tensor) -> Any:
        """Return the codes, the cells of the tables, and what the channels of each pixel show.

        Of labels that are stored as integers there are no codes: the array itself tells them.
        """
        looks = [form.look(own) for form, own in zip(self._forms, stored, strict=True)]
        codes = [
            looks[name == "pred"].codes(decoding, low[place], width[place], self._threshold)
            for place, (name, decoding, _) in enumerate(self._codes.keys)
        ]
        cells = [self._cells(pairing, codes, width, real) for pairing in self._pairings]
        shown = [
            None
            if looks[name == "pred"].pixels is None and decoding is LabelDecoding.LABELS
            else own
            for (name, decoding, _), own in zip(self._codes.keys, codes, strict=True)
        ]
        return shown, cells, [look.pixels for look in looks]

    def _add(self, dtypes: Sequence[tf.DType], pixels: Any, real: Tensor) -> list[Counts]:
        """Return counts and extremes of groups of pixels, none where an array holds labels."""
        return [
            graph_totals.total_groups(look, real, form.axes.channels, floating=dtype.is_floating)
            if look
            else {}
            for form, dtype, look in zip(self._forms, dtypes, pixels, strict=True)
        ]

    def _sizes(self, pairing: Pairing, width: Tensor) -> list[Any]:
        keys = self._codes.keys
        return [self._codes.size(key, width[keys.index(key)]) for key in list_keys(pairing)]

    def _cells(self, pairing: Pairing, codes: list[Tensor], width: Tensor, real: Tensor) -> Tensor:
        """Return the cell of each pixel, or one beyond the table for padding."""
        true, pred = (codes[self._codes.keys.index(key)] for key in list_keys(pairing))
        truths, predictions = self._sizes(pairing, width)
        n, pixels = tf.unstack(tf.shape(true))
        image = tf.range(n)[:, tf.newaxis]
        if self._replicas > 1:
            image = image * self._replicas + tf.range(pixels) % self._replicas
        by_value = pairing.flat and pairing.y_pred in VALUES
        channels = self._forms[1].axes.channels if by_value else 1
        kept = graph_totals.mask_padding([n, pixels // channels], real)
        kept = self._forms[1].spread(kept) if by_value else kept
        cells = (image * truths + true) * predictions + pred
        return tf.where(kept, cells, n * self._replicas * truths * predictions)

    def _table(self, pairing: Pairing, cells: Tensor, n: Tensor, width: Tensor) -> Tensor:
        shape = [n, self._replicas, *self._sizes(pairing, width)]
        counts = tf.raw_ops.DenseBincount(
            input=tf.reshape(cells, [-1]),
            size=tf.reduce_prod(tf.stack(shape)),
            weights=tf.zeros([0], tf.int32),
        )
        return tf.cast(tf.reduce_sum(tf.reshape(counts, shape), axis=1), tf.int64)
