"""Sum the scores of each image and channel in fixed point, without decoding labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.channel_sums import FRACTION_BITS, SATURATION, ChannelSums, Quantity


def sum_channels(
    *,
    y_true: StoredArray,
    y_pred: StoredArray,
    samples: NDArray[np.int64],
    threshold: float,
    one_channel: bool,
    ignore_index: int | None = None,
) -> ChannelSums:
    """Return the sums over the pixels of each image and channel.

    Args:
        y_true: class ids, any dtype, shape (n, pixels), or channels, shape (n, pixels, C).
        y_pred: scores, any dtype, shape (n, pixels, C).
        samples: shape (n,), the image of each row.
        threshold: scores above it count for `Quantity.ABOVE`, compared in float32.
        one_channel: whether the masks hold the values of the only channel instead of class ids.
        ignore_index: pixels with this true class add nothing to `Quantity.NON_ZERO`.
    """
    n, _, channels = y_pred.shape
    shape = (n, channels, len(Quantity))
    whole, rest = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    not_finite = np.zeros((n, channels), dtype=np.int64)
    ignored = _mask_ignored(y_true, channels, ignore_index)
    for channel in range(channels):
        score = y_pred[..., channel].astype(np.float64)
        truth = _select_truth(y_true, channel, one_channel=one_channel)
        kept = np.isfinite(truth)
        finite = np.isfinite(score)
        not_finite[:, channel] = (kept & ~finite).sum(axis=1)
        above = (y_pred[..., channel].astype(np.float32) > np.float32(threshold)) & kept
        seen = (score != 0) & kept & ~ignored
        score = np.where(kept & finite, score.clip(-SATURATION, SATURATION), 0.0)
        truth = np.where(kept, truth.clip(-SATURATION, SATURATION), 0.0)
        for quantity, values in _compute_quantities(truth, score, above=above, seen=seen):
            floor = np.floor(values)
            units = np.rint((values - floor) * 2.0**FRACTION_BITS).astype(np.int64)
            whole[:, channel, quantity] = floor.astype(np.int64).sum(axis=1)
            rest[:, channel, quantity] = units.sum(axis=1)
    return ChannelSums.from_rows(image=samples, whole=whole, rest=rest, not_finite=not_finite)


def _mask_ignored(
    y_true: StoredArray, channels: int, ignore_index: int | None
) -> NDArray[np.bool_]:
    """Return which pixels have the ignored class as their truth, shape (n, pixels)."""
    if ignore_index is None or not 0 <= ignore_index < channels:
        return np.zeros(y_true.shape[:2], dtype=bool)
    dense = y_true.ndim == 3
    found: NDArray[np.bool_] = y_true[..., ignore_index] == 1 if dense else y_true == ignore_index
    return found


def _select_truth(y_true: StoredArray, channel: int, *, one_channel: bool) -> NDArray[np.float64]:
    if y_true.ndim == 3:
        y_true = y_true[..., channel]
    elif not one_channel:
        y_true = y_true == channel
    truth: NDArray[np.float64] = y_true.astype(np.float64)
    return truth


def _compute_quantities(
    truth: NDArray[np.float64],
    score: NDArray[np.float64],
    *,
    above: NDArray[np.bool_],
    seen: NDArray[np.bool_],
) -> list[tuple[Quantity, NDArray[np.float64]]]:
    return [
        (Quantity.TRUTH, truth),
        (Quantity.SCORE, score),
        (Quantity.PRODUCT, truth * score),
        (Quantity.TRUTH_SQUARED, truth * truth),
        (Quantity.SCORE_SQUARED, score * score),
        (Quantity.NON_ZERO, seen.astype(np.float64)),
        (Quantity.TRUTH_NON_ZERO, np.where(seen, truth, 0.0)),
        (Quantity.ABOVE, above.astype(np.float64)),
        (Quantity.TRUTH_ABOVE, np.where(above, truth, 0.0)),
    ]
