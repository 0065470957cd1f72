"""Volumes with one or two objects: where these lie shows how a prediction is turned."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names
from help_code import run_help
from scipy.ndimage import gaussian_filter

from field.arrays import Labels

PERMUTED, FLIPPED, SWAPPED = "axes-permuted", "flipped-samples", "height-width-swapped"
CUBE, OBLONG = (56, 56, 56), (64, 80, 72)
Places = tuple[tuple[float, float, float], ...]
LIVER: Places = ((0.3, 0.42, 0.67),)
LESIONS: Places = ((0.25, 0.6, 0.36), (0.41, 0.28, 0.7))
KIDNEYS: Places = ((0.3, 0.63, 0.28), (0.37, 0.62, 0.72))


def draw_objects(
    shape: tuple[int, ...],
    places: Places,
    *,
    share: float = 0.02,
    rough: float = 2.0,
    seed: int = 0,
) -> tuple[Labels, Labels]:
    """Return a mask of oblong objects and a prediction with other edges and a false positive.

    Args:
        shape: of the volume.
        places: the centre of each object, as a share of each axis.
        share: of the voxels that the objects cover together.
        rough: by how many voxels the edges differ.
        seed: of the random numbers.
    """
    random, grid = np.random.default_rng(seed), np.indices(shape).astype(np.float64)
    radius = (np.prod(shape) * share / len(places) / 4.19) ** (1 / 3)
    height = np.full(shape, -np.inf)
    for place in places:
        centre = np.array(place) * shape
        distance = np.sqrt((((grid.T - centre) / [1.25, 0.8, 1.0]) ** 2).sum(-1).T)
        height = np.maximum(height, radius - distance)
    waves = [gaussian_filter(random.normal(size=shape), sigma) for sigma in (4, 3)]
    height += waves[0] / waves[0].std()
    found = height + rough * waves[1] / waves[1].std() > 0
    found[4:7, 4:7, 4:7] = True
    return (height > 0).astype(np.uint8), found.astype(np.uint8)


def check_cured(report, rule, masks, predictions, good):
    """Assert that a rule is the only error, and that its help and its repair restore the score."""
    assert errors(report) == [rule]
    assert report.verdict.primary == rule
    _, repaired = run_help(found(report, rule).help, masks=masks, predictions=predictions)
    np.testing.assert_array_equal(repaired, good)
    after = found(report, rule).repair.mean_iou_after
    assert after == pytest.approx(mean_iou(masks, good, 2))


def check_nothing_is_turned(report):
    """Assert that there is no error, and no finding of a rule about places."""
    places = {PERMUTED, FLIPPED, SWAPPED, "shuffled-samples", "shifted-predictions"}
    assert not errors(report)
    assert not places & set(names(report))


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("places", [LIVER, LESIONS])
@pytest.mark.parametrize(("share", "rough"), [(0.008, 1.2), (0.025, 2.0)])
def test_roughly_drawn_objects_show_a_flip(axes, places, share, rough):
    masks, good = draw_objects(OBLONG, places, share=share, rough=rough, seed=len(axes))
    flipped = np.flip(good, axes)
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good)
    check_nothing_is_turned(diagnose(y_true=masks, y_pred=good))


def test_scores_of_a_single_object_show_a_flip():
    masks, good = draw_objects(OBLONG, LIVER, seed=3)
    scores = np.where(good, 0.8, 0.1).astype(np.float32)[:, :, ::-1]
    report = diagnose(y_true=masks, y_pred=scores)
    assert errors(report) == ["unthresholded-sigmoid", FLIPPED]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 2))


def test_a_pair_of_organs_shows_a_flip_along_its_depth():
    masks, good = draw_objects(OBLONG, KIDNEYS, share=0.03)
    check_cured(diagnose(y_true=masks, y_pred=good[::-1]), FLIPPED, masks, good[::-1], good)


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("places", [LIVER, LESIONS])
def test_objects_in_a_cube_show_the_order_of_the_axes(order, places):
    """Two exchanged axes may look like the right ones, too, and are not named."""
    masks, good = draw_objects(CUBE, places, rough=1.5)
    swapped = good.transpose(order)
    check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good)


def test_objects_in_a_cube_show_exchanged_rows_and_columns():
    masks, good = draw_objects(CUBE, LIVER, rough=1.5)
    swapped = good.transpose(0, 2, 1)
    check_cured(diagnose(y_true=masks, y_pred=swapped), SWAPPED, masks, swapped, good)


def test_one_volume_with_a_leading_axis_shows_a_flip_of_a_rough_object():
    masks, good = (part[np.newaxis] for part in draw_objects(OBLONG, LIVER, share=0.01))
    flipped = np.flip(good, (1, 3))
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good)


@pytest.mark.parametrize("shape", [CUBE, OBLONG])
def test_an_object_that_is_found_elsewhere_is_not_turned(shape):
    for seed in range(12):
        random = np.random.default_rng(seed)
        places = [(tuple(random.uniform(0.2, 0.8, 3)),) for _ in range(2)]
        masks, _ = draw_objects(shape, places[0], seed=seed)
        _, other = draw_objects(shape, places[1], seed=seed + 50)
        check_nothing_is_turned(diagnose(y_true=masks, y_pred=other))


@pytest.mark.parametrize("axis", [1, 2])
def test_an_object_beside_its_place_is_not_flipped_though_half_of_it_would_fit(axis):
    """Half of the object fits after a flip, too."""
    masks, good = draw_objects(OBLONG, LIVER, share=0.01)
    middle = masks.shape[axis] - 1 - 2 * np.argwhere(masks).mean(0)[axis]
    moved = np.roll(good, round(middle) + 4, axis)
    check_nothing_is_turned(diagnose(y_true=masks, y_pred=moved))


def test_the_other_kidney_is_not_this_one_flipped():
    masks, good = draw_objects(OBLONG, KIDNEYS, share=0.03)
    masks[:, :, :36] = good[:, :, 36:] = 0
    report = diagnose(y_true=masks, y_pred=good)
    check_nothing_is_turned(report)
    assert "weak-agreement" in names(report)


def test_an_object_near_the_middle_may_as_well_be_shifted():
    masks, good = draw_objects(OBLONG, ((0.44, 0.5, 0.5),), share=0.0008, rough=0.7)
    check_nothing_is_turned(diagnose(y_true=masks, y_pred=good[::-1]))


def test_several_weak_volumes_that_are_flipped_alike():
    pairs = [
        draw_objects((16, 40, 44), ((0.3, 0.4, place),), rough=2.0, seed=seed)
        for seed, place in enumerate((0.2, 0.25, 0.3, 0.22, 0.28))
    ]
    masks, good = (np.stack(side) for side in zip(*pairs, strict=True))
    object_score = (masks & good).sum() / (masks | good).sum()
    assert object_score < 0.55
    check_cured(
        diagnose(y_true=masks, y_pred=good[..., ::-1], num_classes=2),
        "flipped-samples",
        masks,
        good[..., ::-1],
        good,
    )
