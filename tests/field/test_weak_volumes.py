"""Volumes by weak models, of which many slices are empty, and which may be turned besides."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names

from field.arrays import Labels, draw_pair

FLIPPED = "flipped-samples"
PLACES = {FLIPPED, "axes-permuted", "shuffled-samples", "shifted-predictions", "faulty-samples"}


def draw_weak_volume(
    classes: int, *, empty: float, noise: float, seed: int, depth: int = 48
) -> tuple[Labels, Labels]:
    """Return a volume and a weak prediction, with objects only in the slices in the middle."""
    masks, predictions = draw_pair(
        (1, depth, 60, 64), classes, seed=seed, smoothness=4, noise=noise, background=1.2
    )
    gap = round(depth * empty / 2)
    for side in (masks, predictions):
        side[:, :gap] = side[:, -gap:] = 0
    return masks[0], predictions[0]


@pytest.mark.parametrize("axes", [1, 2, 0, (1, 2)])
@pytest.mark.parametrize(
    ("classes", "empty", "noise"), [(2, 0.5, 0.7), (3, 0.67, 0.5), (4, 0.5, 0.45)]
)
def test_a_flip_shows_in_a_weak_volume_of_which_many_slices_are_empty(classes, empty, noise, axes):
    masks, good = draw_weak_volume(classes, empty=empty, noise=noise, seed=0)
    assert mean_iou(masks, good, classes) < 0.68
    report = diagnose(y_true=masks, y_pred=np.flip(good, axes), num_classes=classes)
    assert errors(report) == [FLIPPED]
    after = found(report, FLIPPED).repair.mean_iou_after
    assert after == pytest.approx(mean_iou(masks, good, classes))


@pytest.mark.parametrize("empty", [0.5, 0.67])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_a_weak_volume_in_its_place_is_left_alone(classes, empty):
    for seed, noise in enumerate((0.7, 1.1, 1.6)):
        masks, good = draw_weak_volume(classes, empty=empty, noise=noise, seed=seed)
        report = diagnose(y_true=masks, y_pred=good, num_classes=classes)
        assert not PLACES & set(names(report)), seed


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_prediction_of_another_volume_with_as_many_empty_slices_is_not_turned(classes):
    for seed in range(4):
        masks, _ = draw_weak_volume(classes, empty=0.5, noise=0.7, seed=seed)
        _, other = draw_weak_volume(classes, empty=0.5, noise=0.7, seed=seed + 40)
        report = diagnose(y_true=masks, y_pred=other, num_classes=classes)
        assert not PLACES & set(names(report)), seed
