"""Areas of an implementation that compares values, and counts each side by a histogram.

Source: mmsegmentation 1.2.2 and evaluate 0.4.6, `intersect_and_union`: a value is right if it
equals the truth. Each class is one of C bins of equal width over [0, C - 1], so that whole numbers
are in their own bins and fractions are in one of two. NaN and other values are in none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import decode_exactly, encode_exactly
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Choices
from iou_doctor.metrics.engine.areas import Areas, sum_areas
from iou_doctor.metrics.engine.ignored_pixels import find_ignored_label
from iou_doctor.metrics.inputs import MetricInputs


def count_bins(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of pairs of values.

    Args:
        pairs: the labels of `LabelDecoding.EXACT`.
        inputs: the arrays.
        choices: what the contract decides about the ignore label.
    """
    ignored = find_ignored_label(inputs, choices)
    if ignored is not None:
        kept = pairs.truth != encode_exactly(np.array([ignored]))[0]
        pairs = pairs.keep_rows(kept)
    truth, prediction = decode_exactly(pairs.truth), decode_exactly(pairs.prediction)
    bins = pairs.replace(
        truth=_find_bins(truth, inputs.num_classes),
        prediction=_find_bins(prediction, inputs.num_classes),
    )
    found = sum_areas(bins, images=inputs.samples, classes=inputs.num_classes)
    hits = bins.keep_rows(truth == prediction)
    right = sum_areas(hits, images=inputs.samples, classes=inputs.num_classes).intersection
    return Areas(found.truth, found.predicted, right)


def _find_bins(values: NDArray[np.float64], classes: int) -> NDArray[np.int64]:
    """Return the number of each value's bin, -1 for none."""
    last = classes - 1
    inside = (values >= 0) & (values <= last)  # False for NaN
    scale = classes / last if last else 0.0
    places = np.minimum(np.where(inside, values, 0) * scale, last)
    return np.where(inside, places.astype(np.int64), -1)
