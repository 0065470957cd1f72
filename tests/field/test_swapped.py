"""Predictions and masks in the wrong order, as a shell lists `*.npy`."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, logits, mean_iou, names, probabilities, sigmoid

import iou_doctor
from field.arrays import draw_masks, predict
from iou_doctor.report.finding import Severity

TRUTH = draw_masks((6, 64, 64), 5)
PREDICTED = predict(TRUTH, 5)
RIM = np.zeros(TRUTH.shape, dtype=bool)
RIM[:, ::8] = True
VOID = np.where(RIM, 255, TRUTH)
BINARY = draw_masks((5, 64, 64), 2, smoothness=10.0)
GOOD = predict(BINARY, 2)


@pytest.mark.parametrize("options", [{}, {"ignore_index": 255}, {"num_classes": 5}])
def test_void_that_only_the_predictions_hold(options):
    report = diagnose(y_true=PREDICTED, y_pred=VOID, **options)
    assert report.verdict.primary == "inputs-swapped"
    assert found(report, "inputs-swapped").severity is Severity.ERROR
    assert after(report, "inputs-swapped") == pytest.approx(
        mean_iou(TRUTH[~RIM], PREDICTED[~RIM], 5)
    )
    assert set(errors(report)) - {"inputs-swapped"} <= report.consequences


@pytest.mark.parametrize(
    ("masks", "predictions"),
    [
        (logits(PREDICTED, 0, classes=5), TRUTH),
        (probabilities(PREDICTED, 0, classes=5), TRUTH),
        (probabilities(PREDICTED, 0, classes=5), VOID),
    ],
    ids=["logits", "softmax", "softmax and void"],
)
def test_scores_in_place_of_the_masks(masks, predictions):
    report = diagnose(y_true=masks, y_pred=predictions)
    assert report.verdict.primary == "inputs-swapped"
    assert set(errors(report)) - {"inputs-swapped"} <= report.consequences


def test_no_pixel_counts_and_the_masks_are_0_and_255_on_top():
    report = diagnose(y_true=sigmoid(GOOD, 0), y_pred=BINARY * 255)
    assert report.verdict.primary == "inputs-swapped"
    assert "masks-0-255" in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(BINARY, GOOD, 2))


def test_a_void_label_shows_after_the_swap():
    report = diagnose(y_true=PREDICTED, y_pred=VOID)
    message = found(report, "undeclared-void-label").message
    assert message.startswith("after the repair of `inputs-swapped`: ")


def test_the_names_of_the_files_tell(tmp_path):
    soft = probabilities(PREDICTED, 0, classes=5)
    np.save(tmp_path / "preds.npy", soft)
    np.save(tmp_path / "masks.npy", TRUTH)
    report = iou_doctor.check(y_pred=tmp_path / "masks.npy", y_true=tmp_path / "preds.npy")
    assert report.primary is not None
    assert report.primary.rule.name == "inputs-swapped"


@pytest.mark.parametrize(
    ("masks", "predictions"),
    [
        (VOID, PREDICTED),
        (TRUTH, PREDICTED),
        (TRUTH, np.where(PREDICTED == 0, 255, PREDICTED)),  # 255 is the background
        (BINARY, GOOD * 255),
        (BINARY * 255, GOOD),
    ],
)
def test_the_right_order_is_not_swapped(masks, predictions):
    assert "inputs-swapped" not in names(diagnose(y_true=masks, y_pred=predictions))


def test_predictions_of_noise_beyond_the_classes_are_not_masks():
    noise = np.random.default_rng(1).integers(0, 256, TRUTH.shape)
    assert "inputs-swapped" not in names(diagnose(y_true=TRUTH, y_pred=noise, num_classes=5))
