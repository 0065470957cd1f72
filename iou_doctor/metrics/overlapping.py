"""The doctor's score of channels that may overlap: each of them is a problem of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.metrics.score import ClassScore, Pixels, Score


def score_channels(sums: ChannelSums, *, pixels: int) -> Score:
    """Return the score of each channel of thresholded predictions; as `score_areas`.

    Args:
        sums: the sums of each image and channel.
        pixels: the number of pixels of all images, each counted once.
    """
    quantities = (Quantity.TRUTH, Quantity.ABOVE, Quantity.TRUTH_ABOVE)
    truth, predicted, both = (sums.compute_total(quantity) for quantity in quantities)
    return score_areas(truth, predicted, both, pixels=pixels)


def score_areas(*areas: NDArray[np.float64], pixels: int) -> Score:
    """Return the score of each channel over the whole data set, and their mean.

    A channel with zero union has no IoU and is not in the mean.

    Args:
        areas: of the truth, of the prediction and of both, shape (images, channels) each.
        pixels: the number of pixels of all images, each counted once.
    """
    truth, predicted, both = (area.sum(axis=0) for area in areas)
    iou = _divide(both, truth + predicted - both)
    dice = _divide(2 * both, truth + predicted)
    channels = len(truth)
    wrong = float((truth + predicted - 2 * both).sum())
    return Score(
        mean_iou=_average(iou),
        pixel_accuracy=1 - wrong / (pixels * channels) if pixels else None,
        frequency_weighted_iou=_weigh(iou, truth),
        mean_dice=_average(dice),
        per_image_mean_iou=_average_images(*areas),
        per_class=tuple(
            ClassScore(
                id=channel,
                iou=None if np.isnan(iou[channel]) else float(iou[channel]),
                truth_pixels=int(truth[channel]),
                predicted_pixels=int(predicted[channel]),
                intersection=int(both[channel]),
            )
            for channel in range(channels)
        ),
        pixels=Pixels(total=pixels, counted=pixels, ignored=0, out_of_range=0),
    )


def _divide(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ratios, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _average(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _weigh(iou: NDArray[np.float64], truth: NDArray[np.float64]) -> float | None:
    """Return the mean IoU weighted by the true areas."""
    total = truth.sum()
    return float(np.nansum(iou * truth) / total) if total else None


def _average_images(
    truth: NDArray[np.float64], predicted: NDArray[np.float64], both: NDArray[np.float64]
) -> float | None:
    """Return the mean over images of the mean IoU of their channels."""
    ratios = _divide(both, truth + predicted - both)
    means = (_average(image) for image in ratios)
    known = [mean for mean in means if mean is not None]
    return sum(known) / len(known) if known else None
