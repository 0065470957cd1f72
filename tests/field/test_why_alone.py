"""Stuck numbers without arrays, and numbers of few digits."""

from __future__ import annotations

import numpy as np
import pytest

from field.arrays import draw_masks, predict
from field.scores import alone, explain, says, tell


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("0.5", "of the pixels (2 classes): everything is predicted as background"),
        ("0.50", "(2 classes)"),
        ("50%", "(2 classes)"),
        ("1.0", "everything else is ignored"),
        ("1.0", "the same array"),
        ("1", "everything else is ignored"),
        ("100", "everything else is ignored"),
        ("44.99", "89.98% of the pixels (2 classes): everything is predicted as background"),
        ("0.0350", "73.50% of the pixels (21 classes)"),
        ("3.50", "73.50% of the pixels (21 classes)"),
        ("0", "no pixel is right"),
        ("0.0", "the metric has counted nothing"),
        ("1e-9", "10,000 pixels with smooth = 1e-05"),
        ("33.42", "3 classes, and the score started at 0.3333: one-hot masks"),
        ("0.25", "C = 2"),
        ("0.0476", "C = 21"),
        ("0.0007", "off by one"),
        ("0.0045", "Cityscapes"),
        ("0.5063", "nearly everything is predicted as background"),
        ("1.9", "the masks hold 255"),
        ("2.95", "2.95 is not a percentage: soft sums of 0/255 masks"),
        ("255", "masks of 255"),
        ("-1.0079", "255² / (510 - 255²)"),
        ("-4.0", "below 0: logits in soft sums"),
        ("-2.2375", "wrap at 256"),
        ("-1.209", "IoU falls below 0"),
        ("-0.1138", "scipy.spatial.distance.dice"),
        ("1.1138", "scipy.spatial.distance.dice"),
        ("8.0", "8 values of 1.000 on average are added"),
        ("15.5", "16 values of 0.969 on average are added"),
        ("0.03491", "73.31% of the pixels (21 classes)"),
        ("0.443%", "Cityscapes"),
    ],
)
def test_a_stuck_number_alone_is_answered(score, words):
    assert says(alone(score), words), tell(alone(score))


@pytest.mark.parametrize(
    ("score", "share_first"), [("1.0044", True), ("1.9", True), ("44.99", False)]
)
def test_a_number_over_1_is_read_both_ways(score, share_first):
    first = alone(score).conditions[0]
    assert ("255" in first.cause.claim) is share_first


def test_few_digits_say_how_many_match_by_chance():
    masks = draw_masks((4, 48, 48), 4)
    lookup = explain("0.8", masks, predict(masks, 4))
    assert lookup.expected_by_chance > 10
    assert lookup.exact_matches == 0
    masks, predictions = np.zeros((1, 8, 8), np.uint8), np.zeros((1, 8, 8), np.uint8)
    masks[0, :4], predictions[0, :2] = 1, 1
    lookup = explain("0.5", masks, predictions, num_classes=2)
    assert lookup.exact_matches == 1
    assert lookup.matches[0].value == pytest.approx(0.5)
    assert says(lookup, "IoU of class 1")
