"""The difference of two numbers is given to its cause: the format, the metric, the predictions."""

from __future__ import annotations

import numpy as np
import pytest

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.compare import compare
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import UsageError
from iou_doctor.render.comparison_lines import list_parts
from iou_doctor.render.comparison_text import summarize


def make_pair(seed=0, wrong=0.15):
    rng = np.random.default_rng(seed)
    cells = np.random.default_rng(9).integers(0, 3, (8, 4, 6))
    masks = cells.repeat(8, 1).repeat(8, 2).astype(np.uint8)
    noise = rng.random(masks.shape) < wrong
    return masks, np.where(noise, rng.integers(0, 3, masks.shape), masks).astype(np.uint8)


def ask(predictions, masks, **more):
    return CheckRequest(
        predictions=predictions, masks=masks, options=Options(num_classes=3), **more
    )


def add_up(comparison):
    before, after = comparison.readings
    return before + comparison.difference.gain + after


ROUNDING = 1e-6
"""Keras computes in float32."""
FAULTS = {
    "flipped-samples": lambda labels: labels[:, :, ::-1],
    "shuffled-samples": lambda labels: labels[np.random.default_rng(1).permutation(8)],
    "labels-off-by-one": lambda labels: labels + 1,
    "recoded-class-ids": lambda labels: labels * 100,
    "permuted-classes": lambda labels: np.array([2, 0, 1], dtype=np.uint8)[labels],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("side", [0, 1])
def test_a_planted_fault_is_the_cause_of_the_whole_difference(fault, side):
    masks, predictions = make_pair()
    both = [predictions, predictions]
    both[side] = FAULTS[fault](predictions)
    comparison = compare(*(ask(one, masks) for one in both))
    sick = (comparison.before, comparison.after)[side]
    assert sick.primary == fault
    parts = comparison.readings
    assert parts[side] == pytest.approx(comparison.gain, abs=ROUNDING)
    assert (parts[1 - side], comparison.difference.gain) == pytest.approx((0, 0), abs=ROUNDING)


def test_one_convention_of_both_sides_is_one_part_and_not_the_cause():
    masks, old = make_pair()
    new = np.where(masks == 0, old, masks).astype(np.uint8)
    micro = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3, average='micro')"
    comparison = compare(*(ask(one, masks, metric=micro) for one in (old, new)))
    readings = [line for line in list_parts(comparison) if line[0] == "reading"]
    assert readings == [
        ("reading", readings[0][1], "both sides: classes pooled before the division")
    ]
    assert "the predictions themselves differ" in summarize(comparison)
    assert float(readings[0][1]) == pytest.approx(sum(comparison.readings), abs=1e-4)
    same = [ask(one + np.uint8(1), masks) for one in (old, new)]
    (fault,) = (line for line in list_parts(compare(*same)) if line[0] == "reading")
    assert fault[2].startswith("both sides: one array numbers the classes from 1")


def test_a_convention_of_both_sides_does_not_make_noise_a_fault():
    masks, old = make_pair()
    _, new = make_pair(seed=9)
    micro = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3, average='micro')"
    comparison = compare(*(ask(one, masks, metric=micro) for one in (old, new)))
    assert comparison.gain < comparison.difference.gain < 0
    assert comparison.may_be_noise


def test_classes_that_overlap_have_no_parts():
    rng = np.random.default_rng(0)
    masks = (rng.random((4, 3, 24, 24)) > 0.5).astype(np.uint8)
    sides = [np.where(rng.random(masks.shape) < share, 1 - masks, masks) for share in (0.1, 0.05)]
    metric = "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)"
    comparison = compare(*(ask(one, masks, metric=metric) for one in sides))
    assert comparison.gain > 0
    (line,) = list_parts(comparison)
    assert line[2] == "the classes of before overlap, so the parts are not known"


def test_classes_that_are_absent_on_one_side_are_named():
    masks, predictions = make_pair()
    masks[masks == 2] = 0
    without = np.where(predictions == 2, 0, predictions)
    lines = list_parts(compare(ask(predictions, masks), ask(without, masks)))
    assert ("mean", "", "over 3 classes before, 2 after: class 2 is absent after") in lines
    assert "mean" not in {line[0] for line in list_parts(compare(*[ask(without, masks)] * 2))}


def test_a_fault_beside_better_predictions_leaves_each_its_part():
    masks, old = make_pair()
    _, new = make_pair(seed=1, wrong=0.05)
    right = compare(ask(old, masks), ask(new, masks))
    wrong = compare(ask(old, masks), ask(new[:, :, ::-1], masks))
    assert right.readings == pytest.approx((0, 0), abs=ROUNDING)
    assert right.gain == pytest.approx(right.difference.gain, abs=ROUNDING)
    assert wrong.difference.gain == pytest.approx(right.gain)
    assert wrong.gain < -0.1
    assert add_up(wrong) == pytest.approx(wrong.gain, abs=ROUNDING)


def test_two_metrics_on_one_pair_differ_in_how_they_read_it():
    masks, predictions = make_pair()
    pooled = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3, average='micro')"
    comparison = compare(
        ask(predictions, masks), ask(predictions, masks, metric=pooled)
    )  # fmt: skip
    assert comparison.same_predictions
    assert comparison.difference.gain == 0
    assert comparison.readings == pytest.approx((0, comparison.gain), abs=ROUNDING)
    assert "pooled" in comparison.after.note


def test_a_metric_that_raises_gives_no_gain_but_the_predictions_are_compared():
    masks, predictions = make_pair()
    scores = np.eye(3, dtype=np.float32)[predictions] * 0.8 + 0.1
    comparison = compare(ask(predictions, masks), ask(scores, masks))
    assert comparison.gain is None
    assert comparison.readings[1] is None
    assert comparison.difference.gain == 0


def test_a_side_that_stays_misread_has_no_parts():
    masks, predictions = make_pair()
    broken = predictions.astype(np.float32)
    broken[0] = np.nan
    comparison = compare(ask(predictions, masks), ask(broken, masks))
    assert comparison.difference is None
    assert comparison.readings == (None, None)


def test_predictions_of_other_samples_are_refused():
    masks, predictions = make_pair()
    with pytest.raises(UsageError, match="8 and 6 samples"):
        compare(ask(predictions, masks), ask(predictions[:6], masks))
