"""The graph of a pass: from two arrays to the numbers of both, tables of pairs, and codes.

Summarizing the channels is one step that XLA compiles, and the totals are another. In a single
step, XLA would read all channels again for each of the totals. If pixels have a single value,
reading it again is cheaper than writing summaries, so there is only one step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import tensorflow as tf

from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.tensorflow import graph_totals
from iou_doctor.scan.tensorflow.graph_pixels import Pixels
from iou_doctor.scan.tensorflow.graph_totals import Counts
from iou_doctor.scan.tensorflow.graph_values import Tensor, widen
from iou_doctor.scan.tensorflow.tensor_codes import VALUES, CodeTable, list_keys
from iou_doctor.scan.tensorflow.tensor_sides import TensorForm

GraphFunction = Callable[..., tuple[list[Tensor], list[Tensor], list[Tensor | None]]]
"""Returns the numbers of both sides, the tables and the codes."""


class Graph:
    """Builds the functions that count two tensors, one for each pair of dtypes.

    Args:
        forms: those of masks and predictions.
        pairings: which decoded labels to count together.
        codes: the codes of the pairings.
        threshold: the threshold of `LabelDecoding.BINS`.
        replicas: the number of tables among which neighbouring pixels are distributed.
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

    def build(self, dtypes: Sequence[tf.DType], *, compiled: bool) -> GraphFunction:
        """Return a function of both arrays, low, width and real.

        The arrays are tensors in their `TensorForm`. `low` (int64) and `width` (int32), shape
        (keys,), are the smallest label with a code and the number of labels with one. `real`
        (int32, shape (2,)) is the number of samples and pixels that are not padding. TensorFlow
        keeps int32 in the host's memory, so no size has to be copied from a GPU. The function
        returns the numbers of both sides, the tables and the codes.
        """
        specs = [
            tf.TensorSpec(form.open_shape, dtype)
            for form, dtype in zip(self._forms, dtypes, strict=True)
        ]
        keys = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.int32)]
        function: GraphFunction = tf.function(
            partial(self._count, compiled),
            input_signature=[*specs, *keys, tf.TensorSpec([2], tf.int32)],
            autograph=False,
        )
        return function

    def _count(
        self, compiled: bool, true: Tensor, pred: Tensor, low: Tensor, width: Tensor, real: Tensor
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor | None]]:
        self.traces += 1
        step = partial(tf.function, jit_compile=compiled, autograph=False)
        stored, dtypes = (true, pred), (true.dtype, pred.dtype)
        if any(form.axes.is_per_class for form in self._forms):
            codes, cells, pixels = step(self._summarize)(stored, low, width, real)
            parts = step(partial(self._total, dtypes))(pixels, real)
        else:
            codes, cells, parts = step(self._summarize_and_total)(stored, low, width, real)
        tables = [
            self._fill_table(pairing, own, tf.shape(true)[0], width)
            for pairing, own in zip(self._pairings, cells, strict=True)
        ]
        vectors = [
            form.pack_numbers(
                own.dtype, part or self._find_label_extremes(side, own, real, tables, low)
            )
            for side, (form, own, part) in enumerate(zip(self._forms, stored, parts, strict=True))
        ]
        return vectors, tables, codes

    def _find_label_extremes(
        self, side: int, stored: Tensor, real: Tensor, tables: Sequence[Tensor], low: Tensor
    ) -> Counts:
        """Return the extremes of an array of labels, from a table that counts them as stored."""
        for pairing, table in zip(self._pairings, tables, strict=True):
            key = list_keys(pairing)[side]
            if key[1] is LabelDecoding.LABELS:
                often = tf.reduce_sum(table, axis=[0, 2 - side])
                first = low[self._codes.keys.index(key)]
                return graph_totals.find_label_extremes(widen(stored), real, often, first)
        raise AssertionError("a table counts every array of labels")

    def _summarize_and_total(
        self, stored: Sequence[Tensor], low: Tensor, width: Tensor, real: Tensor
    ) -> tuple[list[Tensor | None], list[Tensor], list[Counts]]:
        codes, cells, pixels = self._summarize(stored, low, width, real)
        return codes, cells, self._total([own.dtype for own in stored], pixels, real)

    def _summarize(
        self, stored: Sequence[Tensor], low: Tensor, width: Tensor, real: Tensor
    ) -> tuple[list[Tensor | None], list[Tensor], list[Pixels | None]]:
        """Return the codes, the cells of the tables, and the summaries of pixels.

        Labels that are stored as integers have no codes, since the array holds them.
        """
        values = [form.summarize(own) for form, own in zip(self._forms, stored, strict=True)]
        codes = [
            values[name == "pred"].encode(decoding, low[place], width[place], self._threshold)
            for place, (name, decoding, _) in enumerate(self._codes.keys)
        ]
        cells = [self._find_cells(pairing, codes, width, real) for pairing in self._pairings]
        kept = [
            None
            if values[name == "pred"].pixels is None and decoding is LabelDecoding.LABELS
            else own
            for (name, decoding, _), own in zip(self._codes.keys, codes, strict=True)
        ]
        return kept, cells, [own.pixels for own in values]

    def _total(
        self, dtypes: Sequence[tf.DType], pixels: Sequence[Pixels | None], real: Tensor
    ) -> list[Counts]:
        """Return the counts and extremes of groups of pixels; none for an array of labels."""
        return [
            graph_totals.total_groups(own, real, form.axes.channels, floating=dtype.is_floating)
            if own
            else {}
            for form, dtype, own in zip(self._forms, dtypes, pixels, strict=True)
        ]

    def _get_sizes(self, pairing: Pairing, width: Tensor) -> list[Tensor | int]:
        keys = self._codes.keys
        return [self._codes.get_size(key, width[keys.index(key)]) for key in list_keys(pairing)]

    def _find_cells(
        self, pairing: Pairing, codes: list[Tensor], width: Tensor, real: Tensor
    ) -> Tensor:
        """Return the cell of each pixel, and one beyond the table for padding."""
        true, pred = (codes[self._codes.keys.index(key)] for key in list_keys(pairing))
        truths, predictions = self._get_sizes(pairing, width)
        n, pixels = tf.unstack(tf.shape(true))
        image = tf.range(n)[:, tf.newaxis]
        if self._replicas > 1:
            image = image * self._replicas + tf.range(pixels) % self._replicas
        by_value = pairing.flat and pairing.y_pred in VALUES
        channels = self._forms[1].axes.channels if by_value else 1
        kept = graph_totals.mask_padding([n, pixels // channels], real)
        kept = self._forms[1].repeat_for_values(kept) if by_value else kept
        cells = (image * truths + true) * predictions + pred
        return tf.where(kept, cells, n * self._replicas * truths * predictions)

    def _fill_table(self, pairing: Pairing, cells: Tensor, n: Tensor, width: Tensor) -> Tensor:
        shape = [n, self._replicas, *self._get_sizes(pairing, width)]
        counts = tf.raw_ops.DenseBincount(
            input=tf.reshape(cells, [-1]),
            size=tf.reduce_prod(tf.stack(shape)),
            weights=tf.zeros([0], tf.int32),
        )
        return tf.cast(tf.reduce_sum(tf.reshape(counts, shape), axis=1), tf.int64)
