"""Channels that overlap, and whose scores need another threshold."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, names, pair_of
from parts.sharded import compare

from field.test_multilabel import LOGITS, MASKS, MONAI, SCORES, TORCH, draw, iou, last
from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.request import CheckRequest

QUBVEL = "sm.metrics.IOUScore(threshold=0.5)"
FIVE = "torchmetrics.JaccardIndex(task='multilabel', num_labels=5)"
ORDER = np.arange(3).reshape(1, 3, 1, 1)


def squash(logits):
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def low(scores, channel=1, factor=0.35):
    """Return scores of which one channel stays below 0.5."""
    return np.where(np.arange(scores.shape[1]).reshape(-1, 1, 1) == channel, factor, 1) * scores


def cut_at(masks, scores, thresholds):
    """Return the mean IoU of channels at thresholds, one for each or one for all."""
    cuts = np.reshape(thresholds, (1, -1, *[1] * (masks.ndim - 2)))
    return iou(masks, (scores >= cuts).astype(np.uint8))


MANY = draw((6, 5, 48, 64), seed=2)
VOLUMES = draw((2, 3, 12, 24, 32))
ALL_OFF = {
    "scaled": (MASKS, 0.4 * SCORES, TORCH),
    "float16": (MANY[0], (0.03 * MANY[1]).astype(np.float16), FIVE),
    "volumes": (VOLUMES[0], 0.4 * VOLUMES[1], TORCH),
    "power": (MASKS, SCORES**5, MONAI),
    "logits": (MASKS, LOGITS - 6, TORCH),
    "high": (MASKS, 0.6 + 0.4 * SCORES, TORCH),
}


@pytest.mark.parametrize("name", ALL_OFF)
def test_one_threshold_that_suits_all_channels_is_named(name):
    masks, scores, metric = ALL_OFF[name]
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    finding = found(report, "threshold-off")
    (cut,) = {*finding.facts["best_thresholds"].values()}
    reached = finding.facts["best_mean_iou"]
    assert reached == pytest.approx(cut_at(masks, scores, [cut]), abs=2e-3)
    assert reached > 0.75
    assert f"{reached:.4f} at {cut:g} for all of them" in finding.message
    assert finding.facts["mean_iou"] == report.mean_iou
    assert "never-predicted-class" not in names(report)


@pytest.mark.parametrize("is_last", [False, True])
def test_a_single_channel_has_a_threshold_of_its_own(is_last):
    masks, scores = MASKS, low(SCORES)
    if is_last:
        masks, scores = last(masks), last(scores)
    report = diagnose(y_true=masks, y_pred=scores, metric=QUBVEL if is_last else TORCH)
    assert report.verdict.primary == "threshold-off"
    finding = found(report, "threshold-off")
    ((channel, cut),) = finding.facts["best_thresholds"].items()
    assert channel == "1"
    reached = cut_at(MASKS, low(SCORES), [0.5, cut, 0.5])
    assert finding.facts["best_mean_iou"] == pytest.approx(reached, abs=2e-3)
    assert reached > report.mean_iou + 0.2
    sizes = [1, 1, 1, 3] if is_last else [1, 3, 1, 1]
    assert f"np.reshape([0.5, {cut:g}, 0.5], {sizes})" in finding.help


def test_logits_are_compared_before_the_sigmoid_of_the_metric():
    report = diagnose(y_true=MASKS, y_pred=LOGITS - np.where(ORDER == 2, 7, 0), metric=TORCH)
    (cut,) = found(report, "threshold-off").facts["best_thresholds"].values()
    assert cut == pytest.approx(-7, abs=0.5)


def test_the_help_of_a_few_channels_gives_what_the_message_says():
    scores = low(low(SCORES), 0, 0.3)
    finding = found(diagnose(y_true=MASKS, y_pred=scores, metric=TORCH), "threshold-off")
    space = {"predictions": scores, "np": np}
    exec(finding.help.split("apply them: ")[1].split(";")[0], space)
    report = diagnose(y_true=MASKS, y_pred=space["predictions"], metric=TORCH)
    assert report.mean_iou == pytest.approx(finding.facts["best_mean_iou"], abs=2e-3)
    assert "threshold-off" not in names(report)


def test_a_channel_that_was_not_learned_is_still_named():
    noise = np.random.default_rng(0).random(MASKS[:, 2].shape)
    scores = low(SCORES)
    scores[:, 2] = 0.3 * noise
    report = diagnose(y_true=MASKS, y_pred=scores, metric=TORCH)
    assert [*found(report, "threshold-off").facts["best_thresholds"]] == ["1"]
    assert found(report, "never-predicted-class").facts["classes"] == [2]


HEALTHY = {
    "calibrated": SCORES,
    "float16": SCORES.astype(np.float16),
    "temperature": squash(0.3 * LOGITS),
    "at most 0.6": np.minimum(SCORES, 0.6),
    "weak": draw(seed=50)[1],
    "weak and low": 0.6 * draw(seed=50)[1],
    "noise": np.random.default_rng(0).random(MASKS.shape, dtype=np.float32),
    "low noise": 0.4 * np.random.default_rng(0).random(MASKS.shape, dtype=np.float32),
    "elsewhere": squash(np.roll(LOGITS, 20, axis=-1) - 6),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_no_threshold_is_proposed_to_healthy_or_weak_channels(name):
    report = diagnose(y_true=MASKS, y_pred=HEALTHY[name], metric=TORCH)
    assert "threshold-off" not in names(report)


@pytest.mark.parametrize("skill", [0.1, 0.3, 0.7, 1.5])
@pytest.mark.parametrize("shares", [(0.02, 0.1, 0.5), (0.3, 0.4, 0.45), (0.05, 0.2, 0.8)])
def test_a_weak_model_that_is_right_not_to_be_sure_passes(skill, shares):
    random, share = np.random.default_rng(0), np.reshape(shares, (1, 3, 1, 1))
    masks = random.random((6, 3, 64, 64)) < share
    seen = random.normal(size=masks.shape) + skill * masks
    odds = share / (1 - share) * np.exp(skill * seen - skill**2 / 2)
    report = diagnose(y_true=masks * 1, y_pred=(odds / (1 + odds)).astype("f4"), metric=TORCH)
    assert "threshold-off" not in names(report)


def test_an_empty_channel_needs_no_threshold():
    masks = np.where(ORDER == 1, 0, MASKS)
    report = diagnose(y_true=masks, y_pred=low(SCORES), metric=TORCH)
    assert "threshold-off" not in names(report)


@pytest.mark.parametrize("shards", [1, 4])
def test_parts_count_the_scores_of_channels_alike(shards, tmp_path):
    request = CheckRequest(options=Options(), metric=TORCH)
    pair = pair_of(y_true=MASKS, y_pred=low(SCORES))
    wanted, told, _ = compare(pair, request, shards, tmp_path, seed=shards)
    assert told == wanted
    assert "threshold-off" in told
