import numpy as np
import pytest
from build import (
    after,
    diagnose,
    errors,
    found,
    mean_iou,
    names,
    noisy,
    one_hot,
    probabilities,
    scene,
    sigmoid,
)
from help_code import run_help

from iou_doctor.checks.masks.soft_masks import _is_smoothed
from iou_doctor.counts.value_counts import ValueCounts

T = scene(1, samples=2, height=24, width=30)
P = noisy(T, 2)
SMOOTH = (one_hot(T, 3) * 0.9 + 0.1 / 3).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_label_smoothing_before_a_metric_that_casts(dtype):
    report = diagnose(y_true=SMOOTH.astype(dtype), y_pred=one_hot(P, 3), num_classes=3)
    facts = found(report, "soft-masks").facts
    assert (facts["channels"], facts["class_axis"]) == (3, 3)
    assert facts["high"] == pytest.approx(0.9333, abs=1e-3)
    assert facts["low"] == pytest.approx(0.0333, abs=1e-3)
    assert report.mean_iou == pytest.approx(mean_iou(T, P, 3))


def test_they_are_reported_with_the_predictions_if_both_are_cast():
    report = diagnose(y_true=SMOOTH, y_pred=probabilities(P, 3, classes=3), num_classes=3)
    assert report.metric.value == pytest.approx(1, abs=1e-6)
    assert report.explains["unargmaxed-probabilities"] == ("soft-masks",)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(T, P, 3))


def test_two_classes_and_other_amounts():
    smooth = one_hot(T > 0, 2) * 0.8 + 0.1
    report = diagnose(y_true=smooth, y_pred=P > 0, num_classes=2)
    assert errors(report) == ["soft-masks"]


def test_a_metric_that_argmaxes_passes():
    for call in ("OneHotMeanIoU(3)", "MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)"):
        report = diagnose(y_true=SMOOTH, y_pred=probabilities(P, 3, classes=3), metric=call)
        assert errors(report) == []


def test_probabilities_and_one_hot_masks_pass():
    for masks in (probabilities(T, 1, classes=3), one_hot(T, 3, np.float32)):
        report = diagnose(y_true=masks, y_pred=one_hot(P, 3), num_classes=3)
        assert "soft-masks" not in names(report)


SOFT = np.where(T > 0, 0.95, 0.05).astype(np.float32)
SIGMOID = sigmoid((P > 0).astype(np.uint8), 4)


@pytest.mark.parametrize("trailing", [False, True])
def test_one_smoothed_channel(trailing):
    masks, scores = (SOFT[..., None], SIGMOID[..., None]) if trailing else (SOFT, SIGMOID)
    report = diagnose(y_true=masks, y_pred=scores, metric="BinaryIoU()")
    assert errors(report) == ["soft-masks"]
    assert found(report, "soft-masks").facts["high"] == pytest.approx(0.95)
    assert after(report, "soft-masks") == pytest.approx(mean_iou(T > 0, P > 0, 2))
    repaired, _ = run_help(found(report, "soft-masks").help, masks=masks, predictions=scores)
    assert np.array_equal(repaired, masks > 0.5)


@pytest.mark.parametrize(
    ("low", "high", "fires"),
    [
        (0.4495, 0.5505, True),
        (0.4505, 0.5495, False),
        (0.05, 0.9519, True),
        (0.05, 0.9521, False),
        (0.0, 0.999, False),
    ],
)
def test_the_values_of_one_smoothed_channel_are_opposite(low, high, fires):
    report = diagnose(y_true=np.where(T > 0, high, low), y_pred=SIGMOID, metric="BinaryIoU()")
    assert ("soft-masks" in names(report)) == fires


def test_one_channel_of_other_values_passes():
    rng = np.random.default_rng(0)
    some = rng.choice([0.05, 0.5, 0.95], T.shape)
    unequal, whole = np.where(T > 0, 0.9, 0.3), np.where(T > 0, 1.0, 0.05)
    by_255 = np.where(T > 0, 204, 51) / 255
    for masks in (some, unequal, whole, np.full(T.shape, 0.05), by_255, rng.random(T.shape)):
        report = diagnose(y_true=masks, y_pred=SIGMOID, num_classes=256)
        assert "soft-masks" not in names(report)


@pytest.mark.parametrize(
    ("low", "high", "top", "channels", "smoothed"),
    [
        (0.05, 0.9, 0.8981, 3, True),
        (0.05, 0.9, 0.8979, 3, False),
        (0.0481, 0.9, 0.9, 3, True),
        (0.0479, 0.9, 0.9, 3, False),
        (0.4495, 0.5505, 0.5505, 2, True),
        (0.4505, 0.5495, 0.5495, 2, False),
    ],
)
def test_smoothed_values_differ_by_rounding_only(low, high, top, channels, smoothed):
    values = ValueCounts(pixels=9, minimum=low, maximum=high, minimum_top=top)
    assert _is_smoothed(values, channels) is smoothed
