from pathlib import Path

import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy
from scenes import boxes, model

from iou_doctor.repairs.retile import Retile
from iou_doctor.repairs.step import Side

T = boxes(1, height=48, width=96)
P = model(T, 2)
CLEAN = mean_iou(T, P, 5)
RULE = "misplaced-tiles"
CAMVID = Path(__file__).resolve().parents[4] / "shared" / "data" / "camvid"


def shuffled(labels, grid, seed):
    tile = labels.shape[1] // grid, labels.shape[2] // grid
    return Retile(Side.PREDICTIONS, tile, drawn(grid**2, seed)).apply(labels, spatial=2)


def drawn(tiles, seed):
    return tuple(np.random.default_rng(seed).permutation(tiles).tolist())


@pytest.mark.parametrize("grid", [2, 3, 4, 8])
def test_one_arrangement_of_all_samples_is_undone(grid):
    report = diagnose(y_true=T, y_pred=shuffled(P, grid, 5), num_classes=5)
    facts = found(report, RULE).facts
    assert facts["grid"] == [grid, grid]
    assert facts["tile"] == [48 // grid, 96 // grid]
    assert after(report, RULE) == pytest.approx(CLEAN)


@pytest.mark.parametrize("grid", [2, 4])
def test_another_arrangement_of_each_sample_is_estimated(grid):
    mixed = np.concatenate([shuffled(P[i : i + 1], grid, i) for i in range(8)])
    repair = found(diagnose(y_true=T, y_pred=mixed, num_classes=5), RULE).repair
    assert (repair.estimated, repair.steps) == (True, ())
    assert repair.mean_iou_after == pytest.approx(CLEAN, abs=0.05)


def test_rows_taken_for_columns_in_one_large_image():
    labels = boxes(7, samples=1, height=240, width=240)
    predicted = model(labels, 8)
    columns = np.arange(16).reshape(4, 4).T.ravel().tolist()
    sick = Retile(Side.PREDICTIONS, (60, 60), tuple(columns)).apply(predicted, spatial=2)
    report = diagnose(y_true=labels, y_pred=sick, num_classes=5)
    assert found(report, RULE).facts["grid"] == [4, 4]
    assert after(report, RULE) == pytest.approx(mean_iou(labels, predicted, 5))


@pytest.mark.parametrize(("height", "width"), [(48, 80), (56, 70)])
def test_square_tiles_and_what_they_leave_over(height, width):
    labels = boxes(3, height=height, width=width)
    predicted = model(labels, 4)
    order = drawn((height // 16) * (width // 16), 6)
    sick = Retile(Side.PREDICTIONS, (16, 16), order).apply(predicted, spatial=2)
    report = diagnose(y_true=labels, y_pred=sick, num_classes=5)
    assert found(report, RULE).facts["grid"] == [height // 16, width // 16]
    assert after(report, RULE) == pytest.approx(mean_iou(labels, predicted, 5))


def test_tiles_of_flattened_predictions():
    sick = shuffled(P, 3, 5).reshape(8, -1)
    report = diagnose(y_true=T, y_pred=sick, num_classes=5)
    assert after(report, RULE) == pytest.approx(CLEAN)


@pytest.mark.parametrize("side", [8, 16])
@pytest.mark.parametrize("seed", [3, 10])
def test_predictions_made_of_blocks_are_left_alone(side, seed):
    rows, columns = np.mgrid[:128, :128]
    rng = np.random.default_rng(seed)
    row, column = rng.uniform(45, 83, 2)
    labels = (np.hypot(rows - row, columns - column) < rng.uniform(30, 45)).astype(np.uint8)[None]
    coarse = noisy(labels[:, side // 2 :: side, side // 2 :: side], seed, share=0.5, classes=2)
    predicted = coarse.repeat(side, 1).repeat(side, 2)
    assert RULE not in names(diagnose(y_true=labels, y_pred=predicted, num_classes=2))


@pytest.mark.parametrize("signal", [0, 0.5, 1, 2])
@pytest.mark.parametrize("samples", [1, 6])
def test_weak_models_are_left_alone(signal, samples):
    for seed in range(4):
        labels = boxes(seed, samples=samples, classes=3)
        predicted = model(labels, seed + 50, signal=signal, classes=3)
        report = diagnose(y_true=labels, y_pred=predicted, num_classes=3)
        assert RULE not in names(report), seed


def test_noise_and_bad_borders_of_good_tiles_are_left_alone():
    bordered = P.copy()
    bordered[:, ::12] = 0
    bordered[:, :, ::24] = 0
    for predicted in (noisy(T, 1, share=0.6, classes=5), bordered):
        assert RULE not in names(diagnose(y_true=T, y_pred=predicted, num_classes=5))


def test_tiles_that_fit_by_choice_alone_keep_their_seams():
    for seed in range(3):
        labels = boxes(seed, samples=4, classes=2)
        predicted = shuffled(model(labels, seed + 50, signal=0, classes=2), 8, seed)
        report = diagnose(y_true=labels, y_pred=predicted, num_classes=2)
        assert RULE not in names(report), seed


@pytest.mark.skipif(not CAMVID.is_dir(), reason="the CamVid data is not beside the project")
def test_swapped_halves_of_a_street_are_tiles_and_not_flips():
    masks = np.load(CAMVID / "val30_masks_u8.npy")
    predicted = np.load(CAMVID / "val30_probs_f16.npy").argmax(axis=-1)
    halves = np.concatenate([predicted[:, :, 120:], predicted[:, :, :120]], axis=2)
    report = diagnose(y_true=masks, y_pred=halves, num_classes=11, ignore_index=11)
    assert "flipped-samples" not in names(report)
    assert after(report, RULE) == pytest.approx(0.5677786168726201)
