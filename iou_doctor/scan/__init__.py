"""Batch -> Stats: one pass over the data.

`scan` walks over the data in windows, derives labels, counts their pairs and measures the
values. Every window gives Stats of its own; their sum is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.batch import Batch
from iou_doctor.layout import Axes, Layout
from iou_doctor.scan import derive
from iou_doctor.scan.pair_counts import count_pairs
from iou_doctor.scan.values import argmax_and_sums, measure
from iou_doctor.scan.windows import batches
from iou_doctor.source import Pair
from iou_doctor.stats import Derivation, PairCounts, Pairing, Stats, ValueCounts

Mend = Callable[..., NDArray[Any]]
"""Brings the label map of the predictions, (n, *spatial), to the spatial shape of the masks."""
PARTS = 256
"""Windows between two merges: tables stay small, and merging does not cost a pass of its own."""


def scan(
    pair: Pair,
    layout: Layout,
    *,
    pairings: Collection[Pairing],
    threshold: float,
    mend: Mend | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Stats:
    """Return the Stats of all samples that both arrays have.

    Args:
        pair: the sources.
        layout: what their axes mean.
        pairings: which derived labels to count together.
        threshold: the second cut of `Derivation.BINS`.
        mend: called as `mend(labels, spatial_shape)` where the pixels do not pair up as stored.
        progress: called with the samples done and in all, after each window.

    Raises:
        SourceError: a file cannot be read.
        ReadingError: the values are no label maps.
    """
    flat = any(pairing.flat for pairing in pairings)
    parts: list[Stats] = []
    for batch in batches(pair, layout, whole_samples=flat or mend is not None):
        parts.append(_scan_batch(batch, layout, pairings, threshold, mend))
        if len(parts) == PARTS:
            parts = [Stats.merge(parts)]
        if progress:
            progress(int(batch.samples[-1]) + 1, layout.samples)
    return Stats.merge(parts)


def _scan_batch(
    batch: Batch,
    layout: Layout,
    pairings: Collection[Pairing],
    threshold: float,
    mend: Mend | None,
) -> Stats:
    true = _Side(batch.y_true, layout.y_true, batch, threshold)
    pred = _Side(batch.y_pred, layout.y_pred, batch, threshold)
    tables: dict[Pairing, PairCounts] = {}
    for pairing in pairings:
        if pairing.flat:
            y_true, y_pred = true.flat(pairing.true), pred.flat(pairing.pred)
        else:
            y_true, y_pred = true.labels(pairing.true), pred.labels(pairing.pred)
            y_pred = mend(y_pred, y_true.shape[1:]) if mend else y_pred
        n = len(batch.samples)
        tables[pairing] = count_pairs(
            y_true=y_true.reshape(n, -1), y_pred=y_pred.reshape(n, -1), samples=batch.samples
        )
    return Stats(
        samples=len(batch.samples) if batch.first_row == 0 else 0,
        tables=tables,
        y_true=true.values(),
        y_pred=pred.values(),
    )


class _Side:
    """One array of a batch; what several pairings need is derived once."""

    def __init__(self, stored: NDArray[Any], axes: Axes, batch: Batch, threshold: float) -> None:
        self._stored, self._batch, self._threshold = stored, batch, threshold
        self._dense = axes.dense
        # float32 holds every float16 exactly and is several times faster to compare
        exact = stored.astype(np.float32) if stored.dtype == np.float16 else stored
        self._arranged = axes.arrange(exact)
        self._ids: NDArray[np.int64] | None = None
        self._sums = ValueCounts()
        if axes.dense:
            self._ids, self._sums = argmax_and_sums(self._arranged)
        self._known: dict[Derivation, NDArray[Any]] = {}

    def labels(self, derivation: Derivation) -> NDArray[Any]:
        """Return one label for each pixel, shape (n, *spatial)."""
        if derivation is Derivation.ARGMAX and self._ids is not None:
            return self._ids
        if derivation not in self._known:
            self._known[derivation] = self._derive(derivation)
        return self._known[derivation]

    def _derive(self, derivation: Derivation) -> NDArray[Any]:
        match derivation:
            case Derivation.BINS:
                return derive.bins(self._arranged, self._threshold)
            case Derivation.TIMES_255:
                return derive.times_255(self._arranged)
            case _:
                return derive.as_labels(self._arranged)

    def flat(self, derivation: Derivation) -> NDArray[Any]:
        """Return one label for each value, or each row of the last axis, in the order stored."""
        match derivation:
            case Derivation.ARGMAX_LAST:
                return derive.argmax_last(self._stored)
            case Derivation.BINS:
                return derive.bins(self._stored, self._threshold)
            case _:
                return derive.truncated_labels(self._stored)

    def values(self) -> ValueCounts:
        """Return the counts over all values."""
        return self._sums + measure(
            self._arranged,
            samples=self._batch.samples,
            first_row=self._batch.first_row,
            dense=self._dense,
        )
