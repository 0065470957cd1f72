"""A scale of some samples only: scores, masks and predictions that were multiplied or divided."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names
from help_code import run_help
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, draw_pair, predict
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.report.finding import Severity

FAULTY, DIVIDED, NORMALISED = "faulty-samples", "masks-divided-by-255", "normalised-masks"
BINARY = "keras.metrics.BinaryIoU()"
DENSE = "keras.metrics.MeanIoU(num_classes=4, sparse_y_pred=False)"


def draw_logits(samples: int = 6, *, seed: int = 0):
    """Return binary masks and logits of a decent model, shape (samples, 48, 56)."""
    random = np.random.default_rng(seed)
    fields = gaussian_filter(random.normal(size=(2, samples, 48, 56)), (0, 0, 5, 5))
    height, noise = fields / fields.std(axis=(1, 2, 3), keepdims=True)
    shift = 0.8
    return (height > shift).astype(np.uint8), (4 * (height + 0.3 * noise - shift)).astype("f4")


def squash(logits):
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize(
    ("scale", "full"), [("bytes", 255), ("bytes", 100), ("bytes", 65535), ("logits", 1)]
)
def test_some_scores_on_another_scale_do_not_decide_what_all_are(scale, full):
    masks, logits = draw_logits()
    clean = squash(logits)
    mixed = clean.copy()
    mixed[[1, 4]] = logits[[1, 4]] if scale == "logits" else clean[[1, 4]] * full
    report = diagnose(y_true=masks, y_pred=mixed, metric=BINARY)
    assert errors(report) == [FAULTY]
    assert "threshold-off" not in names(report)
    finding = found(report, FAULTY)
    assert finding.facts["faulty"] == [1, 4]
    assert finding.facts["scale"] == scale
    assert report.reading.y_pred is Encoding.SIGMOID
    expected = mean_iou(masks, clean >= 0.5, 2)
    if scale != "logits":  # which hardly score less at 0.5
        assert after(report, FAULTY) == pytest.approx(expected)
    _, repaired = run_help(finding.help, masks=masks, predictions=mixed)
    assert mean_iou(masks, repaired >= 0.5, 2) == pytest.approx(expected)


def test_probabilities_of_one_sample_among_logits_are_named():
    masks, logits = draw_logits()
    mixed = logits.copy()
    mixed[2] = squash(logits[2])
    report = diagnose(y_true=masks, y_pred=mixed, metric="keras.metrics.BinaryIoU(threshold=0)")
    assert errors(report) == [FAULTY]
    assert found(report, FAULTY).facts["faulty"] == [2]
    assert after(report, FAULTY) == pytest.approx(mean_iou(masks, logits >= 0, 2))


@pytest.mark.parametrize("samples", [2, 4])
def test_if_half_of_the_samples_are_on_each_scale_probabilities_are_usual(samples):
    masks, logits = draw_logits(samples)
    clean = squash(logits)
    mixed = clean.copy()
    mixed[::2] *= 255
    report = diagnose(y_true=masks, y_pred=mixed, metric=BINARY)
    assert errors(report) == [FAULTY]
    assert after(report, FAULTY) == pytest.approx(mean_iou(masks, clean >= 0.5, 2))


def test_samples_on_two_other_scales_are_named_together():
    masks, logits = draw_logits(8)
    mixed = squash(logits)
    mixed[3] *= 255
    mixed[5] = logits[5]
    report = diagnose(y_true=masks, y_pred=mixed, metric=BINARY)
    assert report.verdict.primary == FAULTY
    assert found(report, FAULTY).facts["faulty"] == [3, 5]
    assert "threshold-off" not in names(report)


def test_probabilities_of_one_sample_among_bytes_are_named():
    masks, logits = draw_logits()
    mixed = squash(logits) * 255
    mixed[2] /= 255
    report = diagnose(y_true=masks, y_pred=mixed, metric=BINARY)
    finding = found(report, FAULTY)
    assert report.verdict.primary == "byte-scores"
    assert (finding.facts["faulty"], finding.facts["usual_scale"]) == ([2], "bytes")
    assert finding.help == "predictions[[2]] = predictions[[2]] * 255"


@pytest.mark.parametrize("odd", ["bytes", "logits", "unit", "divided"])
def test_channels_of_one_sample_on_another_scale_are_a_warning(odd):
    masks, _ = draw_pair((6, 40, 48), 4)
    logits = 6 * np.eye(4, dtype="f4")[predict(masks, 4)]
    logits += np.random.default_rng(0).normal(size=logits.shape).astype("f4")
    softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    mixed = (logits if odd == "unit" else softmax).copy()
    mixed[3] = {
        "bytes": softmax * 255,
        "logits": logits,
        "unit": softmax,
        "divided": softmax / 255,
    }[odd][3]
    report = diagnose(y_true=masks, y_pred=mixed, metric=DENSE)
    usual = Encoding.LOGITS if odd == "unit" else Encoding.PROBABILITIES
    assert report.reading.y_pred is usual
    finding = found(report, FAULTY)
    assert (finding.severity, finding.facts["faulty"]) == (Severity.WARNING, [3])
    assert "channels-not-normalised" not in names(report)
    assert not errors(report)


def overshoot(scores):
    """Return scores that a resize took a little out of their range in a few samples."""
    scores[:2, 0] = -0.06
    scores[1, 1] = 1.08
    return scores


def only(sample, there, elsewhere):
    """Return arrays that hold other values in one of six samples."""
    return np.where(np.arange(6)[:, None, None] == sample, there, elsewhere)


HEALTHY = {
    "one is thresholded": lambda z: only(2, z >= 0, squash(z)),
    "a resize overshoots": lambda z: overshoot(squash(z)),
    "one is empty": lambda z: only(2, 1e-4, squash(z)),
    "one is all object": lambda z: only(2, 0.97, squash(z)),
    "logits of an untrained model": lambda z: z / 12,
    "logits of which one sample is 0": lambda z: only(3, 0, z),
    "ReLU": lambda z: np.maximum(z, 0) * np.linspace(0.05, 1, 6)[:, None, None],
}


@pytest.mark.parametrize("kind", HEALTHY)
def test_scores_that_are_odd_for_another_reason_are_on_no_other_scale(kind):
    masks, logits = draw_logits()
    scores = HEALTHY[kind](logits).astype("f4")
    report = diagnose(y_true=masks, y_pred=scores, metric=BINARY)
    findings = [one for one in report.findings if one.rule.name == FAULTY]
    assert all("scale" not in one.facts for one in findings)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("samples", [[3], [1, 4, 5]])
def test_masks_of_some_samples_may_be_divided_by_255(classes, samples):
    masks, predictions = draw_pair((8, 48, 56), classes)
    mixed = masks.astype("f4")
    mixed[samples] /= 255
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=classes)
    assert errors(report) == [DIVIDED]
    assert "undeclared-void-label" not in names(report)
    finding = found(report, DIVIDED)
    assert finding.facts["faulty"] == samples
    expected = mean_iou(masks, predictions, classes)
    assert after(report, DIVIDED) == pytest.approx(expected)
    repaired, _ = run_help(finding.help, masks=mixed, predictions=predictions)
    np.testing.assert_array_equal(repaired, masks)


def test_masks_that_were_all_divided_may_hold_only_0_and_void_in_some_samples():
    masks, predictions = draw_pair((6, 48, 56), 4)
    masks[2] = np.where(masks[2] > 1, 255, 0)
    report = diagnose(y_true=masks.astype("f4") / 255, y_pred=predictions, num_classes=4)
    assert "faulty" not in found(report, DIVIDED).facts


@pytest.mark.parametrize("divisor", [3, 65535])
def test_a_mask_that_alone_was_scaled_to_1_is_named(divisor):
    masks, predictions = draw_pair((6, 48, 56), 4)
    mixed = masks.astype("f8")
    mixed[4] /= divisor
    report = diagnose(y_true=mixed, y_pred=predictions, num_classes=4)
    finding = found(report, NORMALISED)
    assert report.verdict.primary == NORMALISED
    assert finding.facts["faulty"] == [4]
    assert "the mask of sample 4 holds numbers such as" in finding.message
    assert after(report, NORMALISED) == pytest.approx(mean_iou(masks, predictions, 4))


def test_predicted_ids_of_one_sample_may_be_divided_by_255():
    masks = draw_masks((6, 48, 56), 4)
    predictions = predict(masks, 4)
    mixed = predictions.astype("f4")
    mixed[1] /= 255
    report = diagnose(y_true=masks, y_pred=mixed, num_classes=4)
    assert errors(report) == [FAULTY]
    finding = found(report, FAULTY)
    assert finding.facts["faulty"] == [1]
    assert after(report, FAULTY) == pytest.approx(mean_iou(masks, predictions, 4))
    _, repaired = run_help(finding.help, masks=masks, predictions=mixed)
    np.testing.assert_array_equal(repaired, predictions)


def test_one_hot_masks_of_which_one_is_0_and_255_are_no_photographs():
    masks, predictions = draw_pair((6, 48, 56), 4)
    mixed = np.eye(4, dtype=np.uint8)[masks]
    mixed[3] *= 255
    scores = np.eye(4, dtype="f4")[predictions]
    metric = "keras.metrics.OneHotMeanIoU(num_classes=4)"
    report = diagnose(y_true=mixed, y_pred=scores, metric=metric)
    assert not errors(report)
    assert report.mean_iou == pytest.approx(mean_iou(masks, predictions, 4))
