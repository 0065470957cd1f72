"""Decode and measure one array of a batch with NumPy."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.counts.label_decoding import LabelDecoding, encode_exactly, encode_rounded
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.scan.numpy import decode_labels
from iou_doctor.scan.numpy.argmax import argmax_and_count
from iou_doctor.scan.numpy.tiles import choose_tile_dtype
from iou_doctor.scan.numpy.values import LabelCounts, ValueTally, measure


class Side:
    """One array of a batch. Labels that several pairings need are decoded once."""

    def __init__(self, stored: StoredArray, axes: Axes, batch: Batch, threshold: float) -> None:
        self._stored, self._batch, self._threshold = stored, batch, threshold
        self._dense = axes.is_dense
        self._arranged = axes.arrange(stored)
        self._ids: NDArray[np.integer] | None = None
        self._sums = ValueCounts()
        self._tally: ValueTally | None = None
        if axes.is_per_class:
            self._tally = ValueTally() if stored.dtype.kind == "f" else None
            self._ids, self._sums = argmax_and_count(self._arranged, self._tally)
        self._known: dict[LabelDecoding, NDArray[np.integer]] = {}

    @cached_property
    def arranged(self) -> StoredArray:
        """The values, shape (n, *spatial), or (n, *spatial, C) if dense; never float16."""
        # float32 holds every float16 exactly and is several times faster to compare
        return self._arranged.astype(choose_tile_dtype(self._arranged), copy=False)

    def decode(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        """Return one label for each pixel, shape (n, *spatial)."""
        if decoding is LabelDecoding.ARGMAX and self._ids is not None:
            return self._ids
        if decoding not in self._known:
            self._known[decoding] = self._decode(decoding)
        return self._known[decoding]

    def _decode(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        match decoding:
            case LabelDecoding.ARGMAX_NAN | LabelDecoding.ARGMAX_ABOVE | LabelDecoding.CHANNELS:
                return self._decode_channels(decoding)
            case LabelDecoding.BINS:
                return decode_labels.decode_bins(self.arranged, self._threshold)
            case LabelDecoding.TENTHS:
                return decode_labels.decode_tenths(self.arranged)
            case LabelDecoding.EXACT:
                return encode_exactly(self.arranged)
            case LabelDecoding.COLOUR | LabelDecoding.UNIT_COLOUR:
                scale = 1 if decoding is LabelDecoding.COLOUR else 255
                return decode_labels.decode_colours(self.arranged, scale)
            case LabelDecoding.ROUNDED:
                return encode_rounded(self.arranged)
            case LabelDecoding.TIMES_255 | LabelDecoding.NEAREST:
                times = 255 if decoding is LabelDecoding.TIMES_255 else 1
                return decode_labels.decode_nearest(self.arranged, times=times)
            case _:
                return decode_labels.decode_labels(self.arranged)

    def _decode_channels(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        if decoding is LabelDecoding.CHANNELS:
            return decode_labels.decode_channels(self.arranged, self._threshold)
        ids = self.decode(LabelDecoding.ARGMAX)
        if decoding is LabelDecoding.ARGMAX_ABOVE:
            return decode_labels.keep_high(ids, self.arranged, self._threshold)
        return decode_labels.argmax_like_numpy(self.arranged, ids)

    def decode_flat(self, decoding: LabelDecoding) -> NDArray[np.integer]:
        """Return one label for each value, or each row of the last axis, in the order stored."""
        match decoding:
            case LabelDecoding.ARGMAX_LAST:
                return decode_labels.argmax_like_keras(self._stored)
            case LabelDecoding.BINS:
                return decode_labels.decode_bins(self._stored, self._threshold)
            case _:
                return decode_labels.decode_truncated(self._stored)

    def measure(self, labels: LabelCounts | None) -> ValueCounts:
        """Return the counts over all values of the array.

        Args:
            labels: how often each label occurs; `None` if that is not known.
        """
        known = labels if self._arranged.dtype.kind in "biu" and not self._dense else None
        return self._sums + measure(
            self._arranged,
            samples=self._batch.samples,
            first_row=self._batch.first_row,
            dense=self._dense,
            tally=self._tally,
            labels=known,
        )
