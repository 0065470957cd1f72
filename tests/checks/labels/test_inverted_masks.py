import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, roots, scene, sigmoid

from iou_doctor.checks.labels import inverted_masks

T = scene(1, samples=4, height=24, width=36, classes=2)
P = noisy(T, 2, classes=2)
CLEAN = mean_iou(T, P, 2)


def test_masks_with_1_for_the_background():
    report = diagnose(y_true=1 - T, y_pred=P, num_classes=2)
    facts = found(report, "inverted-masks").facts
    assert facts["mean_iou"] < 0.2
    assert facts["mean_iou_inverted"] == pytest.approx(CLEAN)
    assert report.verdict.primary == "inverted-masks"
    assert after(report, "inverted-masks") == pytest.approx(CLEAN)


def test_scores_of_the_background():
    report = diagnose(
        y_true=T, y_pred=sigmoid(1 - P, 3), metric="BinaryIoU(target_class_ids=[0, 1])"
    )
    assert report.verdict.primary == "inverted-masks"
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


def test_white_background():
    report = diagnose(y_true=(1 - T) * 255, y_pred=P, num_classes=2)
    assert [finding.rule.name for finding in roots(report)[:2]] == ["masks-0-255", "inverted-masks"]
    assert "zero-label-reduced" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(CLEAN)


@pytest.mark.parametrize("share", [0.9, 1.0])
def test_a_bad_model_is_silent(share):
    for seed in range(4):
        pred = noisy(T, seed, share=share, classes=2)
        assert "inverted-masks" not in names(diagnose(y_true=T, y_pred=pred, num_classes=2))


def test_one_class_agrees_with_anything_and_proves_nothing():
    for truth, pred in ((0, 1), (1, 0)):
        report = diagnose(y_true=0 * T + truth, y_pred=0 * T + pred, num_classes=2)
        assert "inverted-masks" not in names(report)


def test_few_pixels_prove_nothing():
    report = diagnose(y_true=[[[0, 0, 1, 1]]], y_pred=[[[1, 1, 0, 0]]], num_classes=2)
    assert "inverted-masks" not in names(report)


def test_three_classes_are_another_rule():
    three = scene(1, samples=4, height=24, width=36)
    report = diagnose(y_true=three, y_pred=2 - three, num_classes=3)
    assert np.unique(three).tolist() == [0, 1, 2]
    assert report.verdict.primary == "permuted-classes"


@pytest.mark.parametrize(("right", "fires"), [(74, False), (75, True)])
def test_the_inverted_masks_must_reach_a_mean_iou_of_0_6(right, fires):
    truth = np.repeat([[0, 1]], 100, axis=1).reshape(1, 200)
    truth.sort()
    swapped = np.arange(200) % 100 < right
    report = diagnose(y_true=truth, y_pred=np.where(swapped, 1 - truth, truth), num_classes=2)
    assert ("inverted-masks" in names(report)) == fires


@pytest.mark.parametrize(("after", "fires"), [(0.701, True), (0.699, False)])
def test_the_inverted_array_must_gain_three_tenths(monkeypatch, after, fires):
    monkeypatch.setattr(inverted_masks, "score_as_given", lambda _: 0.4)
    monkeypatch.setattr(inverted_masks, "score_repaired", lambda *_: after)
    masks = np.array([[[0, 1] * 30]])
    report = diagnose(y_true=masks, y_pred=1 - masks, num_classes=2)
    assert ("inverted-masks" in names(report)) == fires
