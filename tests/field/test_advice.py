"""Advice: no repair that lowers the score, no training before the format, helps that compose."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, logits, names, one_hot, probabilities, roots, sigmoid
from help_code import run_help

from field.arrays import draw_masks, predict

TRUTH = draw_masks((4, 40, 56), 4)
PREDICTED = predict(TRUTH, 4)
BINARY = draw_masks((4, 64, 64), 2, smoothness=10.0)
GOOD = predict(BINARY, 2)
TRAINING = ("class weights", "weight the loss", "sort both", "learning rate")
HOLES = np.zeros(TRUTH.shape, dtype=bool)
HOLES[:, 10:20, 10:30] = True


def faulty():
    """Yield the arguments of `diagnose` for data with one or two faults."""
    yield {"y_true": np.where(HOLES, 250, TRUTH), "y_pred": PREDICTED, "num_classes": 4}
    yield {"y_true": np.where(HOLES, 77, TRUTH), "y_pred": PREDICTED, "num_classes": 4}
    yield {"y_true": np.where(HOLES, 254, TRUTH), "y_pred": PREDICTED}
    yield {"y_true": TRUTH, "y_pred": PREDICTED, "num_classes": 3}
    yield {"y_true": TRUTH + 1, "y_pred": PREDICTED}
    yield {"y_true": BINARY * 255, "y_pred": GOOD, "num_classes": 2}
    yield {"y_true": BINARY * 255, "y_pred": GOOD, "num_classes": 2, "ignore_index": 255}
    yield {"y_true": BINARY * 255, "y_pred": sigmoid(GOOD, 1)}
    yield {"y_true": PREDICTED, "y_pred": np.where(HOLES, 255, TRUTH)}
    yield {"y_true": TRUTH[:, ::-1] + 1, "y_pred": PREDICTED, "num_classes": 4}
    yield {"y_true": np.array([2, 0, 3, 1])[TRUTH], "y_pred": np.roll(PREDICTED, 1, 0)}
    yield {"y_true": np.where(HOLES, 255, TRUTH), "y_pred": logits(PREDICTED, 1, classes=4)}
    yield {"y_true": TRUTH, "y_pred": np.zeros_like(TRUTH), "num_classes": 4}


@pytest.mark.parametrize("arguments", list(faulty()))
def test_no_repair_lowers_the_score(arguments):
    report = diagnose(**arguments)
    before = report.mean_iou
    for finding in report.findings:
        repair = finding.repair
        if repair and repair.mean_iou_after is not None and before is not None:
            assert repair.mean_iou_after >= before - 1e-9, finding.rule.name
    after = report.verdict.mean_iou_after_all
    assert before is None or after is None or after >= before - 1e-9


@pytest.mark.parametrize("arguments", list(faulty())[:-1])
def test_no_training_advice_while_a_format_fault_stands(arguments):
    report = diagnose(**arguments)
    assert errors(report) or "undeclared-void-label" in names(report)
    assert not any(word in f.help for f in report.findings for word in TRAINING)


def test_training_advice_is_for_arrays_of_the_right_format():
    report = diagnose(y_true=TRUTH, y_pred=np.zeros_like(TRUTH), num_classes=4)
    assert "class weights" in found(report, "collapsed-predictions").help


def test_the_score_of_background_alone_is_no_measure():
    report = diagnose(y_true=BINARY * 255, y_pred=BINARY * 0, num_classes=2)
    assert report.mean_iou == 1.0
    assert found(report, "masks-0-255").repair is not None


MONAI = "monai.metrics.MeanIoU()"
QUBVEL = "sm.metrics.IOUScore()"
TORCH = "torchmetrics.JaccardIndex(task='multiclass', num_classes=4)"
INDEX = "torchmetrics.segmentation.MeanIoU(num_classes=4, input_format='index')"
SOFT = probabilities(PREDICTED, 1, classes=4)
FIRST = np.moveaxis(SOFT, -1, 1)


@pytest.mark.parametrize(
    ("masks", "predictions", "metric"),
    [
        (TRUTH, SOFT, MONAI),
        (TRUTH, FIRST, QUBVEL),
        (TRUTH + 1, SOFT, MONAI),
        (TRUTH + 1, FIRST, MONAI),
        (np.array([2, 0, 3, 1])[TRUTH], SOFT, MONAI),
        (TRUTH + 1, PREDICTED, MONAI),
        (TRUTH + 1, PREDICTED, QUBVEL),
        (one_hot(TRUTH, 4), FIRST, MONAI),
        (one_hot(TRUTH, 4), SOFT, TORCH),
        (BINARY * 255, GOOD, MONAI),
        (np.stack([TRUTH] * 3, -1), PREDICTED, MONAI),
        (np.stack([TRUTH] * 3, -1), np.moveaxis(one_hot(PREDICTED, 4), -1, 1), MONAI),
        (np.stack([TRUTH] * 3, -1), SOFT, INDEX),
        (np.stack([BINARY] * 3, -1) * 255, GOOD, QUBVEL),
        (BINARY[..., np.newaxis] * 255, GOOD, MONAI),
        (one_hot(BINARY, 2) * 255, GOOD, MONAI),
        (np.where(HOLES, 255, TRUTH), PREDICTED, MONAI),
        (np.where(HOLES, 255, TRUTH), SOFT, MONAI),
        (TRUTH, one_hot(PREDICTED, 4), TORCH),
        (TRUTH, np.moveaxis(one_hot(PREDICTED, 4), -1, 1), TORCH),
        (TRUTH + 1, np.moveaxis(one_hot(PREDICTED, 4), -1, 1), TORCH),
        (TRUTH[:, ::-1], SOFT, MONAI),
        (TRUTH[:, ::-1], FIRST, "keras.metrics.MeanIoU(num_classes=4, sparse_y_pred=False)"),
        (TRUTH[:, ::-1], PREDICTED, QUBVEL),
        (BINARY, sigmoid(GOOD, 1)[..., np.newaxis], INDEX.replace("4", "2")),
    ],
)
def test_helps_can_be_followed_one_after_the_other(masks, predictions, metric):
    report = diagnose(y_true=masks, y_pred=predictions, metric=metric)
    for finding in roots(report):
        for code in finding.help.split(", then "):
            if code.startswith(("masks = ", "predictions = ", "lut = ")):
                masks, predictions = run_help(code, masks=masks, predictions=predictions)
    assert errors(diagnose(y_true=masks, y_pred=predictions, metric=metric)) == []
