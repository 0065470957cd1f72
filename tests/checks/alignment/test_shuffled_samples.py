import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, outcome
from help_code import run_help
from scenes import boxes, model

from iou_doctor.report.finding import Status
from iou_doctor.scan import probing

T = boxes(1, samples=24)
P = model(T, 2)
CLEAN = mean_iou(T, P, 5)
RULE = "shuffled-samples"


def test_a_shuffle_is_found_and_undone():
    order = np.random.default_rng(0).permutation(24)
    report = diagnose(y_true=T, y_pred=P[order], num_classes=5)
    assert errors(report) == [RULE]
    assert report.mean_iou < 0.2
    assert after(report, RULE) == pytest.approx(CLEAN)
    (step,) = found(report, RULE).repair.steps
    assert step.order == tuple(np.argsort(order).tolist())
    facts = found(report, RULE).facts
    assert facts["samples"] == 24
    assert facts["moved"] == int((order != np.arange(24)).sum())


@pytest.mark.parametrize("offset", [1, -3, 7])
def test_a_constant_offset_is_named(offset):
    report = diagnose(y_true=T, y_pred=np.roll(P, offset, 0), num_classes=5)
    finding = found(report, RULE)
    assert finding.facts["offset"] == offset
    _, restored = run_help(finding.help, masks=T, predictions=np.roll(P, offset, 0))
    np.testing.assert_array_equal(restored, P)
    assert after(report, RULE) == pytest.approx(CLEAN)


def test_a_shuffle_within_batches_is_named():
    order = np.concatenate([first + np.array([2, 3, 1, 0]) for first in range(0, 24, 4)])
    report = diagnose(y_true=T, y_pred=P[order], num_classes=5)
    assert found(report, RULE).facts["batch"] == 4
    assert after(report, RULE) == pytest.approx(CLEAN)


def test_four_samples_are_enough_and_three_are_too_few():
    report = diagnose(y_true=T[:4], y_pred=P[[1, 2, 3, 0]], num_classes=5)
    assert errors(report) == [RULE]
    assert after(report, RULE) == pytest.approx(mean_iou(T[:4], P[:4], 5))
    report = diagnose(y_true=T[:3], y_pred=P[[1, 2, 0]], num_classes=5)
    assert outcome(report, RULE).status is Status.SKIPPED


def test_more_samples_than_the_probe_holds(monkeypatch):
    monkeypatch.setattr(probing, "MANY", 16)
    rolled = diagnose(y_true=T, y_pred=np.roll(P, 2, 0), num_classes=5)
    assert after(rolled, RULE) == pytest.approx(CLEAN)
    order = np.concatenate([np.arange(12)[::-1], np.arange(12, 24)[::-1]])
    report = diagnose(y_true=T, y_pred=P[order], num_classes=5)
    repair = found(report, RULE).repair
    assert repair.estimated
    assert repair.steps == ()
    assert repair.mean_iou_after == pytest.approx(CLEAN, abs=0.1)


@pytest.mark.parametrize("signal", [0, 0.5, 1])
@pytest.mark.parametrize("samples", [4, 9, 40])
def test_weak_models_are_left_alone(signal, samples):
    for seed in range(6):
        labels = boxes(seed, samples=samples, height=24, width=24)
        predicted = model(labels, seed + 100, signal=signal)
        report = diagnose(y_true=labels, y_pred=predicted, num_classes=5)
        assert RULE not in names(report), seed


def test_frames_of_a_video_are_left_alone():
    frames = np.stack([np.roll(T[0], step, 1) for step in range(8)])
    predicted = model(frames, 1)
    report = diagnose(y_true=frames, y_pred=np.roll(predicted, 1, 0), num_classes=5)
    assert RULE not in names(report)


def test_one_scene_is_left_alone():
    same = T[:1].repeat(8, axis=0)
    assert RULE not in names(diagnose(y_true=same, y_pred=model(same, 1), num_classes=5))


def test_relabelled_masks_are_compared_after_their_repair():
    masks, predicted = (T > 2) * 255, np.roll(P > 2, 1, 0)
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=2)
    assert {"masks-0-255", RULE} <= set(names(report))
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(T > 2, P > 2, 2))


@pytest.mark.parametrize("samples", [5, 6, 7, 9, 12])
def test_the_order_that_is_offered_restores_the_score(samples):
    for seed in range(4):
        labels = boxes(seed, samples=samples, height=48, width=64)
        predicted = model(labels, seed + 20)
        order = np.random.default_rng(seed).permutation(samples)
        report = diagnose(y_true=labels, y_pred=predicted[order], num_classes=5)
        clean = mean_iou(labels, predicted, 5)
        for finding in report.findings:
            if finding.rule.name == "shuffled-samples" and not finding.repair.estimated:
                assert finding.repair.mean_iou_after == pytest.approx(clean), seed


def _cells(seed, samples=24):
    """Coarse scenes, of which many fit each other by chance."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (samples, 4, 6)).repeat(8, 1).repeat(8, 2)
    wrong = rng.random(labels.shape) < 0.15
    return labels, np.where(wrong, rng.integers(0, 3, labels.shape), labels)


@pytest.mark.parametrize("seed", range(3))
def test_turned_predictions_of_coarse_scenes_are_no_other_order(seed):
    labels, predicted = _cells(seed)
    report = diagnose(y_true=labels, y_pred=predicted[:, ::-1], num_classes=3)
    assert errors(report) == ["flipped-samples"]


@pytest.mark.parametrize("seed", range(6))
def test_predictions_of_other_coarse_scenes_are_no_other_order(seed):
    labels, (_, unrelated) = _cells(seed, 16)[0], _cells(seed + 50, 16)
    assert RULE not in names(diagnose(y_true=labels, y_pred=unrelated, num_classes=3))


def test_coarse_scenes_in_another_order_are_found():
    labels, predicted = _cells(0)
    report = diagnose(y_true=labels, y_pred=np.roll(predicted, 5, 0), num_classes=3)
    assert errors(report) == [RULE]


def _rings(seed, classes):
    """Ellipses within each other in the middle, which look the same upside down."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64] - 31.5
    axes = rng.uniform(6, 31, (12, 2))
    levels = np.linspace(1, 0.4, classes - 1)
    inside = [[(y / a) ** 2 + (x / b) ** 2 < level**2 for level in levels] for a, b in axes]
    labels = np.sum(inside, axis=1)
    wrong = rng.random(labels.shape) < 0.05
    return labels, np.where(wrong, rng.integers(0, classes, labels.shape), labels)


@pytest.mark.parametrize("classes", [2, 4])
def test_scenes_that_look_the_same_upside_down_are_found_in_another_order(classes):
    labels, predicted = _rings(1, classes)
    report = diagnose(y_true=labels, y_pred=np.roll(predicted, 2, 0), num_classes=classes)
    assert errors(report) == [RULE]


@pytest.mark.parametrize("seed", [1, 7, 16])
def test_predictions_of_other_scenes_that_look_the_same_upside_down_are_no_other_order(seed):
    labels, (_, unrelated) = _rings(seed, 2)[0], _rings(seed + 50, 2)
    assert RULE not in names(diagnose(y_true=labels, y_pred=unrelated, num_classes=2))


@pytest.mark.parametrize("samples", [12, 50])
def test_two_samples_that_have_exchanged_their_predictions_are_named(samples):
    masks = boxes(1, samples=samples)
    good = model(masks, 2)
    order = np.arange(samples)
    order[[3, 8]] = 8, 3
    report = diagnose(y_true=masks, y_pred=good[order], num_classes=5)
    finding = found(report, RULE)
    assert errors(report) == [RULE]
    assert finding.facts["partners"] == {"3": 8, "8": 3}
    assert "the mask of sample 3 fits that of sample 8" in finding.message
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 5))


@pytest.mark.parametrize("size", [9, 20, 60])
def test_a_batch_that_came_in_reverse_order_is_named_as_a_whole(size):
    masks = boxes(1, samples=200)
    good = model(masks, 2)
    order = np.arange(200)
    order[80 : 80 + size] = order[80 : 80 + size][::-1]
    report = diagnose(y_true=masks, y_pred=good[order], num_classes=5)
    assert errors(report) == [RULE]
    assert found(report, RULE).facts["moved"] == size - size % 2
    assert after(report, RULE) == pytest.approx(mean_iou(masks, good, 5))


def test_a_sample_without_its_prediction_does_not_hide_an_exchange():
    masks = boxes(1, samples=50)
    good = model(masks, 2)
    given = good.copy()
    given[[3, 8, 20]] = good[[8, 3, 30]]
    report = diagnose(y_true=masks, y_pred=given, num_classes=5)
    assert found(report, RULE).facts["partners"] == {"3": 8, "8": 3}


@pytest.mark.parametrize(("samples", "start"), [(24, 12), (60, 50)])
@pytest.mark.parametrize("step", [1, -1])
def test_samples_that_are_one_place_off_from_some_place_on_are_told(samples, start, step):
    masks = boxes(1, samples=samples)
    good = model(masks, 2)
    places = np.arange(samples)
    places[start:] -= step  # one file twice, or one missing
    report = diagnose(y_true=masks, y_pred=good[np.minimum(places, samples - 1)], num_classes=5)
    finding = found(report, RULE)
    first = start + 1 if samples == 60 and step == -1 else start
    assert f"from {'place' if samples == 24 else 'sample'} {first} " in finding.message
    assert "predicted twice or left out" in finding.help


@pytest.mark.parametrize("lacking", ["its own gain", "a poor partner"])
def test_a_sample_that_resembles_another_one_keeps_its_prediction(lacking):
    masks = boxes(1, samples=12)
    good = model(masks, 2)
    if lacking == "a poor partner":  # this prediction fits two masks, as of frames of a video
        good[3], masks[8] = model(masks[7:8], 5)[0], masks[3]
        masks[3] = masks[7]
    else:
        good[3] = np.roll(good[3], 2, axis=0)
    assert RULE not in names(diagnose(y_true=masks, y_pred=good, num_classes=5))
