import numpy as np
import pytest
from build import diagnose, found, mean_iou, names, outcome
from scenes import boxes, model

from iou_doctor.checks.map_stack import Stack
from iou_doctor.report.finding import Status

T = boxes(1)
P = model(T, 2)
RULE = "shared-padding"


def padded(labels, value=0, sizes=((16, 8), (0, 20))):
    return np.pad(labels, ((0, 0), *sizes), constant_values=value)


@pytest.mark.parametrize("value", [0, 3])
def test_a_constant_margin_is_noted_with_the_score_inside(value):
    report = diagnose(y_true=padded(T, value), y_pred=padded(P, value), num_classes=5)
    finding = found(report, RULE)
    assert finding.facts["margin"] == {"top": 16, "bottom": 8, "left": 0, "right": 20}
    assert finding.facts["share"] == pytest.approx(1 - 48 * 64 / (72 * 84), abs=1e-4)
    assert finding.facts["mean_iou_with_margin"] == pytest.approx(report.mean_iou, abs=1e-4)
    assert finding.facts["mean_iou_inside"] == pytest.approx(mean_iou(T, P, 5), abs=1e-4)
    assert not report.verdict.sick
    assert report.verdict.primary is None


def test_large_images_are_measured_roughly():
    sides = ((40, 40), (40, 40))
    true, pred = (padded(x.repeat(4, 1).repeat(4, 2), sizes=sides) for x in (T, P))
    finding = found(diagnose(y_true=true, y_pred=pred, num_classes=5), RULE)
    assert "about" in finding.message
    assert all(abs(size - 40) <= 4 for size in finding.facts["margin"].values())


def test_no_margin_and_ignored_margins_pass():
    assert RULE not in names(diagnose(y_true=T, y_pred=P, num_classes=5))
    report = diagnose(y_true=padded(T, 255), y_pred=padded(P, 0), num_classes=5, ignore_index=255)
    assert RULE not in names(report)


def test_a_margin_with_errors_passes():
    pred = padded(P)
    pred[:, 3, 3] = pred[:, -3, -3] = pred[:, :, -1] = 1
    assert RULE not in names(diagnose(y_true=padded(T), y_pred=pred, num_classes=5))


def test_objects_on_a_free_background_pass():
    rng = np.random.default_rng(3)
    labels = np.zeros((8, 48, 48), np.uint8)
    for image in labels:
        top, left = rng.integers(8, 24, 2)
        image[top : top + 12, left : left + 12] = 1
    pred = np.where(np.roll(labels, 2, 1) & labels, 1, 0)
    assert RULE not in names(diagnose(y_true=labels, y_pred=pred, num_classes=2))


def test_nobody_looks_where_pixels_have_moved():
    report = diagnose(y_true=padded(T), y_pred=padded(P)[:, ::-1, ::-1], num_classes=5)
    assert "flipped-samples" in names(report)
    assert outcome(report, RULE).reason == "another misalignment was found first"


def test_two_scenes_are_too_few():
    report = diagnose(y_true=padded(T[:2]), y_pred=padded(P[:2]), num_classes=5)
    assert outcome(report, RULE).status is Status.SKIPPED


@pytest.mark.parametrize(("height", "fires"), [(94, True), (96, False)])
def test_the_margin_must_hold_a_twentieth_of_the_pixels(height, fires):
    true = boxes(1, height=height)
    wrong = np.where((true == 3) & (np.arange(64) % 2 == 0), 1, model(true, 2))  # 3 has to gain
    masks, predictions = (padded(x, 3, ((5, 0), (0, 0))) for x in (true, wrong))
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=5)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(("touching", "fires"), [(3, False), (4, True)])
def test_half_of_the_samples_must_reach_the_margin(touching, fires):
    masks, predictions = (padded(x, 3, ((16, 0), (0, 0))) for x in (T, P))
    for labels in (masks, predictions):
        labels[touching:, 16:20] = 3
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=5)
    assert (RULE in names(report)) == fires


@pytest.mark.parametrize(("difference", "fires"), [(0.0101, True), (0.0099, False)])
def test_the_margin_must_change_the_score_by_a_point(monkeypatch, difference, fires):
    scores = iter([0.5, 0.5 + difference])
    monkeypatch.setattr(Stack, "score_pooled", lambda *_: next(scores))
    report = diagnose(y_true=padded(T), y_pred=padded(P), num_classes=5)
    assert (RULE in names(report)) == fires


def test_three_scenes_suffice():
    report = diagnose(y_true=padded(T[:3]), y_pred=padded(P[:3]), num_classes=5)
    assert RULE in names(report)
