import numpy as np
import pytest
from build import diagnose, found, names, noisy, one_hot, probabilities, roots, scene
from field.arrays import draw_pair
from help_code import run_help

RULE = "channels-not-normalised"
CALL = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
TRUTH = scene(1)
SCORES = probabilities(noisy(TRUTH, 2), 3, classes=3)


def test_independent_sigmoids():
    report = diagnose(y_true=[[0, 1]], y_pred=[[[0.9, 0.8, 0.1], [0.2, 0.3, 0.1]]], metric=CALL)
    finding = found(report, "channels-not-normalised")
    assert finding.facts == {
        "pixels": 2,
        "pixels_off": 2,
        "channel_sum_minimum": pytest.approx(0.6),
        "channel_sum_maximum": pytest.approx(1.8),
    }
    assert report.verdict.primary == "channels-not-normalised"
    assert not report.verdict.sick


def few_off():
    scores = SCORES.copy()
    scores[0, 0, :15] /= 2
    return scores


def void():
    return SCORES * (np.arange(18) > 5)[:, None]


@pytest.mark.parametrize(
    "scores",
    [
        SCORES,
        SCORES.astype(np.float16),
        np.rint(SCORES * 255) / 255,
        one_hot(TRUTH, 3, np.float32),
        few_off(),
        void(),
    ],
    ids=["softmax", "float16", "8 bit", "one-hot", "few", "void"],
)
def test_sums_of_1_pass(scores):
    report = diagnose(y_true=TRUTH, y_pred=scores, metric=CALL)
    assert "channels-not-normalised" not in names(report)


def test_150_classes_in_8_bit_pass():
    truth = scene(1, height=40, width=40, classes=150)
    scores = np.rint(probabilities(truth, 3, classes=150) * 255) / 255
    metric = "keras.metrics.MeanIoU(num_classes=150, sparse_y_pred=False)"
    report = diagnose(y_true=truth, y_pred=scores.astype(np.float32), metric=metric)
    assert "channels-not-normalised" not in names(report)


def test_it_does_not_explain_a_missing_argmax():
    report = diagnose(y_true=TRUTH, y_pred=SCORES / 2, num_classes=3)
    assert {f.rule.name for f in roots(report)} >= {
        "channels-not-normalised",
        "unargmaxed-probabilities",
    }


@pytest.mark.parametrize(("number", "fires"), [(5, False), (6, True)])
def test_a_twentieth_of_the_pixels_may_be_off(number, fires):
    truth = scene(1, samples=1, height=10, width=10)
    scores = probabilities(truth, 3, classes=3)
    scores.reshape(100, 3)[:number] /= 2
    report = diagnose(y_true=truth, y_pred=scores, metric=CALL)
    assert ("channels-not-normalised" in names(report)) is fires


@pytest.mark.parametrize(
    ("classes", "total", "fires"),
    [(3, 1.018, False), (3, 1.022, True), (150, 1.29, False), (150, 1.3, True)],
)
def test_sums_may_be_off_by_rounding_to_8_bits(classes, total, fires):
    truth = scene(1, samples=1, height=20, width=20, classes=classes)
    scores = np.full((*truth.shape, classes), 0.4 / (classes - 1)) + 0.6 * one_hot(truth, classes)
    scores *= total / scores.sum(axis=-1, keepdims=True)
    metric = f"keras.metrics.MeanIoU(num_classes={classes}, sparse_y_pred=False)"
    report = diagnose(y_true=truth, y_pred=scores, metric=metric)
    assert ("channels-not-normalised" in names(report)) is fires


@pytest.mark.parametrize("options", [{}, {"num_classes": 4}])
def test_sigmoid_channels_without_one_for_background(options):
    truth, predicted = draw_pair((4, 64, 64), 4, seed=3)
    scores = one_hot(predicted, 4)[..., 1:] * 0.9 + np.float32(0.02)
    report = diagnose(y_true=truth, y_pred=scores, **options)
    wrong = {"labels-off-by-one", "zero-label-reduced", "undeclared-void-label"}
    assert wrong.isdisjoint(names(report))
    _, labels = run_help(found(report, RULE).help, masks=truth, predictions=scores)
    np.testing.assert_array_equal(labels, predicted)


def test_background_of_sigmoid_channels_may_be_the_first_one():
    truth, predicted = draw_pair((4, 64, 64), 3, seed=3)
    scores = one_hot(predicted, 3) * 0.9 + np.float32(0.02)
    scores[:, :40] *= 0.1
    assert "one softmax" in found(diagnose(y_true=truth, y_pred=scores), RULE).help
