"""Decode and measure one array of a batch with NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.scan.numpy import decode_labels
from iou_doctor.scan.numpy.values import argmax_and_count, measure


class Side:
    """One array of a batch. Labels that several pairings need are decoded once."""

    def __init__(self, stored: StoredArray, axes: Axes, batch: Batch, threshold: float) -> None:
        self._stored, self._batch, self._threshold = stored, batch, threshold
        self._dense = axes.is_dense
        # float32 holds every float16 exactly and is several times faster to compare
        exact = stored.astype(np.float32) if stored.dtype == np.float16 else stored
        self.arranged = axes.arrange(exact)
        self._ids: NDArray[np.int64] | None = None
        self._sums = ValueCounts()
        if axes.is_per_class:
            self._ids, self._sums = argmax_and_count(self.arranged)
        self._known: dict[LabelDecoding, NDArray[np.integer]] = {}

    def decode(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        """Return one label for each pixel, shape (n, *spatial)."""
        if decoding is LabelDecoding.ARGMAX and self._ids is not None:
            return self._ids
        if decoding not in self._known:
            self._known[decoding] = self._decode(decoding)
        return self._known[decoding]

    def _decode(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        match decoding:
            case LabelDecoding.ARGMAX_NAN:
                return decode_labels.argmax_like_numpy(
                    self.arranged, self.decode(LabelDecoding.ARGMAX)
                )
            case LabelDecoding.BINS:
                return decode_labels.decode_bins(self.arranged, self._threshold)
            case LabelDecoding.TENTHS:
                return decode_labels.decode_tenths(self.arranged)
            case LabelDecoding.COLOUR:
                return decode_labels.decode_colours(self.arranged)
            case LabelDecoding.TIMES_255:
                return decode_labels.decode_times_255(self.arranged)
            case _:
                return decode_labels.decode_labels(self.arranged)

    def decode_flat(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        """Return one label for each value, or each row of the last axis, in the order stored."""
        match decoding:
            case LabelDecoding.ARGMAX_LAST:
                return decode_labels.argmax_like_keras(self._stored)
            case LabelDecoding.BINS:
                return decode_labels.decode_bins(self._stored, self._threshold)
            case _:
                return decode_labels.decode_truncated(self._stored)

    def measure(self) -> ValueCounts:
        """Return the counts over all values of the array."""
        return self._sums + measure(
            self.arranged,
            samples=self._batch.samples,
            first_row=self._batch.first_row,
            dense=self._dense,
        )
