from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, noisy, outcome
from scenes import boxes, model

from iou_doctor.checks.alignment import shifted_predictions
from iou_doctor.checks.alignment._shifts import search_shifts
from iou_doctor.report.finding import Status

T = boxes(1, height=64, width=80)
P = model(T, 2)
RULE = "shifted-predictions"


@pytest.mark.parametrize("shift", [(3, 3), (-2, 0), (0, 5), (12, -7), (-15, 15)])
def test_a_common_shift_is_found_and_undone(shift):
    report = diagnose(y_true=T, y_pred=np.roll(P, shift, (1, 2)), num_classes=5)
    finding = found(report, RULE)
    assert (finding.facts["rows"], finding.facts["columns"]) == shift
    assert finding.facts["samples_alike"] == 8
    assert finding.repair.steps[0].offset == (-shift[0], -shift[1])
    gained = finding.repair.mean_iou_after - report.mean_iou
    clean = mean_iou(T, P, 5) - report.mean_iou
    assert gained > clean / 2  # the border that was rolled away is lost
    assert errors(report) == []


def test_the_direction_is_said_in_words():
    report = diagnose(y_true=T, y_pred=np.roll(P, (4, -3), (1, 2)), num_classes=5)
    assert "shifted 4 px down and 3 px to the left" in found(report, RULE).message


def test_healthy_pairs_pass():
    for predicted in (P, noisy(T, 1, share=0.4, classes=5), model(T, 3, signal=1)):
        assert RULE not in names(diagnose(y_true=T, y_pred=predicted, num_classes=5))


def test_another_shift_in_each_sample_is_no_common_one():
    shifts = np.random.default_rng(0).integers(-6, 7, (8, 2))
    moved = np.stack([np.roll(one, by, (0, 1)) for one, by in zip(P, shifts, strict=True)])
    assert RULE not in names(diagnose(y_true=T, y_pred=moved, num_classes=5))


@pytest.mark.parametrize("samples", [6, 10, 30])
def test_one_shifted_sample_is_named_and_moved_back(samples):
    masks = boxes(1, samples=samples, height=64, width=80)
    good = model(masks, 2)
    moved = good.copy()
    moved[2] = np.roll(good[2], (7, -6), (0, 1))
    report = diagnose(y_true=masks, y_pred=moved, num_classes=5)
    finding = found(report, RULE)
    assert finding.facts["moved"] == {"2": [7, -6]}
    assert "that of sample 2 by 7 px down and 6 px to the left" in finding.message
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(masks, good, 5), abs=0.01)


@pytest.mark.parametrize("far", [(2, 0), (1, 1)])
def test_one_sample_that_is_shifted_by_little_is_left_alone(far):
    moved = P.copy()
    moved[2] = np.roll(P[2], far, (0, 1))
    assert RULE not in names(diagnose(y_true=T, y_pred=moved, num_classes=5))


@pytest.mark.parametrize("samples", [4, 9])
def test_predictions_that_know_nothing_are_left_alone(samples):
    for seed in range(12):
        labels = boxes(seed, samples=samples, height=40, width=40, classes=3)
        predicted = model(labels, seed + 50, signal=0, classes=3)
        report = diagnose(y_true=labels, y_pred=predicted, num_classes=3)
        assert RULE not in names(report), seed


def test_one_scene_and_tiny_maps_are_not_judged():
    same = T[:1].repeat(6, axis=0)
    for labels in (same, T[:3], T[:, :23]):
        report = diagnose(y_true=labels, y_pred=model(labels, 1), num_classes=5)
        assert outcome(report, RULE).status is Status.SKIPPED


def test_four_scenes_suffice():
    report = diagnose(y_true=T[:4], y_pred=np.roll(P[:4], (3, 3), (1, 2)), num_classes=5)
    assert found(report, RULE).facts["samples_alike"] == 4


@pytest.mark.parametrize(("gain", "fires"), [(0.0301, True), (0.0299, False)])
def test_the_best_shift_must_gain_3_points(monkeypatch, gain, fires):
    def search(maps):
        found = search_shifts(maps)
        return replace(found, pooled={(0, 0): 0.5, found.best: 0.5 + gain})

    monkeypatch.setattr(shifted_predictions, "search_shifts", search)
    report = diagnose(y_true=T, y_pred=np.roll(P, (3, 3), (1, 2)), num_classes=5)
    assert any("rows" in finding.facts for finding in report.findings) == fires


def test_maps_of_24_pixels_suffice():
    report = diagnose(y_true=T[:, :24], y_pred=np.roll(P, 2, 2)[:, :24], num_classes=5)
    assert outcome(report, RULE).status is not Status.SKIPPED


@pytest.mark.parametrize(("agreeing", "fires"), [(6, True), (5, False)])
def test_the_shift_must_be_the_best_one_for_two_thirds_of_the_samples(agreeing, fires):
    moved = np.roll(P, (3, 3), (1, 2))
    moved[agreeing:] = np.roll(P[agreeing:], (-3, -3), (1, 2))
    report = diagnose(y_true=T, y_pred=moved, num_classes=5)
    assert any("rows" in finding.facts for finding in report.findings) == fires


@pytest.mark.parametrize(("by", "agreeing"), [(1, 8), (2, 4)])
def test_the_best_shift_of_a_sample_may_be_one_pixel_off(monkeypatch, by, agreeing):
    def search(maps):
        found = search_shifts(maps)
        each = np.array([found.best] * 4 + [np.add(found.best, by)] * 4)
        return SimpleNamespace(
            best=found.best,
            score_images=found.score_images,
            pooled=found.pooled,
            areas=found.areas,
            gain=found.gain,
            find_best_of_each_image=lambda: each,
        )

    monkeypatch.setattr(shifted_predictions, "search_shifts", search)
    monkeypatch.setattr(shifted_predictions, "LEAST_AGREEING_SHARE", 0.5)
    report = diagnose(y_true=T, y_pred=np.roll(P, (3, 3), (1, 2)), num_classes=5)
    assert found(report, RULE).facts["samples_alike"] == agreeing


@pytest.mark.parametrize(("lead", "fires"), [(0.099, True), (0.101, False)])
def test_tiles_that_fit_a_tenth_better_are_the_cause(monkeypatch, lead, fires):
    sick = np.roll(P, (3, 3), (1, 2))
    after = found(diagnose(y_true=T, y_pred=sick), RULE).facts["mean_iou_moved_back"]
    tiles = SimpleNamespace(after=after + lead)
    monkeypatch.setattr(shifted_predictions, "find_arrangement", lambda *_: tiles)
    assert (RULE in names(diagnose(y_true=T, y_pred=sick))) == fires


@pytest.mark.parametrize(
    ("predicted", "multilabel", "rivals"),
    [
        ((80, 90), True, True),
        ((120, 110), True, True),
        ((80, 110), True, False),
        ((98, 99), True, False),
        ((80, 90), False, False),
    ],
)
def test_a_small_shift_of_channels_gives_way_to_a_threshold(predicted, multilabel, rivals):
    areas = [SimpleNamespace(predicted_pixels=it, truth_pixels=100) for it in predicted]
    evidence = SimpleNamespace(
        interpretation=SimpleNamespace(is_multilabel=multilabel),
        repaired=SimpleNamespace(per_class=areas),
    )
    assert shifted_predictions._may_threshold_be_off(evidence) == rivals


def test_no_shift_of_exchanged_arrays():
    scores = np.where(P > 0, 200, 40) + np.random.default_rng(1).integers(-30, 30, P.shape)
    objects = np.where(T > 0, 255, 0).astype(np.uint8)
    report = diagnose(y_true=scores.astype(np.uint8), y_pred=objects, num_classes=2)
    assert errors(report)[0] == "inputs-swapped"
    assert outcome(report, RULE).reason == "another fault has to be repaired first"
