import numpy as np
import pytest

from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.metrics.overlapping import score_channels


def sums_of(truth, predicted, both):
    """Return the sums of images and channels, shape (n, channels) each."""
    whole = np.zeros((*np.shape(truth), len(Quantity)), dtype=np.int64)
    for quantity, values in (
        (Quantity.TRUTH, truth),
        (Quantity.ABOVE, predicted),
        (Quantity.TRUTH_ABOVE, both),
    ):
        whole[..., quantity] = values
    images = np.arange(len(whole))
    nothing = np.zeros(np.shape(truth), dtype=np.int64)
    return ChannelSums(images, whole, np.zeros_like(whole), nothing)


def test_each_channel_is_scored_over_all_images():
    score = score_channels(sums_of([[4, 2], [4, 0]], [[4, 2], [0, 2]], [[4, 1], [0, 0]]), pixels=20)
    assert [entry.iou for entry in score.per_class] == [0.5, 0.2]
    assert score.mean_iou == pytest.approx(0.35)
    assert score.mean_dice == pytest.approx((2 / 3 + 2 / 6) / 2)
    assert score.per_image_mean_iou == pytest.approx(((1 + 1 / 3) / 2 + 0) / 2)
    assert score.pixel_accuracy == pytest.approx(1 - (4 + 4) / 40)
    assert score.frequency_weighted_iou == pytest.approx((0.5 * 8 + 0.2 * 2) / 10)


def test_a_channel_in_neither_array_has_no_score():
    score = score_channels(sums_of([[4, 0]], [[2, 0]], [[2, 0]]), pixels=9)
    assert [entry.iou for entry in score.per_class] == [0.5, None]
    assert score.mean_iou == 0.5


def test_nothing_at_all_has_no_score():
    score = score_channels(sums_of([[0, 0]], [[0, 0]], [[0, 0]]), pixels=0)
    assert (score.mean_iou, score.pixel_accuracy, score.per_image_mean_iou) == (None, None, None)
