"""Volumes whose predictions lie some slices or voxels beside their masks."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, names
from scipy.ndimage import gaussian_filter

from field.arrays import Labels
from iou_doctor.report.finding import Severity

SHIFTED = "shifted-predictions"


def draw_organs(
    shape: tuple[int, ...], *, rough: float = 0.8, organs: int = 3, seed: int = 0
) -> tuple[Labels, Labels]:
    """Return a mask of some organs of one class and a prediction with other edges."""
    random, grid = np.random.default_rng(seed), np.indices(shape).astype(np.float64)
    height = np.full(shape, -np.inf)
    for _ in range(organs):
        centre, radii = random.uniform(0.3, 0.7, 3) * shape, random.uniform(0.12, 0.2, 3) * shape
        distance = np.sqrt((((grid.T - centre) / radii) ** 2).sum(-1).T)
        height = np.maximum(height, (1 - distance) * radii.mean())
    noise = gaussian_filter(random.normal(size=shape), 2)
    found_organs = height + rough * noise / noise.std() > 0
    return (height > 0).astype(np.uint8), found_organs.astype(np.uint8)


def move(volumes: Labels, distance: int, axis: int) -> Labels:
    """Return volumes moved along an axis, with nothing where they were."""
    moved = np.roll(volumes, distance, axis)
    gap = slice(0, distance) if distance > 0 else slice(distance, None)
    moved[(slice(None),) * axis + (gap,)] = 0
    return moved


def draw_several(count: int, shape: tuple[int, ...], **how: float) -> tuple[Labels, Labels]:
    """Return volumes and predictions with a leading axis."""
    pairs = [draw_organs(shape, seed=seed, **how) for seed in range(count)]
    masks, predictions = (np.stack(side) for side in zip(*pairs, strict=True))
    return masks, predictions


@pytest.mark.parametrize("distance", [3, -3, 5])
@pytest.mark.parametrize("organs", [1, 3])
def test_slices_that_are_counted_from_another_one_are_shifted(distance, organs):
    masks, good = draw_organs((48, 56, 52), organs=organs)
    report = diagnose(y_true=masks, y_pred=move(good, distance, 0))
    finding = found(report, SHIFTED)
    assert not errors(report)
    assert finding.facts["axis"] == 0
    assert finding.facts["distance"] == distance
    assert finding.message.startswith(
        f"the predictions are shifted by {abs(distance)} slices along axis 0, towards its"
        f" {'end' if distance > 0 else 'start'}"
    )
    assert finding.repair.mean_iou_after > report.mean_iou + 0.05


@pytest.mark.parametrize("axis", [1, 2])
def test_one_volume_may_be_shifted_within_its_slices(axis):
    masks, good = draw_organs((48, 56, 52))
    report = diagnose(y_true=masks, y_pred=move(good, 4, axis))
    assert not errors(report)
    assert found(report, SHIFTED).repair.mean_iou_after > report.mean_iou + 0.05


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_several_volumes_that_are_shifted_alike_are_told_from_their_thinned_maps(axis):
    masks, good = draw_several(4, (40, 44, 40), rough=1.2)
    report = diagnose(y_true=masks, y_pred=move(good, -3, axis))
    assert found(report, SHIFTED).facts["axis"] == axis
    assert abs(found(report, SHIFTED).facts["distance"] + 3) <= 1
    assert found(report, SHIFTED).repair.mean_iou_after > report.mean_iou + 0.05


def test_volumes_that_are_each_beside_their_masks_in_their_own_way_are_not_shifted():
    masks, good = draw_several(5, (40, 44, 40), rough=1.2)
    for place, (distance, axis) in enumerate([(3, 0), (-3, 0), (2, 1), (-3, 2), (2, 2)]):
        good[place] = move(good[place], distance, axis)
    assert SHIFTED not in names(diagnose(y_true=masks, y_pred=good))


@pytest.mark.parametrize("rough", [0.8, 2.0, 4.0])
@pytest.mark.parametrize("organs", [1, 3])
def test_a_volume_in_its_place_is_not_shifted(rough, organs):
    for seed in range(3):
        masks, predictions = draw_organs((48, 56, 52), rough=rough, organs=organs, seed=seed)
        report = diagnose(y_true=masks, y_pred=predictions)
        assert SHIFTED not in names(report), seed


def test_a_weak_model_that_errs_by_a_slice_or_two_is_not_shifted():
    for seed in range(4):
        masks, predictions = draw_organs((48, 56, 52), rough=2.5, seed=seed)
        report = diagnose(y_true=masks, y_pred=move(predictions, 2, 0))
        assert SHIFTED not in names(report), seed


def test_organs_whose_ends_are_missed_are_not_shifted():
    masks, predictions = draw_organs((48, 56, 52))
    filled = np.flatnonzero(predictions.any((1, 2)))
    predictions[: filled[0] + 5] = 0
    assert SHIFTED not in names(diagnose(y_true=masks, y_pred=predictions))


def test_images_without_objects_do_not_hide_a_shift_of_the_others():
    random = np.random.default_rng(0)
    masks = np.zeros((12, 64, 64), np.uint8)
    for image in masks[::2]:
        row, column = random.integers(10, 34, 2)
        image[row : row + 18, column : column + 14] = 1
    report = diagnose(y_true=masks, y_pred=np.roll(masks, 4, axis=1))
    assert found(report, SHIFTED).facts["rows"] == 4
    assert found(report, SHIFTED).severity is Severity.WARNING


def test_the_rare_classes_of_a_shifted_volume_do_not_lead_and_wait_with_their_advice():
    masks, predictions = draw_organs((40, 72, 72), organs=2, rough=0.5)
    report = diagnose(y_true=masks, y_pred=move(predictions, 5, 0), num_classes=2)
    assert names(report)[:2] == [SHIFTED, "class-imbalance"]
    assert report.verdict.primary == SHIFTED
    assert "weight" not in found(report, "class-imbalance").help
    alone = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
    assert "weight" in found(alone, "class-imbalance").help
