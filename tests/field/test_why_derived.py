"""Numbers worked out from scores, from a part of the arrays, or from another threshold or axis."""

from __future__ import annotations

import numpy as np
import pytest
from build import mean_iou
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from field.scores import blobs, dice, explain, move, says, tell
from field.test_why import RULED_OUT

MASKS = draw_masks((8, 48, 64), 5, seed=11)
FOUND = predict(MASKS, 5, seed=12, wrong=0.2)
IMAGES = [mean_iou(*pair, 5) for pair in zip(MASKS[:, None], FOUND[:, None], strict=True)]
DICES = np.array([dice(*(labels == k for labels in (MASKS, FOUND))) for k in range(5)])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (dice(MASKS > 0, FOUND > 0), "all class ids above 0 count as one class"),
        (1 - DICES.mean(), "1 minus the score: a loss"),
        (2 * mean_iou(MASKS, FOUND, 5) / (1 + mean_iou(MASKS, FOUND, 5)), "2 m / (1 + m)"),
        (DICES.mean() / (2 - DICES.mean()), "d / (2 - d)"),
        (np.median(IMAGES), "the median over the images"),
        (IMAGES[-1], "only the last batch counts, of 1"),
        (mean_iou(MASKS[:4], FOUND[:4], 5), "only the first batch counts, of 4"),
    ],
)
def test_numbers_worked_out_from_a_score_or_from_a_part(value, words):
    lookup = explain(value, MASKS, FOUND, num_classes=5)
    assert says(lookup, words), tell(lookup)


def test_arrays_that_are_all_void_have_no_median():
    lookup = explain(0.7, np.full_like(MASKS, 255), FOUND, num_classes=5, ignore_index=255)
    assert not says(lookup, "the median over the images")


def test_a_foreground_of_1_although_all_labels_are_wrong():
    wrong = np.where(MASKS > 0, MASKS % 4 + 1, 0).astype(np.uint8)
    lookup = explain("1.00", MASKS, wrong, num_classes=5)
    assert "all class ids above 0 count as one class" in tell(lookup)[0]
    everything = [s.cause.claim for match in lookup.matches for s in match.suspects]
    assert not [claim for claim in everything for words in RULED_OUT if words in claim]


@pytest.mark.parametrize("tenth", [1, 3, 7])
@pytest.mark.parametrize("name", ["IoU of class 1", "Dice of class 1", "mean IoU"])
def test_another_threshold(tenth, name):
    masks = blobs((4, 48, 48), 0.3)
    scores = gaussian_filter(move(masks).astype(np.float32), (0, 2, 2))
    found = (scores >= np.float32(tenth / 10)).astype(np.uint8)
    value = {
        "IoU of class 1": ((masks & found).sum() / (masks | found).sum()),
        "Dice of class 1": dice(masks, found),
        "mean IoU": mean_iou(masks, found, 2),
    }[name]
    lookup = explain(value, masks, scores, num_classes=2, digits=6)
    assert says(lookup, f"the scores are cut at 0.{tenth}"), tell(lookup)


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("axis", [1, 3])
def test_stacks_of_binary_maps_may_be_classes_that_overlap(scores, axis):
    masks = np.stack([blobs((12, 32, 40), 0.1 + 0.1 * k, k) for k in range(3)], axis=1)
    labels = np.stack([move(masks[:, k], 1, seed=k) for k in range(3)], axis=1)
    masks[::4, 1], labels[0, 1] = 0, 0
    found = (0.2 + 0.6 * labels).astype(np.float32) if scores else labels
    pairs = zip(masks.reshape(36, -1), labels.reshape(36, -1), strict=True)
    value = np.mean([dice(*pair, empty=1) for pair in pairs])
    arrays = (np.moveaxis(values, 1, axis) for values in (masks, found))
    lookup = explain(value, *arrays)
    assert says(lookup, f"axis {axis} holds 3 classes that may overlap"), tell(lookup)
    assert says(lookup, "mean Dice of all pairs of image and class (absent as 1)")
