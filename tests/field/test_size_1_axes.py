"""An axis of size 1 on one side: harmless to some metrics, and refused by others."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, mean_iou, names, one_hot
from casebook.blocks import run_block
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, draw_pair
from iou_doctor.render.shared.score_words import describe_scores, list_scores

BINARY = draw_masks((5, 64, 72), 2)
THREE, SEEN = draw_pair((4, 56, 64), 3, seed=3)
VOID = THREE.copy()
VOID[:, :6] = 255
NOISE = gaussian_filter(np.random.default_rng(5).normal(size=BINARY.shape), (0, 3.0, 3.0))
SCORES = 1 / (1 + np.exp(-6 * (BINARY - 0.5) - 14 * NOISE)).astype(np.float32)

CASES = {
    "scores of one class": (BINARY, SCORES, "BinaryIoU(target_class_ids=[1], threshold=0.5)"),
    "one class of three": (THREE, SEEN, "IoU(num_classes=3, target_class_ids=[1])"),
    "two of three": (THREE, SEEN, "IoU(num_classes=3, target_class_ids=[1, 2])"),
    "with void": (VOID, SEEN, "IoU(num_classes=3, target_class_ids=[1, 2], ignore_class=255)"),
    "all classes": (THREE, SEEN, "MeanIoU(num_classes=3)"),
    "pixels": (THREE, SEEN, "sklearn.metrics.jaccard_score(masks, preds, average='micro')"),
}
"""Masks, predictions, and a metric that flattens both."""


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("side", ["y_true", "y_pred"])
@pytest.mark.parametrize("name", CASES)
def test_an_axis_that_changes_no_number_makes_no_number_wrong(name, side, axis):
    masks, predictions, metric = CASES[name]
    arrays = {"y_true": masks, "y_pred": predictions}
    healthy = diagnose(**arrays, metric=metric)
    report = diagnose(**arrays | {side: np.expand_dims(arrays[side], axis)}, metric=metric)
    assert "extra-axis" in names(report)
    assert report.metric.value == pytest.approx(healthy.metric.value)
    assert describe_scores(report) == describe_scores(healthy)
    assert [*list_scores(report)] == [*list_scores(healthy)]
    assert report.block is None
    assert report.ledger is not None
    assert report.ledger.of == "as-stored"


def test_the_repair_of_another_fault_beside_the_axis_is_still_priced():
    turned = np.flip(SEEN, 1)[..., None].copy()
    report = diagnose(y_true=THREE, y_pred=turned, metric="MeanIoU(num_classes=3)")
    assert {"extra-axis", "flipped-samples"} <= set(names(report))
    wanted = mean_iou(THREE, SEEN, 3)
    assert report.verdict.mean_iou_after_all == pytest.approx(wanted)
    assert describe_scores(report).endswith(f"right {wanted:.4f}")
    assert report.block is not None


def test_fix_can_still_squeeze_a_harmless_axis():
    report = diagnose(y_true=THREE, y_pred=SEEN[..., None], metric=CASES["one class of three"][2])
    repair = found(report, "extra-axis").repair
    assert repair is not None
    assert repair.steps


TORCH = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3)"
SMP = "smp.metrics.iou_score(tp, fp, fn, tn, reduction='macro')"
LOGITS = 4 * np.moveaxis(one_hot(SEEN, 3), -1, 1).astype(np.float32) - 2
REFUSED = {
    "labels": (THREE, SEEN),
    "logits": (THREE, LOGITS),
    "ids from 1": (THREE + 1, LOGITS),
    "flipped": (THREE, np.flip(LOGITS, 2).copy()),
    "flipped labels": (np.flip(THREE, 1).copy(), SEEN),
}
"""Masks and predictions that a metric of PyTorch refuses if one has an axis of size 1."""


@pytest.mark.parametrize("metric", [TORCH, SMP])
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("name", REFUSED)
def test_the_block_drops_an_axis_of_the_masks(name, axis, metric):
    masks, predictions = REFUSED[name]
    assert_block_runs(np.expand_dims(masks, axis), predictions, metric)


@pytest.mark.parametrize("metric", [TORCH, SMP])
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("name", ["labels", "flipped labels"])
def test_the_block_drops_an_axis_of_the_predictions(name, axis, metric):
    masks, predictions = REFUSED[name]
    assert_block_runs(masks, np.expand_dims(predictions, axis), metric)


def test_the_block_for_one_image_needs_no_axis_of_samples():
    assert_block_runs(THREE[0][None], LOGITS[0], TORCH)


def test_the_block_drops_an_axis_that_both_arrays_have():
    assert_block_runs(THREE[:, None] + 1, SEEN[:, None], TORCH)


def assert_block_runs(masks, predictions, metric):
    report = diagnose(y_true=masks, y_pred=predictions, metric=metric, num_classes=3)
    assert report.block is not None
    got = run_block(report.block, masks, predictions)
    assert got == pytest.approx(report.verdict.mean_iou_after_all, abs=1e-9)
