"""One pass over the data that finds the kinds of errors alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.kind_counts import KindCounts
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.batch_plan import PixelRepair
from iou_doctor.scan.count_kinds import count_kinds
from iou_doctor.scan.native.count_batch import encode_scores
from iou_doctor.scan.numpy.side import Side
from iou_doctor.scan.threads import map_in_order
from iou_doctor.scan.windows import iterate_batches

if TYPE_CHECKING:
    from iou_doctor.counts.label_changes import LabelChanges

WORTH_THREADS = 2**21
"""Pixels from which threads save more time than importing what starts them takes."""

Labels = NDArray[np.integer]
Relabel = Callable[[Labels, Labels, NDArray[np.int64]], tuple[Labels, Labels]]
"""Returns the true and the predicted labels of some samples for the stored ones, shape (n,
*spatial), and the numbers of the samples."""


def scan_kinds(
    pair: Pair,
    layout: Layout,
    pairing: Pairing,
    *,
    threshold: float,
    repair: PixelRepair | None = None,
    relabel: Relabel | None = None,
    changes: LabelChanges | None = None,
    jobs: int = 1,
    samples: range | None = None,
) -> KindCounts | None:
    """Return the kinds of the errors of all samples that both arrays have, or of some of them.

    `None` if the label maps are neither images nor volumes.

    Args:
        pair: the sources.
        layout: what their axes mean.
        pairing: how to decode their labels.
        threshold: the threshold of `LabelDecoding.BINS`.
        repair: as for `scan`.
        relabel: returns other labels of some samples, before `changes`; `None` for none.
        changes: which classes the labels stand for; `None` if they are the classes.
        jobs: the number of threads; the result does not depend on it.
        samples: which samples to look at; `None` for all of them.

    Raises:
        SourceError: a file cannot be read.
    """

    def count(batch: Batch) -> KindCounts | None:
        y_true = _decode(batch, batch.y_true, layout.y_true, pairing.y_true, threshold)
        y_pred = _decode(batch, batch.y_pred, layout.y_pred, pairing.y_pred, threshold)
        if repair is not None:
            y_pred = repair(y_pred, y_true.shape[1:], batch.samples)
        if relabel is not None:
            y_true, y_pred = relabel(y_true, y_pred, batch.samples)
        return count_kinds(batch.samples, y_true, y_pred, changes)

    batches = iterate_batches(pair, layout, whole_samples=True, samples=samples)
    few = layout.samples * _count_pixels(pair, layout) < WORTH_THREADS
    found = map_in_order(count, batches, jobs=1 if few else jobs)
    return KindCounts.merge([one for one in found if one is not None])


@np.errstate(over="ignore", invalid="ignore")  # NaN and Inf are no class
def _decode(
    batch: Batch, stored: StoredArray, axes: Axes, decoding: LabelDecoding, threshold: float
) -> NDArray[np.integer]:
    """Return one label for each pixel, shape (n, *spatial)."""
    labels = encode_scores(stored, axes) if decoding is LabelDecoding.ARGMAX else None
    return Side(stored, axes, batch, threshold).decode(decoding) if labels is None else labels


def _count_pixels(pair: Pair, layout: Layout) -> int:
    """Return the pixels of the first sample."""
    shape = pair.y_true.get_sample_shape(0)
    rows = 1 if layout.y_true.has_sample_axis else pair.y_true.shape[0] or 1
    return rows * int(np.prod(shape)) // layout.y_true.channels
