"""Sigmoid scores of which some were multiplied, so that they exceed 1 and yet are no logits."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names

from field.arrays import draw_masks
from field.channels import binary_logits, squash
from field.test_multilabel import MASKS, SCORES, TORCH
from iou_doctor.arrays.interpretation import Encoding

BINARY = "keras.metrics.BinaryIoU(threshold=0.5)"
READS_LABELS = "keras.metrics.MeanIoU(num_classes=2)"


def draw(samples=6, size=(56, 64), seed=0):
    masks = draw_masks((samples, *size), 2, seed=seed)
    return masks, squash(binary_logits(masks, seed=seed + 3))


def multiply(scores, factor, samples):
    """Return scores of which those of some samples were multiplied."""
    multiplied = scores.copy()
    multiplied[list(samples)] *= factor
    return multiplied


CASES = {
    "one": (lambda s: multiply(s, 2, [2]), {}),
    "two of eight": (lambda s: multiply(s, 2, [1, 5]), {"samples": 8, "seed": 3}),
    "by 1.5": (lambda s: multiply(s, 1.5, [0]), {"seed": 5}),
    "by 4": (lambda s: multiply(s, 4, [3]), {}),
    "by 10 in float16": (lambda s: multiply(s, 10, [3]).astype(np.float16), {"size": (40, 96)}),
    "sum of two models": (lambda s: s + np.roll(s, 1, axis=-1), {"samples": 4}),
}


@pytest.mark.parametrize("metric", [None, BINARY, READS_LABELS])
@pytest.mark.parametrize("name", CASES)
def test_scores_above_1_and_never_below_0_are_no_logits(name, metric):
    change, options = CASES[name]
    masks, scores = draw(**options)
    multiplied = change(scores)
    report = diagnose(y_true=masks, y_pred=multiplied, metric=metric)
    assert report.reading.y_pred is Encoding.SIGMOID
    expected = mean_iou(masks, multiplied >= 0.5, 2)
    assert expected > 0.9
    assert report.verdict.mean_iou_after_all == pytest.approx(expected)
    if metric == BINARY:
        assert names(report) == []
        assert report.metric.value == pytest.approx(expected, abs=1e-6)
    else:
        assert errors(report) == ["unthresholded-sigmoid"]
        assert after(report, "unthresholded-sigmoid") == pytest.approx(expected)
        message = found(report, "unthresholded-sigmoid").message
        assert "those above 1 are no probabilities" in message


def test_channels_of_one_multiplied_sample_are_not_called_logits():
    scores = multiply(SCORES, 2, [2])
    finding = found(diagnose(y_true=MASKS, y_pred=scores, metric=TORCH), "threshold-off")
    assert "look for samples whose scores were multiplied" in finding.help


def test_probabilities_are_not_said_to_exceed_1():
    masks, scores = draw()
    message = found(diagnose(y_true=masks, y_pred=scores), "unthresholded-sigmoid").message
    assert "above 1" not in message


@pytest.mark.parametrize("floor", [None, 0.0])
def test_logits_stay_logits(floor):
    """A ReLU leaves no negative logit, but many zeros."""
    masks = draw_masks((6, 56, 64), 2)
    logits = binary_logits(masks)
    if floor is not None:
        logits = np.where(logits < -8, floor, logits + 8)
    report = diagnose(y_true=masks, y_pred=logits, metric=BINARY)
    assert report.reading.y_pred is Encoding.BINARY_LOGITS
