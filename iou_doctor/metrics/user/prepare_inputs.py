"""Prepare the arrays as a careful user would pass them to each library.

Some functions list what has to be counted for this, and `prepare_inputs` turns the counts into
inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.pairings import count_flat_labels, find_flat_pairing
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.channel_sums import SumsRequest
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

_LABELS, _LAST, _BINS = LabelDecoding.LABELS, LabelDecoding.ARGMAX_LAST, LabelDecoding.BINS
EXACT = Pairing(LabelDecoding.EXACT, LabelDecoding.EXACT)
MOST_BINNED = 2**19
"""The largest number of pixels that are counted by their exact values, each pair for itself."""
MOST_SUMS = 2**26
"""The largest number of sums of scores, over images, channels and quantities. They take 0.5 GiB;
beyond that, contracts on soft scores are left out."""
QUANTITIES = 9
"""The number of sums that are kept for each image and channel."""


def is_paired(layout: Layout) -> bool:
    """Return whether the pixels of both arrays pair up as they are stored."""
    return layout.relation in {Relation.EQUAL, Relation.FLATTENED}


def list_library_pairings(pair: Pair, layout: Layout) -> list[Pairing]:
    """Return the pairings that the contracts need in addition to those of the doctor."""
    if not is_paired(layout) or layout.y_pred.is_colour or layout.y_true.is_colour:
        return []
    true = LabelDecoding.ARGMAX if layout.y_true.is_dense else _LABELS
    pred = LabelDecoding.ARGMAX_NAN if layout.y_pred.is_dense else _LABELS
    wanted = [Pairing(true, pred)]
    if not layout.y_pred.is_dense and pair.y_pred.dtype.kind == "f":
        wanted.append(Pairing(true, _BINS))
    flat = (found for _, found in _list_flat_pairings(layout) if found is not None)
    return [*wanted, *flat]


def may_be_binned(pair: Pair, layout: Layout) -> bool:
    """Return whether values are floats, and so few that each may be counted for itself."""
    floats = "f" in {pair.y_true.dtype.kind, pair.y_pred.dtype.kind}
    single = not (layout.y_true.is_dense or layout.y_pred.is_dense)
    pixels = layout.samples * prod(size or MOST_BINNED for size in layout.y_true.label_shape)
    return is_paired(layout) and floats and single and pixels <= MOST_BINNED


def find_needed_sums(pair: Pair, layout: Layout, ignore_index: int | None) -> SumsRequest | None:
    """Return which sums of scores the contracts need; `None` if there are no scores."""
    if not is_paired(layout) or layout.y_pred.is_colour or layout.y_true.is_colour:
        return None
    channels = layout.y_pred.channels
    scores = layout.y_pred.is_dense or pair.y_pred.dtype.kind == "f"
    fits = layout.samples * channels * QUANTITIES <= MOST_SUMS
    alike = not layout.y_true.is_dense or layout.y_true.channels == channels
    return SumsRequest(ignore_index) if scores and fits and alike else None


def _list_flat_pairings(layout: Layout) -> Iterator[tuple[Pairing, Pairing | None]]:
    """Yield each sensible way to flatten the arrays, with the pairing whose table holds it."""
    yield _find_flat(layout, _LABELS, _LABELS)
    if layout.y_pred.is_dense:
        yield _find_flat(layout, _LABELS, _LAST)
    else:
        yield _find_flat(layout, _LABELS, _BINS)
    if layout.y_true.is_dense:
        yield _find_flat(layout, _LAST, _LAST if layout.y_pred.is_dense else _LABELS)


def _find_flat(
    layout: Layout, true: LabelDecoding, pred: LabelDecoding
) -> tuple[Pairing, Pairing | None]:
    return Pairing(true, pred, flat=True), find_flat_pairing(layout, true, pred)


def prepare_inputs(
    pair: Pair,
    interpretation: Interpretation,
    stats: Stats,
    labels: PairCounts,
    *,
    threshold: float,
    batch_size: int | None = None,
) -> MetricInputs | None:
    """Return what the libraries get; `None` if the pixels do not pair up as they are stored.

    Args:
        pair: the sources, for their dtypes.
        interpretation: how they are to be understood.
        stats: what was counted.
        labels: the doctor's label pairs.
        threshold: the decision threshold that was used. Libraries use the same for logits.
        batch_size: images in one update of a metric; `None` for all.
    """
    layout = interpretation.layout
    if not is_paired(layout) or layout.y_pred.is_colour or layout.y_true.is_colour:
        return None
    form = PredictionForm.LABELS
    if layout.y_pred.is_dense:
        form = PredictionForm.CHANNELS
    elif interpretation.y_pred.is_thresholded:
        form = PredictionForm.ONE_CHANNEL
    true = LabelDecoding.ARGMAX if layout.y_true.is_dense else _LABELS
    nearest = LabelDecoding.ARGMAX_NAN if layout.y_pred.is_dense else _LABELS
    return MetricInputs(
        form=form,
        samples=layout.samples,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
        labels=stats.tables.get(Pairing(true, nearest), labels),
        interpreted=labels,
        true_dtype=np.dtype(np.int64) if layout.y_true.is_dense else pair.y_true.dtype,
        pred_dtype=pair.y_pred.dtype,
        bins=stats.tables.get(Pairing(true, _BINS)) if form is PredictionForm.ONE_CHANNEL else None,
        exact=stats.tables.get(EXACT),
        sums=stats.sums if form is not PredictionForm.LABELS else None,
        flat={
            flat: stats.tables[table]
            for flat, table in _list_flat_pairings(layout)
            if table is not None and table in stats.tables
        },
        lengths={
            flat: sizes
            for flat, table in _list_flat_pairings(layout)
            if table is None and (sizes := count_flat_labels(layout, flat))
        },
        batch_size=batch_size,
        outside_unit=stats.y_pred.outside_unit + stats.y_pred.nan > 0,
        threshold=threshold,
    )
