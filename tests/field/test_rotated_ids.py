"""Background is the first class in one array and the last in the other: a rotation of the ids."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, found, mean_iou

from field.arrays import draw_pair

PERMUTED = "permuted-classes"


def pair(classes, *, noise=0.3, background=2.0):
    """Return masks that are mostly background, and predictions."""
    return draw_pair(
        (10, 80, 96), classes, seed=classes, noise=noise, background=background, smoothness=5.0
    )


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("side", ["y_true", "y_pred"])
@pytest.mark.parametrize(("classes", "noise"), [(3, 0.3), (8, 0.3), (21, 0.4), (40, 0.3)])
def test_background_that_is_last_on_one_side_is_not_ignored(classes, noise, side, step):
    masks, predictions = pair(classes, noise=noise)
    arrays = {"y_true": masks, "y_pred": predictions}
    arrays[side] = ((arrays[side].astype(int) + step) % classes).astype(np.uint8)
    report = diagnose(**arrays, num_classes=classes)
    assert report.verdict.primary == PERMUTED
    assert after(report, PERMUTED) == pytest.approx(mean_iou(masks, predictions, classes))


def test_classes_that_the_masks_lack_move_with_the_others():
    masks, predictions = pair(21)
    masks[masks % 5 > 1] = 0
    strays = np.random.default_rng(2).random(masks.shape) < 0.002
    predictions[(predictions % 5 > 1) & ~strays] = 0
    report = diagnose(y_true=masks, y_pred=(predictions.astype(int) - 1) % 21, num_classes=21)
    table = found(report, PERMUTED).facts["mapping"]
    assert table == {str(old): (old - 1) % 21 for old in range(21)}


def test_a_rotation_is_proven_beside_void():
    masks, predictions = pair(12)
    void = np.broadcast_to(np.arange(96) < 7, masks.shape)
    rotated = np.where(void, 255, (masks.astype(int) - 1) % 12)
    report = diagnose(y_true=rotated, y_pred=predictions, num_classes=12, ignore_index=255)
    assert report.verdict.primary == PERMUTED
    assert after(report, PERMUTED) == pytest.approx(mean_iou(masks[~void], predictions[~void], 12))


@pytest.mark.parametrize("classes", [3, 8, 21])
def test_unlabelled_0_in_the_masks_is_still_ignored(classes):
    masks, predictions = pair(classes, background=0.5)
    void = np.random.default_rng(1).random((10, 20, 24)).repeat(4, 1).repeat(4, 2) < 0.3
    report = diagnose(y_true=np.where(void, 0, masks + 1), y_pred=predictions, num_classes=classes)
    assert report.verdict.primary == "labels-off-by-one"
    assert after(report, "labels-off-by-one") == pytest.approx(
        mean_iou(masks[~void], predictions[~void], classes)
    )


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_a_reduced_zero_label_is_no_rotation(classes):
    masks, predictions = pair(classes, background=0.5)
    reduced = np.where(masks == 0, 255, masks - 1)
    report = diagnose(y_true=reduced, y_pred=predictions, num_classes=classes, ignore_index=255)
    assert report.verdict.primary == "zero-label-reduced"
