"""The boundary IoU is that of the public definition, whatever form the arrays have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from run import ROOT, run

import iou_doctor
from iou_doctor.render import markdown
from iou_doctor.scan.boundaries import count_bands

ndimage = pytest.importorskip("scipy.ndimage", reason="compares with scipy")


def find_band_slowly(mask):
    """Erode a mask as the public code does: by squares of 3 by 3, with nothing outside.

    In volumes, they are cubes.
    """
    width = max(1, round(0.02 * np.linalg.norm(mask.shape)))
    square = np.ones((3,) * mask.ndim)
    eroded = ndimage.binary_erosion(mask, square, iterations=width, border_value=0)
    return mask & ~eroded


def measure_slowly(masks, predictions, classes, void=None):
    """Return the union and the intersection of the bands of each class."""
    areas = np.zeros((2, classes), dtype=int)
    for truth, prediction in zip(masks, predictions, strict=True):
        counts = truth != void
        for label in range(classes):
            true = find_band_slowly((truth == label) & counts)
            pred = find_band_slowly((prediction == label) & counts)
            areas[:, label] += (true | pred).sum(), (true & pred).sum()
    return areas


def make_pair(seed=0, shape=(60, 70), samples=3):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 3, (samples, 6, 7))
    masks = cells.repeat(10, 1).repeat(10, 2)[:, : shape[0], : shape[1]]
    predictions = np.roll(masks, 2, axis=2)
    wrong = rng.random(masks.shape) < 0.01
    return masks, np.where(wrong, (predictions + 1) % 3, predictions)


@given(st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 80), st.integers(1, 80)))
@settings(max_examples=40)
def test_bands_are_those_of_the_public_definition(seed, shape):
    rng = np.random.default_rng(seed)
    cell = int(rng.integers(1, 20))
    size = [side // cell + 1 for side in shape]
    truth, prediction = (
        rng.integers(0, 4, size).repeat(cell, 0).repeat(cell, 1)[: shape[0], : shape[1]]
        for _ in range(2)
    )
    prediction = np.where(rng.random(shape) < 0.9, truth, prediction)
    prediction[truth == 3] = 3  # does not count
    expected = measure_slowly([truth], [prediction], 3)
    assert count_bands(truth, prediction, 3).tolist() == expected.tolist()


def find_boundary(**arguments):
    report = iou_doctor.check(num_classes=3, boundary_iou=True, **arguments)
    return report.fine_grained.boundary


@pytest.mark.parametrize("form", ["labels", "void", "scores", "channels first", "files"])
def test_arrays_of_every_form_give_the_same_number(form, tmp_path):
    masks, predictions = make_pair()
    void = None
    if form == "void":
        masks[:, 20:30, 5:40] = void = 255
    union, intersection = measure_slowly(masks, predictions, 3, void)
    arrays = {"y_true": masks, "y_pred": predictions, "ignore_index": void}
    if form in {"scores", "channels first"}:
        scores = np.random.default_rng(1).random((*masks.shape, 3)).astype(np.float32) * 0.1
        scores += np.eye(3, dtype=np.float32)[predictions]
        arrays["y_pred"] = scores if form == "scores" else np.moveaxis(scores, -1, 1)
    if form == "files":
        for name in ("y_true", "y_pred"):
            (tmp_path / name).mkdir()
            for index, labels in enumerate(arrays[name]):
                Image.fromarray(labels.astype(np.uint8)).save(tmp_path / name / f"{index}.png")
            arrays[name] = tmp_path / name
    expected = (intersection / union).mean()
    assert find_boundary(**arrays) == pytest.approx(expected, abs=1e-12)
    assert find_boundary(**arrays, jobs=3) == find_boundary(**arrays)


def test_thresholded_scores_are_two_classes():
    masks, predictions = (one == 1 for one in make_pair())
    scores = np.where(predictions, 0.9, 0.2).astype(np.float32)
    report = iou_doctor.check(
        y_true=masks.astype(np.uint8), y_pred=scores, num_classes=2, boundary_iou=True
    )
    union, intersection = measure_slowly(masks.astype(int), predictions.astype(int), 2)
    assert report.fine_grained.boundary == pytest.approx((intersection / union).mean(), abs=1e-12)


def test_bands_of_volumes_have_three_dimensions():
    masks, predictions = (one.reshape(1, 5, 42, 60)[:, :, :20] for one in make_pair(samples=3))
    masks, predictions = (one.repeat(3, axis=1) for one in (masks, predictions))
    arrays = {"y_true": masks, "y_pred": predictions, "layout": "NDHW"}
    union, intersection = measure_slowly(masks, predictions, 3)
    expected = (intersection / union).mean()
    assert find_boundary(**arrays) == pytest.approx(expected, abs=1e-12)
    arrays["y_true"], arrays["y_pred"] = masks[:, :2], predictions[:, :2]
    report = iou_doctor.check(num_classes=3, boundary_iou=True, **arrays)
    assert report.fine_grained.boundary is None
    assert "no boundary IoU: the volumes are so thin" in markdown.render(report)


@pytest.mark.parametrize("fault", ["flipped", "shifted", "thresholded", "swapped", "some", "255"])
def test_after_a_repair_it_is_that_of_the_repaired_arrays(fault):
    masks, predictions = make_pair(samples=6)[0], make_pair(samples=6)[0]
    predictions[:, 10:19, 5:30] = 0
    classes = 3
    if fault in {"thresholded", "255"}:
        masks, predictions, classes = (masks == 1) * 1, (predictions == 1) * 1, 2
    union, intersection = measure_slowly(masks, predictions, classes)
    wrong_masks, wrong = masks.astype(np.uint8), predictions.astype(np.uint8)
    if fault == "flipped":
        wrong = wrong[:, ::-1]
    elif fault == "shifted":
        wrong = wrong + np.uint8(1)
    elif fault == "thresholded":
        wrong = np.where(predictions, 0.9, 0.2).astype(np.float32)[..., None]
    elif fault == "swapped":
        wrong = wrong.swapaxes(1, 2)
    elif fault == "some":
        wrong = wrong.copy()
        wrong[2:4] = wrong[2:4, ::-1]
    elif fault == "255":
        wrong_masks = wrong_masks * np.uint8(255)
    report = iou_doctor.check(
        y_true=wrong_masks, y_pred=wrong, num_classes=classes, boundary_iou=True
    )
    assert report.ledger.of == "after-repair"
    expected = (intersection / union).mean()
    assert report.fine_grained.boundary == pytest.approx(expected, abs=1e-12)


def test_verbose_prints_it():
    words = [f"sample_data/healthy/{name}.npy" for name in ("preds", "masks")]
    arrays = [np.load(ROOT / word) for word in words]
    union, intersection = measure_slowly(*arrays[::-1], 3)
    boundary = f"2 % of the diagonal: {(intersection / union).mean():.4f}"
    assert boundary in run("check", *words, "-n", "3", "-v", cwd=ROOT).stdout
    assert "boundary" not in run("check", *words, "-n", "3", cwd=ROOT).stdout
