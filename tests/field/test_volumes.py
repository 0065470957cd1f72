"""Volumes: axes in another order, and flips along any axis, with and without a leading axis."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, probabilities
from help_code import run_help
from scipy.ndimage import gaussian_filter

from field.arrays import Labels, draw_masks, draw_pair, predict
from iou_doctor.report.finding import Severity

PERMUTED, FLIPPED = "axes-permuted", "flipped-samples"


def draw_volume(
    *shape: int, classes: int = 3, seed: int = 0, smoothness: float = 6.0
) -> tuple[Labels, Labels]:
    """Return the mask of one volume and a decent prediction, of the given shape."""
    masks = draw_masks((1, *shape), classes, seed=seed, smoothness=smoothness)
    return masks[0], predict(masks, classes, seed=seed + 1)[0]


def draw_organs(seed: int) -> tuple[Labels, Labels]:
    """Return a cube with four ellipsoids that may overlap, and a prediction a pixel beside it."""
    random, grid = np.random.default_rng(seed), np.indices((32, 32, 32))
    masks = np.zeros(grid.shape[1:], np.uint8)
    for label in range(1, 5):
        centre, radius = random.uniform(6, 26, 3), random.uniform(5, 11, 3)
        inside = ((grid.T - centre) / radius) ** 2
        masks[inside.sum(-1).T < 1] = label
    return masks, np.roll(masks, 1, axis=2)


def draw_kidneys() -> tuple[Labels, Labels]:
    """Return a stack of 64 slices with two kidneys and a tumour, of which half are empty."""
    z, y, x = np.mgrid[:64, :96, :96]
    masks = np.zeros(z.shape, np.uint8)
    for depth, row, column, radius, label in (
        (18, 40, 28, 14, 1),
        (22, 46, 66, 12, 1),
        (20, 34, 30, 6, 2),
    ):
        distance = 1.3 * (z - depth) ** 2 + (y - row) ** 2 + (x - column) ** 2
        masks[distance < radius**2] = label
    return masks, np.roll(masks, 1, axis=1)


def check_cured(report, rule, masks, predictions, good, classes=3):
    """Assert that a rule is the only error, and that its help and its repair restore the score."""
    assert errors(report) == [rule]
    assert report.verdict.primary == rule
    _, repaired = run_help(found(report, rule).help, masks=masks, predictions=predictions)
    np.testing.assert_array_equal(repaired, good)
    assert found(report, rule).repair.mean_iou_after == pytest.approx(
        mean_iou(masks, good, classes)
    )


def check_nothing_is_wrong(report):
    """Assert that there is no error, and no finding of a rule about places."""
    assert not errors(report)
    places = {PERMUTED, FLIPPED, "shuffled-samples", "height-width-swapped", "duplicated-samples"}
    assert not places & set(names(report))


def test_a_volume_with_reversed_axes_is_transposed_and_not_cropped():
    masks, good = draw_volume(40, 48, 16)
    swapped = good.transpose(2, 1, 0)
    report = diagnose(y_true=masks, y_pred=swapped)
    check_cured(report, PERMUTED, masks, swapped, good)
    assert "the axes of the volume are reversed" in found(report, PERMUTED).message
    assert found(report, PERMUTED).help == "predictions = predictions.transpose(2, 1, 0)"


def test_exchanged_axes_of_a_torso_are_named():
    masks, good = draw_volume(61, 50, 20, classes=8)
    swapped = good.transpose(1, 0, 2)
    report = diagnose(y_true=masks, y_pred=swapped)
    check_cured(report, PERMUTED, masks, swapped, good, 8)
    assert "axes 0 and 1 are exchanged" in found(report, PERMUTED).message


def test_a_stack_with_its_images_along_the_last_axis_is_transposed():
    masks, good = draw_volume(9, 40, 52)
    report = diagnose(y_true=masks, y_pred=good.transpose(1, 2, 0))
    check_cured(report, PERMUTED, masks, good.transpose(1, 2, 0), good)


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_the_axes_of_a_cube_is_found_by_the_score(order):
    masks, good = draw_volume(32, 32, 32)
    swapped = good.transpose(order)
    check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good)


@pytest.mark.parametrize(("seed", "order"), [(0, (2, 0, 1)), (8, (1, 2, 0))])
def test_three_moved_axes_are_not_called_two(seed, order):
    """Large organs look a little alike once two of the axes are exchanged."""
    masks, good = draw_organs(seed)
    swapped = good.transpose(order)
    check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good, 5)


@pytest.mark.parametrize(("seed", "axes"), [(9, 0), (13, (0, 1)), (16, 2)])
def test_a_flipped_volume_is_not_shuffled_though_other_ids_would_help(seed, axes):
    masks, good = draw_organs(seed)
    flipped = np.flip(good, axes)
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good, 5)


def test_a_cube_may_be_flipped_besides():
    masks, good = draw_volume(32, 32, 32)
    swapped = good.transpose(2, 1, 0)[::-1, :, ::-1]
    check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good)


def test_the_order_that_fits_is_chosen_among_those_with_the_right_sizes():
    masks, good = draw_volume(40, 40, 16)
    for order in ((2, 1, 0), (2, 0, 1)):
        swapped = good.transpose(order)
        check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good)


def test_a_flip_shows_after_the_axes_are_in_order():
    masks, good = draw_volume(40, 48, 16)
    report = diagnose(y_true=masks, y_pred=good.transpose(2, 1, 0)[:, ::-1, ::-1])
    assert errors(report) == [PERMUTED, FLIPPED]
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 3))


def test_a_flip_shows_which_of_the_orders_with_the_right_sizes_is_meant():
    masks, good = draw_volume(20, 40, 40)
    swapped = np.flip(good.transpose(1, 2, 0), (0, 1))
    check_cured(diagnose(y_true=masks, y_pred=swapped), PERMUTED, masks, swapped, good)


def test_scores_of_a_transposed_volume_keep_their_class_axis():
    masks, good = draw_volume(40, 48, 16)
    for axis in (0, -1):
        scores = np.moveaxis(probabilities(good.transpose(2, 1, 0), 1, classes=3), -1, axis)
        report = diagnose(y_true=masks, y_pred=scores, metric="MeanIoU(3, sparse_y_pred=False)")
        assert PERMUTED in errors(report)
        assert "shape-mismatch" not in names(report)
        assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 3))


def test_scores_of_a_transposed_cube_keep_their_class_axis():
    masks, good = draw_volume(32, 32, 32)
    scores = probabilities(good.transpose(2, 1, 0), 1, classes=3)
    report = diagnose(y_true=masks, y_pred=scores, metric="MeanIoU(3, sparse_y_pred=False)")
    assert errors(report) == [PERMUTED]
    _, repaired = run_help(found(report, PERMUTED).help, masks=masks, predictions=scores)
    np.testing.assert_array_equal(repaired.argmax(-1), good)


def test_volumes_with_a_leading_axis_are_transposed_within_it():
    masks, good = draw_volume(24, 28, 20)
    swapped = good.transpose(2, 1, 0)[np.newaxis]
    report = diagnose(y_true=masks[np.newaxis], y_pred=swapped)
    check_cured(report, PERMUTED, masks[np.newaxis], swapped, good[np.newaxis])


def test_a_volume_flipped_along_its_first_axis_is_not_shuffled():
    masks, good = draw_volume(24, 40, 48)
    report = diagnose(y_true=masks, y_pred=good[::-1])
    check_cured(report, FLIPPED, masks, good[::-1], good)
    finding = found(report, FLIPPED)
    assert "flipped along axis 0" in finding.message
    assert "slices of one volume" in finding.evidence
    assert finding.help == "predictions = np.flip(predictions, 0)"


@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (0, 1, 2), (1,), (2,), (1, 2)])
def test_a_volume_may_be_flipped_along_several_axes(axes):
    masks, good = draw_volume(24, 40, 48)
    flipped = np.flip(good, axes)
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good)


@pytest.mark.parametrize("axes", [(1,), (1, 2, 3)])
def test_one_volume_with_a_leading_axis_may_be_flipped(axes):
    masks, good = (part[np.newaxis] for part in draw_volume(24, 40, 48))
    flipped = np.flip(good, axes)
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good)


def test_slices_in_reversed_order_are_a_flip_though_half_of_them_are_empty():
    masks, good = draw_kidneys()
    report = diagnose(y_true=masks, y_pred=good[::-1], num_classes=3)
    check_cured(report, FLIPPED, masks, good[::-1], good)
    assert found(report, FLIPPED).help == "predictions = np.flip(predictions, 0)"


def test_all_slices_are_flipped_though_the_empty_ones_cannot_tell():
    masks, good = draw_kidneys()
    report = diagnose(y_true=masks, y_pred=good[:, ::-1], num_classes=3)
    check_cured(report, FLIPPED, masks, good[:, ::-1], good)
    finding = found(report, FLIPPED)
    assert finding.facts["turned"] == finding.facts["slices"] < 24
    assert "empty ones cannot tell" in finding.message
    assert finding.help == "predictions = np.flip(predictions, 1)"


@pytest.mark.parametrize("axes", [(0,), (0, 1, 2), (2,)])
def test_a_single_lesion_shows_a_flip(axes):
    z, y, x = np.mgrid[:40, :48, :32]
    distance = (z - 12) ** 2 + 1.5 * (y - 30) ** 2 + (x - 10) ** 2
    masks, good = (distance < 49).astype(np.uint8), (distance < 45).astype(np.uint8)
    flipped = np.flip(good, axes)
    check_cured(diagnose(y_true=masks, y_pred=flipped), FLIPPED, masks, flipped, good, 2)
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=np.roll(good, (9, -8, 7), (0, 1, 2))))


def test_a_single_organ_near_the_middle_is_flipped_and_not_shifted_far():
    z, y, x = np.mgrid[:48, :64, :64]
    masks = (((z - 16) / 7) ** 2 + ((y - 25) / 11) ** 2 + ((x - 35) / 12) ** 2 < 1).astype(np.uint8)
    good = np.roll(masks, 1, axis=1)
    report = diagnose(y_true=masks, y_pred=good[:, ::-1])
    check_cured(report, FLIPPED, masks, good[:, ::-1], good, 2)


def test_independent_samples_in_reversed_order_are_shuffled_samples():
    masks = draw_masks((12, 48, 64), 4)
    good = predict(masks, 4)
    report = diagnose(y_true=masks, y_pred=good[::-1])
    check_cured(report, "shuffled-samples", masks, good[::-1], good, 4)
    assert "in reversed order" in found(report, "shuffled-samples").message


@pytest.mark.parametrize("axes", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("classes", [2, 5])
def test_a_flip_that_no_other_orientation_comes_near_to_is_found(axes, classes):
    masks, good = draw_volume(24, 56, 64, classes=classes, seed=classes, smoothness=9.0)
    report = diagnose(y_true=masks, y_pred=np.flip(good, axes))
    check_cured(report, FLIPPED, masks, np.flip(good, axes), good, classes)


def test_organs_that_swap_places_in_a_flipped_volume_keep_their_numbers():
    masks = np.zeros((24, 56, 64), np.uint8)
    for organ, (row, column) in enumerate([(12, 14), (40, 46), (14, 44), (38, 16)], start=1):
        masks[4:20, row - 7 : row + 8, column - 7 : column + 8] = organ
    good = np.roll(masks, 1, axis=1)
    report = diagnose(y_true=masks, y_pred=np.flip(good, (1, 2)))
    check_cured(report, FLIPPED, masks, np.flip(good, (1, 2)), good, 5)


@pytest.mark.parametrize("shape", [(24, 40, 48), (32, 32, 32), (40, 40, 16), (64, 24, 24)])
@pytest.mark.parametrize("classes", [2, 5])
def test_a_healthy_volume_is_left_alone(shape, classes):
    masks, predictions = draw_volume(*shape, classes=classes)
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=classes))
    check_nothing_is_wrong(
        diagnose(y_true=masks[np.newaxis], y_pred=predictions[np.newaxis], num_classes=classes)
    )


def test_a_healthy_stack_with_empty_slices_is_left_alone():
    masks, predictions = draw_kidneys()
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=predictions, num_classes=3))


@pytest.mark.parametrize("moved", [0, 4])
def test_a_symmetric_ball_is_left_alone_though_its_slices_repeat(moved):
    z, y, x = np.mgrid[:33, :33, :33]
    distance = (z - 16) ** 2 + (y - 16) ** 2 + (x - 16) ** 2
    masks, predictions = (distance < 144).astype(np.uint8), (distance < 132).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=np.roll(predictions, moved, axis=0))
    check_nothing_is_wrong(report)
    warnings = [it for it in report.findings if it.severity is not Severity.NOTE]
    assert [it.rule.name for it in warnings] == ["shifted-predictions"] * bool(moved)


@pytest.mark.parametrize("shape", [(24, 40, 48), (32, 32, 32)])
@pytest.mark.parametrize("smoothness", [5, 8])
def test_predictions_of_another_volume_are_not_transposed_or_flipped(shape, smoothness):
    for seed in range(4):
        masks, _ = draw_volume(*shape, seed=seed, smoothness=smoothness)
        other, _ = draw_volume(*shape, seed=seed + 50, smoothness=smoothness)
        report = diagnose(y_true=masks, y_pred=other)
        assert not {PERMUTED, FLIPPED} & set(names(report)), seed


def draw_ellipsoid(shape, centre, radii):
    places = np.ogrid[tuple(map(slice, shape))]
    parts = zip(places, centre, radii, strict=True)
    return (sum(((at - middle) / radius) ** 2 for at, middle, radius in parts) < 1).astype(np.uint8)


@pytest.mark.parametrize("depth", [2, 4])
@pytest.mark.parametrize("place", [6, 12, 17])
def test_a_small_organ_in_few_slices_shows_that_their_order_is_reversed(place, depth):
    masks = draw_ellipsoid((40, 64, 64), (place, 29, 35), (depth, 6, 7))
    good = np.roll(draw_ellipsoid((40, 64, 64), (place, 29, 35), (depth, 5.5, 6.5)), 1, axis=1)
    report = diagnose(y_true=masks, y_pred=good[::-1], num_classes=2)
    check_cured(report, FLIPPED, masks, good[::-1], good, 2)
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=good, num_classes=2))


@pytest.mark.parametrize("moved", [8, 20])
def test_a_small_organ_that_is_found_at_another_depth_is_not_flipped(moved):
    masks = draw_ellipsoid((40, 64, 64), (12, 29, 35), (3, 6, 7))
    check_nothing_is_wrong(diagnose(y_true=masks, y_pred=np.roll(masks, moved, axis=0)))


@pytest.mark.parametrize("axes", [(0,), (0, 1, 2)])
@pytest.mark.parametrize("organs", [2, 3])
def test_nested_organs_that_are_not_in_the_middle_show_a_flip(organs, axes):
    masks = np.zeros((40, 64, 64), np.uint8)
    for number in range(organs):
        radii = np.array([10, 19, 19]) * (organs - number) / organs
        masks[draw_ellipsoid(masks.shape, (16, 29, 35), radii) > 0] = number + 1
    good = np.roll(masks, 1, axis=1)
    report = diagnose(y_true=masks, y_pred=np.flip(good, axes))
    check_cured(report, FLIPPED, masks, np.flip(good, axes), good, organs + 1)


@pytest.mark.parametrize("samples", [4, 5])
@pytest.mark.parametrize("axes", [(1,), (0, 1, 2)])
def test_one_of_a_few_volumes_may_be_flipped(samples, axes):
    for classes in (2, 3, 5):
        masks, good = draw_pair((samples, 24, 40, 48), classes, seed=classes, noise=0.15)
        mixed = good.copy()
        mixed[2] = np.flip(mixed[2], axes)
        report = diagnose(y_true=masks, y_pred=mixed)
        check_cured(report, FLIPPED, masks, mixed, good, classes)
        assert found(report, FLIPPED).facts["faulty"] == [2]


def test_one_of_a_few_volumes_may_be_bad():
    for seed in range(4):
        masks, mixed = draw_pair((4, 24, 40, 48), 3, seed=seed, noise=0.25)
        mixed[2] = draw_pair((1, 24, 40, 48), 3, seed=seed + 50)[1][0]
        report = diagnose(y_true=masks, y_pred=mixed)
        check_nothing_is_wrong(report)
        assert list(found(report, "outlying-samples").facts["outlying"]) == ["2"]


@pytest.mark.parametrize(("rows", "fires"), [(2, False), (4, True)])
def test_an_organ_drawn_a_little_aside_is_no_shift(rows, fires):
    z, y, x = np.mgrid[:18, :64, :64]
    noise = gaussian_filter(np.random.default_rng(0).normal(size=z.shape), (1, 3, 3))
    distance = np.hypot(y - 0.8 * z - 22.8, x - 32 - 3 * np.sin(z)) + abs(z - 9) / 2
    masks, drawn = distance < 8, distance + noise / noise.std() < 8
    report = diagnose(y_true=masks, y_pred=np.roll(drawn, rows, axis=1))
    assert ("shifted-predictions" in names(report)) == fires


@pytest.mark.parametrize(("least", "fires"), [(0, False), (8, True)])
def test_only_a_gap_in_an_organ_is_a_blank_mask(least, fires):
    z, y, x = np.mgrid[:13, :40, :40]
    organs = np.maximum(13 - 2.5 * np.abs(np.abs(z - 6) - 4), least)
    distance = np.hypot(y - 14 - z, x - 19)
    masks = (distance < organs) & (z != 6)
    predictions = distance < np.where(z == 6, 12, np.maximum(organs, 9))
    report = diagnose(y_true=masks, y_pred=predictions)
    assert ("faulty-samples" in names(report)) == fires


def test_one_of_three_volumes_is_turned():
    masks = draw_masks((3, 18, 44, 40), 4, seed=6)
    good = predict(masks, 4, seed=7)
    turned = good.copy()
    turned[1] = good[1, :, ::-1, ::-1]
    report = diagnose(y_true=masks, y_pred=turned, num_classes=4)
    assert report.verdict.primary == "flipped-samples"
    finding = found(report, "flipped-samples")
    assert "sample 1" in finding.message
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, good, 4))


@pytest.mark.parametrize("seed", range(5))
def test_one_of_three_volumes_on_which_the_model_failed_is_not_turned(seed):
    masks = draw_masks((3, 18, 44, 40), 4, seed=6)
    predictions = predict(masks, 4, seed=7)
    predictions[1] = draw_masks((1, 18, 44, 40), 4, seed=20 + seed)[0]
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert errors(report) == []
