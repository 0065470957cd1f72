"""Find void borders that were written as class 0: bands of 0 between other classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.seams import LARGEST_LABEL, spread_extremes
from iou_doctor.counts.map_samples import Labels
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record

LEAST_MISSED_SHARE = 0.2
"""Minimum share of the pixels of class 0 that are predicted as something else. Borders of 5 pixels
are a third of the pixels of small images."""
LEAST_ERROR_SHARE = 0.5
"""Minimum share of all errors that lie on class 0."""
BODY_WIDTH = 9
"""Width in pixels from which a region of 0 is no band. The void borders of PASCAL VOC are 5 pixels
wide and somewhat wider where they cross."""
BAND_REACH = 5
"""Pixels from the middle of a band to the classes on both sides."""
BORDER_WIDTH = 3
"""Pixels that a border takes from the classes on each side."""
FEWEST_BAND_PIXELS = 200
"""Fewer pixels may be gaps between a few objects."""
LEAST_BETWEEN_SHARE = 0.5
"""Minimum share of the bands that lie between two different classes."""
LARGEST_PREDICTED_SHARE = 0.05
"""Largest share of the bands that is predicted as 0. A model finds at least some true gaps."""


@record
class VoidBands:
    """Bands of 0 between other classes that are never predicted."""

    pixels: int
    """The pixels of the bands in the sampled maps."""
    zeros: int
    """All pixels of class 0 in these maps."""
    mean_iou_without: float | None
    """The mean IoU without the bands, estimated from the sampled maps."""


def find_void_bands(evidence: Evidence) -> VoidBands | None:
    """Find bands of 0 in the masks that are predicted as the classes on both sides."""
    sampled, interpretation = evidence.sampled, evidence.interpretation
    if sampled is None or interpretation.num_classes <= 2 or not _is_zero_missed(evidence):
        return None
    crops = sampled.crops
    bands = [_find_bands(true) for true in crops.y_true]
    pixels = sum(int(band.sum()) for band in bands)
    if pixels < FEWEST_BAND_PIXELS:
        return None
    between = sum(
        int((band & _is_between_classes(true)).sum())
        for band, true in zip(bands, crops.y_true, strict=True)
    )
    predicted = np.concatenate([pred[band] for band, pred in zip(bands, crops.y_pred, strict=True)])
    if between < LEAST_BETWEEN_SHARE * pixels:
        return None
    if (predicted == 0).sum() > LARGEST_PREDICTED_SHARE * pixels:
        return None
    zeros = sum(int((true == 0).sum()) for true in crops.y_true)
    # the same borders also widen the background that they touch
    borders = [
        band | (spread_extremes(true > 0, np.maximum, BORDER_WIDTH) & (pred > 0))
        for band, true, pred in zip(bands, crops.y_true, crops.y_pred, strict=True)
    ]
    return VoidBands(pixels, zeros, _score_without(evidence, borders))


def _is_zero_missed(evidence: Evidence) -> bool:
    """Return whether class 0 is missed often, and most errors lie on it."""
    pairs = evidence.pairs.pool().drop_out_of_range(evidence.interpretation.num_classes)
    if 0 in (pairs.total, pairs.truth_span[1]) or evidence.interpretation.ignore_index == 0:
        return False
    wrong = pairs.keep_rows(pairs.truth != pairs.prediction)
    missed = wrong.count_truths().get(0, 0)
    return missed >= LEAST_MISSED_SHARE * pairs.count_truths().get(0, 0) and missed >= max(
        LEAST_ERROR_SHARE * wrong.total, 1
    )


def _find_bands(true: Labels) -> NDArray[np.bool_]:
    zero = true == 0
    # what lies outside the map may go on there
    body = np.pad(zero, BODY_WIDTH, constant_values=True)
    for choose in (np.minimum, np.maximum):
        body = spread_extremes(body, choose, BODY_WIDTH // 2)
    bands: NDArray[np.bool_] = zero & ~body[BODY_WIDTH:-BODY_WIDTH, BODY_WIDTH:-BODY_WIDTH]
    return bands


def _is_between_classes(true: Labels) -> NDArray[np.bool_]:
    """Return which pixels have two different classes other than 0 within reach."""
    is_class = true > 0
    low, high = np.where(is_class, true, LARGEST_LABEL), np.where(is_class, true, 0)
    low = spread_extremes(low, np.minimum, BAND_REACH)
    high = spread_extremes(high, np.maximum, BAND_REACH)
    different: NDArray[np.bool_] = low < high
    return different


def _score_without(evidence: Evidence, bands: list[NDArray[np.bool_]]) -> float | None:
    """Return the mean IoU without the bands, as large in all images as in the sampled maps."""
    assert evidence.sampled is not None
    crops, interpretation = evidence.sampled.crops, evidence.interpretation
    pairs = evidence.pairs.pool()
    count = pairs.count.copy()
    for label in pairs.keep_rows(pairs.truth == 0).count_predictions():
        here = there = 0
        for band, true, pred in zip(bands, crops.y_true, crops.y_pred, strict=True):
            chosen = (true == 0) & (pred == label)
            here, there = here + int(chosen.sum()), there + int((chosen & band).sum())
        if here:
            rows = (pairs.truth == 0) & (pairs.prediction == label)
            count[rows] -= (count[rows] * there) // here
    after = compute_score(
        pairs=pairs.replace(count=count),
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )
    return after.mean_iou
