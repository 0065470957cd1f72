from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, found, mean_iou, names, noisy, outcome, sigmoid

from iou_doctor.checks.predictions.threshold_off import _do_both_gain
from iou_doctor.report.finding import Status

BINARY = "keras.metrics.BinaryIoU()"
TRUTH = np.zeros((9, 24, 30), dtype=np.uint8)
TRUTH[:, 6:18, 5:20] = 1
PREDICTED = noisy(TRUTH, 2, classes=2)
SCORES = sigmoid(PREDICTED, 3)


def test_scores_raised_to_a_power_need_another_threshold():
    # 0.55 cubed is 0.17, 0.45 cubed is 0.09
    report = diagnose(y_true=TRUTH, y_pred=SCORES**3, metric=BINARY)
    finding = found(report, "threshold-off")
    assert finding.facts["best_threshold"] == 0.1
    assert finding.facts["best_mean_iou"] == mean_iou(TRUTH, PREDICTED, 2)
    assert finding.facts["mean_iou"] == report.mean_iou
    assert finding.repair is None
    cuts = finding.facts["mean_iou_at"]
    assert list(cuts) == [f"0.{tenth}" for tenth in range(1, 10)]
    for cut, value in cuts.items():
        predicted = np.greater_equal(SCORES**3, np.float32(cut))
        assert value == mean_iou(TRUTH, predicted, 2)


def test_a_score_on_the_threshold_is_foreground():
    # 0.1 in float32 lies above 0.1 in float64
    on = np.where(PREDICTED == 1, np.float32(0.3), np.float32(0.1))
    report = diagnose(y_true=TRUTH, y_pred=on, metric=BINARY)
    facts = found(report, "threshold-off").facts
    assert facts["mean_iou_at"]["0.3"] == mean_iou(TRUTH, PREDICTED, 2)
    assert facts["mean_iou_at"]["0.1"] == mean_iou(TRUTH, np.ones_like(TRUTH), 2)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_noisy_models_pass(share):
    for seed in range(4):
        scores = sigmoid(noisy(TRUTH, seed, share=share, classes=2), seed + 100)
        report = diagnose(y_true=TRUTH, y_pred=scores, metric=BINARY)
        assert "threshold-off" not in names(report), seed


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_weak_but_calibrated_models_pass(share):
    # a lower threshold is worth some points of foreground here, which the background pays for
    for skill in (0.5, 1.0, 2.0):
        rng = np.random.default_rng(0)
        truth = rng.random((8, 64, 64)) < share
        seen = rng.normal(0, 1, truth.shape) + skill * truth
        odds = share / (1 - share) * np.exp(skill * seen - skill**2 / 2)
        scores = (odds / (1 + odds)).astype(np.float32)
        report = diagnose(y_true=truth, y_pred=scores, metric=BINARY)
        assert "threshold-off" not in names(report), skill


def test_a_handful_of_pixels_passes():
    report = diagnose(y_true=TRUTH[0], y_pred=SCORES[0] ** 3, metric=BINARY)
    assert min((TRUTH[0] == 0).sum(), TRUTH[0].sum()) < 1000
    assert "threshold-off" not in names(report)


def test_logits_are_skipped():
    report = diagnose(y_true=TRUTH, y_pred=SCORES * 8 - 6, metric=BINARY)
    assert outcome(report, "threshold-off").status is Status.SKIPPED


def test_the_chosen_threshold_counts():
    metric = "keras.metrics.BinaryIoU(threshold=0.1)"
    report = diagnose(y_true=TRUTH, y_pred=SCORES**3, metric=metric)
    assert "threshold-off" not in names(report)


@pytest.mark.parametrize(
    ("pixels", "gain", "loss", "both"),
    [
        (1000, 0.021, 0, True),
        (1000, 0.019, 0, False),
        (999, 0.021, 0, False),
        (1000, 0.021, 0.001, False),
    ],
)
def test_the_rarer_class_gains_and_the_other_one_does_not_lose(pixels, gain, loss, both):
    before, after = (
        SimpleNamespace(
            per_class=[
                SimpleNamespace(truth_pixels=9000, iou=common),
                SimpleNamespace(truth_pixels=pixels, iou=rare),
            ]
        )
        for common, rare in ((0.9, 0.5), (0.9 - loss, 0.5 + gain))
    )
    assert _do_both_gain(before, after) is both


def test_a_class_that_is_never_predicted_may_gain_at_the_cost_of_the_other():
    # the highest scores are noise, so that the background loses at any threshold
    rng = np.random.default_rng(0)
    scores = 0.01 * (PREDICTED + 0.1 * rng.random(TRUTH.shape, dtype=np.float32))
    scores[rng.random(TRUTH.shape) < 0.35] = 0.012
    report = diagnose(y_true=TRUTH, y_pred=scores, metric=BINARY)
    finding = found(report, "threshold-off")
    assert "where both classes are predicted" in finding.message
    assert "collapsed-predictions" not in names(report)
