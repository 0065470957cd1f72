import numpy as np
import pytest
from build import diagnose, errors, found, names, noisy, scene

from iou_doctor.report.finding import Severity

TRUTH = np.array([[[0, 0, 2, 2]]])


def test_ids_with_fractions():
    report = diagnose(y_true=TRUTH, y_pred=[[[0, 0.5, 2, 2]]], num_classes=3)
    finding = found(report, "interpolated-predictions")
    assert finding.facts == {"fractional": 1, "values": 4, "labels": []}
    assert finding.evidence == "first: sample 0, pixel (0, 1): 0.5"
    assert errors(report) == ["interpolated-predictions"]


def squares(ids, seed):
    """Return maps of (2, 64, 64) with squares of these ids on 0, apart from each other."""
    rng = np.random.default_rng(seed)
    maps = np.zeros((2, 64, 64), dtype=np.float32)
    for image in maps:
        for place in range(16):
            top, left = 16 * (place // 4) + 3, 16 * (place % 4) + 3
            image[top : top + 10, left : left + 10] = rng.choice(ids)
    return maps


def resized(maps):
    """Return maps after a bilinear resize: each pixel the mean of four."""
    return (maps + np.roll(maps, 1, 1) + np.roll(maps, 1, 2) + np.roll(maps, (1, 1), (1, 2))) / 4


def test_rounded_ids_between_two_others_are_seams():
    truth = squares(np.arange(40, 52), 1)
    predicted = np.floor(resized(truth)).astype(np.uint8)
    report = diagnose(y_true=truth.astype(np.uint8), y_pred=predicted, num_classes=52)
    finding = found(report, "interpolated-predictions")
    assert finding.severity is Severity.WARNING
    assert set(finding.facts["labels"]) <= set(range(1, 40))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_whole_ids_pass(share):
    truth = scene(1, samples=4, height=48, width=64, classes=12)
    for kind in (np.uint8, np.float32):
        predicted = noisy(truth, 2, share=share, classes=12).astype(kind)
        report = diagnose(y_true=truth, y_pred=predicted, num_classes=12)
        assert "interpolated-predictions" not in names(report)


def test_thin_classes_of_the_masks_pass():
    truth = squares(np.arange(40, 52), 1).astype(np.uint8)
    thin = np.floor(resized(truth.astype(np.float32))).astype(np.uint8)
    report = diagnose(y_true=thin, y_pred=np.roll(thin, 2, axis=2), num_classes=52)
    assert "interpolated-predictions" not in names(report)


def test_scores_beyond_the_classes_are_no_ids():
    # a ReLU leaves whole zeros and scores of any size
    scores = np.array([[[0, 0, 0, 0, 0, 7.5]]], dtype=np.float32)
    report = diagnose(y_true=[[[0, 0, 0, 0, 1, 1]]], y_pred=scores, num_classes=2)
    assert "interpolated-predictions" not in names(report)


@pytest.mark.parametrize(
    ("value", "fires"), [(3.0, True), (3.1, False), (-1.0, True), (-1.1, False)]
)
def test_ids_overshoot_the_classes_by_one_at_most(value, fires):
    predicted = np.array([[[0, 0.5, 2, value, 1, 1, 2, 0]]])
    report = diagnose(y_true=[[[0, 0, 2, 2, 1, 1, 2, 0]]], y_pred=predicted, num_classes=3)
    assert ("interpolated-predictions" in names(report)) is fires
