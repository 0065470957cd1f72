"""Some of several cubes whose axes stand in another order, because another library read them."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, probabilities
from help_code import run_help
from scipy.ndimage import gaussian_filter

from field.arrays import Labels, draw_pair
from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.file_repair.run import repair_files

TURNED, OUTLYING = "flipped-samples", "outlying-samples"
REVERSED = (2, 1, 0)


def draw_cubes(samples: int, side: int, classes: int, **how: float) -> tuple[Labels, Labels]:
    """Return cubes of blobs and predictions with other edges."""
    return draw_pair((samples, side, side, side), classes, **how)


def draw_organs(samples: int, side: int, *, rough: float = 1.0) -> tuple[Labels, Labels]:
    """Return cubes with three organs, each of a class of its own, and predictions of them."""
    random, grid = np.random.default_rng(side), np.indices((side,) * 3).astype(np.float64)
    masks, predictions = (np.zeros((samples, *grid.shape[1:]), np.uint8) for _ in range(2))
    for truth, predicted in zip(masks, predictions, strict=True):
        for organ in (1, 2, 3):
            centre, radii = random.uniform(0.25, 0.75, 3) * side, random.uniform(0.1, 0.3, 3) * side
            depth = (1 - np.sqrt((((grid.T - centre) / radii) ** 2).sum(-1).T)) * radii.mean()
            noise = gaussian_filter(random.normal(size=depth.shape), 2)
            truth[depth > 0] = predicted[depth + rough * noise / noise.std() > 0] = organ
    return masks, predictions


def transpose(volumes: Labels, samples: list[int], order: tuple[int, ...] = REVERSED) -> Labels:
    """Return volumes of which some have their axes in another order."""
    mixed = volumes.copy()
    for sample in samples:
        mixed[sample] = np.transpose(volumes[sample], order)
    return mixed


def check_cured(report, masks, mixed, good, samples, classes):
    """Assert that these samples are the only error, and that help and repair restore the score."""
    assert errors(report) == [TURNED]
    finding = found(report, TURNED)
    assert finding.facts["faulty"] == samples
    _, repaired = run_help(finding.help, masks=masks, predictions=mixed)
    np.testing.assert_array_equal(repaired, good)
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, good, classes))


@pytest.mark.parametrize(
    ("samples", "side", "classes", "noise", "faulty"),
    [
        (4, 24, 4, 0.3, [2]),
        (6, 40, 4, 0.4, [0]),
        (12, 32, 3, 0.5, [11]),
        (5, 20, 4, 0.2, [0, 1]),
        (8, 36, 5, 0.3, [2, 5]),
        (12, 28, 3, 0.5, [0, 7]),
        (12, 28, 3, 0.5, [0, 7, 9]),
    ],
)
def test_cubes_with_reversed_axes_are_named_among_others(samples, side, classes, noise, faulty):
    masks, good = draw_cubes(samples, side, classes, seed=2, noise=noise)
    mixed = transpose(good, faulty)
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=classes)
    check_cured(report, masks, mixed, good, faulty, classes)


@pytest.mark.parametrize(("side", "faulty"), [(28, [3]), (44, [1, 4])])
def test_a_transposed_cube_shows_by_its_organs(side, faulty):
    masks, good = draw_organs(6, side)
    mixed = transpose(good, faulty)
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=4)
    check_cured(report, masks, mixed, good, faulty, 4)


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_the_message_says_which_sample_and_which_order_and_the_help_is_the_code(order):
    masks, good = draw_cubes(6, 32, 3, seed=0)
    report = diagnose(y_true=masks, y_pred=transpose(good, [4], order), num_classes=3)
    finding = found(report, TURNED)
    shown = ", ".join(map(str, order))
    assert finding.message.startswith(
        f"1 of 6 samples is turned: transposed, with the axes of the mask in the order {shown}"
        " (sample 4); the mean IoU is "
    )
    back = tuple(order.index(axis) for axis in range(3))
    assert finding.help == f"predictions[4] = np.transpose(predictions[4], {back})"
    assert finding.facts["turns"] == {
        f"transposed, with the axes of the mask in the order {shown}": 1
    }


def test_exchanged_rows_and_columns_of_one_volume_are_an_order_too():
    masks, good = draw_cubes(6, 32, 3, seed=0)
    mixed = transpose(good, [4], (0, 2, 1))
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=3)
    check_cured(report, masks, mixed, good, [4], 3)
    assert "with the axes of the mask in the order 0, 2, 1 (sample 4)" in report.findings[0].message


def test_two_transposed_volumes_are_repaired_by_one_loop():
    masks, good = draw_cubes(8, 36, 5, seed=2)
    report = diagnose(y_true=masks, y_pred=transpose(good, [2, 5]), num_classes=5)
    assert "order 2, 1, 0 (samples 2 and 5)" in found(report, TURNED).message
    assert found(report, TURNED).help == (
        "for i in (2, 5): predictions[i] = np.transpose(predictions[i], (2, 1, 0))"
    )


def test_only_axes_of_the_same_size_can_have_changed_places():
    masks, good = draw_pair((5, 32, 20, 32), 3, seed=3)
    mixed = transpose(good, [1])
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=3)
    check_cured(report, masks, mixed, good, [1], 3)


@pytest.mark.parametrize(
    ("channel", "order"), [(1, "(0, 3, 2, 1)"), (-1, "(2, 1, 0, 3)")], ids=["first", "last"]
)
def test_the_scores_of_a_transposed_volume_keep_their_class_axis(channel, order):
    masks, good = draw_cubes(5, 24, 4, seed=0)
    right, mixed = (
        np.moveaxis(probabilities(labels, 0, classes=4), -1, channel)
        for labels in (good, transpose(good, [3]))
    )
    metric = f"MeanIoU(4, sparse_y_pred=False, axis={channel})"
    report = diagnose(y_true=masks, y_pred=mixed, metric=metric)
    finding = found(report, TURNED)
    assert finding.help == f"predictions[3] = np.transpose(predictions[3], {order})"
    assert finding.repair.mean_iou_after == pytest.approx(mean_iou(masks, good, 4))
    _, repaired = run_help(finding.help, masks=masks, predictions=mixed)
    np.testing.assert_array_equal(repaired.argmax(channel), right.argmax(channel))


def save_volumes(folder, volumes, form):
    """Save each volume as a file of its own, and return the folder."""
    folder.mkdir()
    for number, volume in enumerate(volumes):
        if form == "npy":
            np.save(folder / f"case_{number}.npy", volume)
        else:
            nibabel = pytest.importorskip("nibabel", reason="the extra `medical` is missing")
            image = nibabel.Nifti1Image(volume, np.eye(4), dtype=volume.dtype)
            image.to_filename(folder / f"case_{number}.nii.gz")
    return folder


@pytest.mark.parametrize("form", ["npy", "nifti"])
@pytest.mark.parametrize("faulty", [[1], [1, 4]])
def test_fix_writes_the_files_of_a_folder_with_their_axes_in_order(tmp_path, form, faulty):
    masks, good = draw_cubes(6, 28, 3, seed=0)
    truth = save_volumes(tmp_path / "masks", masks, form)
    mixed = save_volumes(tmp_path / "predictions", transpose(good, faulty), form)
    request = CheckRequest(predictions=str(mixed), masks=str(truth), options=Options(num_classes=3))
    done = repair_files(request, output_dir=tmp_path / "fixed")
    finding = found(check(request), TURNED)
    named = " and ".join(f"`case_{number}`" for number in faulty)
    assert f"in the order 2, 1, 0 ({named})" in finding.message
    assert finding.help == f"for {named}: volume = np.transpose(volume, (2, 1, 0))"
    assert done.report.mean_iou == pytest.approx(mean_iou(masks, good, 3))
    for number, expected in enumerate(good):
        if form == "npy":
            copy = np.load(tmp_path / "fixed" / "predictions" / f"case_{number}.npy")
        else:
            import nibabel

            file = tmp_path / "fixed" / "predictions" / f"case_{number}.nii.gz"
            copy = np.asarray(nibabel.load(file).dataobj)
        np.testing.assert_array_equal(copy, expected)


def check_no_turn(masks, predictions, classes):
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    assert errors(report) == []
    assert TURNED not in names(report)
    return report


@pytest.mark.parametrize("noise", [0.3, 0.8, 1.3])
def test_cubes_by_any_model_are_left_alone(noise):
    for seed, classes in enumerate((2, 3, 5)):
        check_no_turn(*draw_cubes(6, 24, classes, seed=seed, noise=noise), classes)


def test_cubes_of_which_a_model_finds_some_well_and_some_badly_are_left_alone():
    for seed in range(4):
        pairs = [
            draw_cubes(1, 24, 3, seed=10 * seed + place, noise=noise)
            for place, noise in enumerate((0.1, 0.2, 0.3, 0.3, 0.4, 1.0, 1.5))
        ]
        check_no_turn(*(np.concatenate(side) for side in zip(*pairs, strict=True)), 3)


@pytest.mark.parametrize("failed", [1, 2])
def test_cubes_on_which_a_model_has_failed_are_not_transposed(failed):
    for seed in range(5):
        masks, predictions = draw_cubes(7, 24, 3, seed=seed, noise=0.2)
        predictions[:failed] = draw_cubes(failed, 24, 3, seed=seed + 50)[1]
        check_no_turn(masks, predictions, 3)


def test_a_cube_that_looks_alike_along_two_axes_is_not_transposed():
    random = np.random.default_rng(0)
    masks, predictions = draw_cubes(6, 24, 2, seed=1, noise=0.2)
    grid = np.indices((24, 24, 24)) - 11.5
    radius = np.sqrt((grid**2).sum(0)) + random.normal(size=(24, 24, 24))
    masks[2], predictions[2] = radius < 8, (radius < 4) | (np.abs(grid[0] - grid[2]) < 2)
    check_no_turn(masks, predictions, 2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cube_whose_organs_are_found_some_voxels_aside_is_not_transposed(axis):
    masks, predictions = draw_organs(6, 32)
    predictions[2] = np.roll(predictions[2], 6, axis)
    check_no_turn(masks, predictions, 4)


def test_a_cube_that_is_flipped_besides_is_outlying_and_not_called_transposed():
    masks, good = draw_cubes(6, 32, 3, seed=0)
    mixed = transpose(good, [4])
    mixed[4] = mixed[4, ::-1]
    assert OUTLYING in names(check_no_turn(masks, mixed, 3))


def test_two_cubes_in_different_orders_are_no_work_of_one_library():
    masks, good = draw_cubes(8, 28, 4, seed=3)
    mixed = transpose(transpose(good, [1]), [5], (1, 2, 0))
    check_no_turn(masks, mixed, 4)


def test_orders_of_axes_are_tried_only_if_some_volume_scores_far_less_than_others(monkeypatch):
    def refuse(*_):
        raise AssertionError("the orders were tried")

    monkeypatch.setattr("iou_doctor.checks.alignment.flipped_samples.fit_turns", refuse)
    for noise in (0.2, 0.4, 1.5):
        check_no_turn(*draw_cubes(6, 32, 3, seed=2, noise=noise, smoothness=3), 3)
    check_no_turn(*draw_pair((12, 48, 48), 3, seed=2), 3)
