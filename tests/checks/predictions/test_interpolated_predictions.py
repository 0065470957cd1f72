import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, noisy, roots, scene
from help_code import run_help

from iou_doctor.report.finding import Severity

TRUTH = np.array([[[0, 0, 2, 2]]])


def test_ids_with_fractions():
    report = diagnose(y_true=TRUTH, y_pred=[[[0, 0.5, 2, 2]]], num_classes=3)
    finding = found(report, "interpolated-predictions")
    assert finding.facts == {"fractional": 1, "values": 4, "labels": []}
    assert finding.evidence == "first: sample 0, pixel (0, 1): 0.5"
    assert errors(report) == ["interpolated-predictions"]


MASKS = scene(5, samples=3, height=32, width=36)
PREDICTED = noisy(MASKS, 6)
JITTER = 3e-5 * np.random.default_rng(7).normal(size=MASKS.shape)
BESIDE = {
    "below": PREDICTED * np.float32(0.99999),
    "on both sides": (PREDICTED + JITTER * (PREDICTED > 0)).astype(np.float32),
    "a few": np.where(JITTER > 3e-5, PREDICTED - 1e-4, PREDICTED).clip(0).astype(np.float64),
    "with an axis of size 1": PREDICTED[..., None] * np.float32(0.99999),
    "thirds": PREDICTED * 0.1 * 3 / 0.3,
}


@pytest.mark.parametrize("case", BESIDE)
@pytest.mark.parametrize("options", [{}, {"num_classes": 4}])
def test_numbers_beside_ids_are_rounded(case, options):
    report = diagnose(y_true=MASKS, y_pred=BESIDE[case], **options)
    assert errors(report) == ["interpolated-predictions"]
    finding = found(report, "interpolated-predictions")
    assert "beside a class id" in finding.message
    masks, rounded = run_help(finding.help, masks=MASKS, predictions=BESIDE[case])
    right = mean_iou(masks, rounded.reshape(MASKS.shape), 4)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_both_arrays_may_lie_beside_ids():
    report = diagnose(y_true=MASKS * 0.1 * 3 / 0.3, y_pred=BESIDE["thirds"])
    causes = {finding.rule.name for finding in roots(report)}
    assert causes == {"interpolated-predictions", "normalised-masks"}
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(MASKS, PREDICTED, 4))


@pytest.mark.parametrize("scores", [PREDICTED + 0.2, PREDICTED * 0.9, PREDICTED - 1.00001])
def test_other_fractions_are_not_rounded(scores):
    report = diagnose(y_true=MASKS, y_pred=scores.astype(np.float32))
    assert not any("beside a class id" in finding.message for finding in report.findings)


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
