"""Soft truth beside hard predictions is not passed in the wrong order."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, one_hot
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from field.channels import binary_logits, squash

MASKS = draw_masks((6, 64, 72), 2)
PREDICTED = predict(MASKS, 2)


def blur(masks, sigma=1.5):
    return gaussian_filter(masks.astype(np.float32), (0, sigma, sigma))


BLURRED = {
    "masks": (blur(MASKS), PREDICTED),
    "a channel axis": (blur(MASKS)[..., None], PREDICTED[..., None].astype(np.float32)),
    "64 bits": (blur(MASKS, 2.0).astype(np.float64), PREDICTED.astype(bool)),
    "scores": (blur(MASKS), squash(binary_logits(MASKS))),
}


@pytest.mark.parametrize("metric", ["MeanIoU(2)", "keras.metrics.BinaryIoU(threshold=0.5)"])
@pytest.mark.parametrize("name", BLURRED)
def test_blurred_masks_are_cut_in_the_middle(name, metric):
    masks, predictions = BLURRED[name]
    report = diagnose(y_true=masks, y_pred=predictions, metric=metric)
    assert "inputs-swapped" not in names(report)
    finding = found(report, "soft-masks")
    assert finding.message.endswith("reads all fractions as 0")
    assert finding.help == 'masks = (masks > 0.5).astype("uint8")'
    wanted = mean_iou((masks > 0.5) * 1, (predictions >= 0.5) * 1, 2)
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted, abs=2e-3)


def test_smoothed_masks_of_one_channel_are_not_swapped():
    report = diagnose(y_true=MASKS * 0.9 + 0.05, y_pred=PREDICTED)
    assert errors(report) == ["soft-masks"]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(MASKS, PREDICTED, 2))


@pytest.mark.parametrize("is_one_hot", [False, True])
def test_blurred_channels_need_an_argmax(is_one_hot):
    truth = draw_masks((6, 64, 72), 4, seed=3)
    guess = predict(truth, 4)
    soft = gaussian_filter(one_hot(truth, 4, np.float32), (0, 1.5, 1.5, 0))
    report = diagnose(y_true=soft, y_pred=one_hot(guess, 4) if is_one_hot else guess)
    assert report.verdict.primary == "soft-masks"
    repair = found(report, "soft-masks").repair
    assert repair.mean_iou_after == pytest.approx(mean_iou(soft.argmax(-1), guess, 4))


def test_where_the_values_do_not_tell_both_are_said():
    """A steep function of the distance to the edge looks like a good network."""
    report = diagnose(y_true=squash(binary_logits(MASKS)), y_pred=MASKS)
    finding = found(report, "inputs-swapped")
    assert 'the masks are soft, masks = (masks > 0.5).astype("uint8")' in finding.help


@pytest.mark.parametrize("bits", [np.float32, np.float64])
def test_scores_in_place_of_masks_are_still_swapped(bits):
    scores = squash(binary_logits(MASKS)).astype(bits)
    report = diagnose(y_true=scores, y_pred=MASKS)
    assert report.verdict.primary == "inputs-swapped"


@pytest.mark.parametrize("annotators", [3, 5])
def test_the_mean_of_several_annotators_is_no_resize(annotators):
    masks = draw_masks((6, 80, 96), 2, seed=1, smoothness=8.0)
    drawn = [np.roll(masks, (by, -by), (1, 2)) for by in range(annotators)]
    mean = np.mean(drawn, axis=0).astype(np.float32)
    predictions = predict(masks, 2)
    report = diagnose(y_true=mean, y_pred=predictions, num_classes=2)
    assert errors(report) == ["soft-masks"]
    finding = found(report, "soft-masks")
    assert f"multiples of 1/{annotators}" in finding.message
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(mean > 0.5, predictions, 2))
