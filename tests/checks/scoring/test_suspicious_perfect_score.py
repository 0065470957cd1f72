from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, found, names, outcome, roots, scene

from iou_doctor.checks.scoring import suspicious_perfect_score

EMPTY = np.zeros((2, 4, 5), dtype=np.uint8)


def test_one_class_cannot_be_confused():
    report = diagnose(y_true=EMPTY, y_pred=EMPTY, num_classes=2)
    finding = found(report, "suspicious-perfect-score")
    assert finding.facts["classes_present"] == [0]
    assert finding.facts["doctor"] == 1.0
    told = "sklearn macro with labels 0.5000, PaddleSeg 0.5000, ignite 0.5000 and ADE20K 0.5000"
    assert finding.evidence == f"by other conventions: {told}"
    assert "suspicious-perfect-score" in [finding.rule.name for finding in roots(report)]
    assert "class-imbalance" not in {one.rule.name for one in report.findings}


def test_two_classes_found_by_all_pixels_are_just_good():
    masks = scene(1)
    assert "suspicious-perfect-score" not in names(diagnose(y_true=masks, y_pred=masks))


@pytest.mark.parametrize(("pixels", "fires"), [(4, False), (5, True)])
def test_more_than_one_pixel_in_a_hundred_left_out(pixels, fires):
    masks = scene(1).astype(np.int64)
    masks.reshape(-1)[-pixels:] = 255  # of 432
    report = diagnose(y_true=masks, y_pred=scene(1), num_classes=3)
    assert report.metric.value == pytest.approx(1.0, abs=1e-6)
    assert ("suspicious-perfect-score" in names(report)) == fires
    assert [f.rule.name for f in roots(report)] == ["undeclared-void-label"]


def test_declared_void_is_no_reason_for_suspicion():
    masks = scene(1).astype(np.int64)
    masks[:, :, 5:9] = 255
    report = diagnose(y_true=masks, y_pred=scene(1), ignore_index=255, num_classes=3)
    assert names(report) == []


def test_an_error_says_more_than_suspicion():
    masks = scene(1, classes=2)
    report = diagnose(y_true=masks * 255, y_pred=masks, num_classes=2)
    assert report.metric.value == pytest.approx(1.0, abs=1e-6)
    assert report.verdict.primary == "masks-0-255"
    assert outcome(report, "suspicious-perfect-score").status == "skipped"


@pytest.mark.parametrize(("pixels", "fires"), [(990, False), (1010, True)])
def test_0_999_is_perfect(pixels, fires):
    labels = np.arange(2).repeat(pixels)
    masks = np.concatenate([labels, np.full(100, 255)])[np.newaxis]
    predictions = np.concatenate([labels, np.zeros(100, dtype=int)])[np.newaxis]
    predictions[0, pixels] = 0
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=2)
    assert report.mean_iou == pytest.approx(0.999, abs=2e-5)
    assert ("suspicious-perfect-score" in names(report)) == fires


@pytest.mark.parametrize(("less", "named"), [(0.0101, True), (0.0099, False)])
def test_implementations_that_report_a_point_less_are_named(monkeypatch, less, named):
    monkeypatch.setattr(suspicious_perfect_score.other_scores, "is_data_set_mean", lambda _: True)
    other = SimpleNamespace(short="other", value=1 - less, choices="any")
    evidence = SimpleNamespace(contracts=(other,))
    text = suspicious_perfect_score._describe_lower_scores(evidence, 1.0)
    assert text == (f"by other conventions: other {1 - less:.4f}" if named else None)
