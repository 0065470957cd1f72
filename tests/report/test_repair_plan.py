"""Which steps the findings ask for, in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from build import diagnose, noisy, one_hot, probabilities, scene, sigmoid

from iou_doctor.checks.registry import load_checks
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.repairs.times_255 import Times255
from iou_doctor.report.finding import Finding
from iou_doctor.report.repair_plan import build_plan
from iou_doctor.report.report import Report

RULES = {check.rule.name: check.rule for check in load_checks()}
ARGMAX = Argmax(Side.MASKS)
SWAP_0_AND_1 = Relabel(Side.PREDICTIONS, {0: 1, 1: 0})


def classes_of_steps(*, unsafe: bool = False, **arrays: Any) -> dict[str, list[type[Step]]]:
    """Return the classes of the steps for each side."""
    plan = build_plan(diagnose(**arrays), unsafe=unsafe)
    return {side.value: [type(step) for step in plan.steps[side]] for side in Side}


def labels(*, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    truth = scene(1, classes=classes)
    return truth, noisy(truth, 2, classes=classes)


def test_a_step_that_two_findings_ask_for_is_applied_once():
    truth, predicted = labels()
    report = diagnose(
        y_true=one_hot(truth, 3), y_pred=probabilities(predicted, 3, classes=3), num_classes=3
    )
    assert [f.rule.name for f in report.findings if f.repair and f.repair.steps] == [
        "unargmaxed-probabilities",
        "one-hot-masks",
    ]
    plan = build_plan(report, unsafe=False)
    assert [type(step) for step in plan.steps[Side.MASKS]] == [Argmax]
    assert [f.rule.name for f in plan.causes[Side.MASKS]] == ["unargmaxed-probabilities"]


def test_axes_come_before_values():
    truth, predicted = labels()
    scores = np.moveaxis(probabilities(predicted, 3, classes=3), -1, 1)
    assert classes_of_steps(y_true=truth, y_pred=scores, num_classes=3) == {
        "masks": [],
        "predictions": [Arrange, Argmax],
    }


def test_an_unsafe_repair_is_applied_only_on_request():
    truth, predicted = labels()
    small = predicted[:, ::2, ::2]
    assert classes_of_steps(y_true=truth, y_pred=small, num_classes=3)["predictions"] == []
    assert classes_of_steps(unsafe=True, y_true=truth, y_pred=small, num_classes=3)[
        "predictions"
    ] == [ResizeNearest]


def test_a_healthy_pair_needs_nothing():
    truth, predicted = labels()
    assert classes_of_steps(y_true=truth, y_pred=predicted, num_classes=3) == {
        "masks": [],
        "predictions": [],
    }


def test_pixels_without_a_class_do_not_become_class_0():
    truth, predicted = labels()
    encoded = one_hot(truth, 3)
    encoded[0, 0] = 0
    report = diagnose(y_true=encoded, y_pred=probabilities(predicted, 3, classes=3), num_classes=3)
    (step,) = build_plan(report, unsafe=False).steps[Side.MASKS]
    assert step == Argmax(Side.MASKS, no_class=255)


def test_mask_pixels_without_a_class_get_the_ignore_label():
    truth, predicted = labels()
    report = diagnose(
        y_true=one_hot(truth, 3),
        y_pred=probabilities(predicted, 3, classes=3),
        num_classes=3,
        ignore_index=7,
    )
    plan = build_plan(report, unsafe=False)
    assert [plan.steps[side] for side in Side] == [
        (Argmax(Side.MASKS, no_class=7),),
        (Argmax(Side.PREDICTIONS, no_class=255),),
    ]


def plan_for(report: Report, *wanted: tuple[str, Step], explains: str | None = None) -> list[Step]:
    """Return the steps that are made where these rules ask for them."""
    findings = tuple(
        Finding(RULES[name], "", "", repair=Repair("repair it", safe=True, steps=(step,)))
        for name, step in wanted
    )
    explained = {wanted[0][0]: (explains,)} if explains else {}
    plan = build_plan(replace(report, findings=findings, explains=explained), unsafe=False)
    return [step for side in Side for step in plan.steps[side]]


def plain_report() -> Report:
    truth, predicted = labels()
    return diagnose(y_true=truth, y_pred=predicted, num_classes=3)


def scores_report() -> Report:
    truth, predicted = labels()
    scores = probabilities(predicted, 3, classes=3)
    return diagnose(y_true=truth, y_pred=scores, num_classes=3)


def test_two_root_causes_do_not_repeat_a_step():
    made = plan_for(plain_report(), ("extra-axis", SWAP_0_AND_1), ("masks-0-255", SWAP_0_AND_1))
    assert made == [SWAP_0_AND_1]


@pytest.mark.parametrize(
    ("of_root", "of_consequence", "made"),
    [
        (Flip(Side.PREDICTIONS, (0,)), SWAP_0_AND_1, False),
        (SWAP_0_AND_1, Flip(Side.PREDICTIONS, (0,)), False),
        (SWAP_0_AND_1, Reorder(Side.PREDICTIONS, (1, 0)), False),
        (Times255(Side.MASKS), FillMissing(Side.MASKS, (), 255), False),
        (Threshold(Side.PREDICTIONS, 0.5), Times255(Side.MASKS), True),
        (Times255(Side.MASKS), Threshold(Side.MASKS, 0.5), False),
    ],
)
def test_a_consequence_may_decode_values_but_not_move_pixels_or_relabel(
    of_root, of_consequence, made
):
    steps = plan_for(
        plain_report(),
        ("unthresholded-sigmoid", of_root),
        ("one-hot-masks", of_consequence),
        explains="one-hot-masks",
    )
    classes = [type(step) for step in steps]
    assert classes.count(type(of_root)) == 1
    assert (type(of_consequence) in classes) is made


def test_class_ids_that_are_channels_change_places():
    table = {0: 1, 1: 2, 2: 0}
    (step,) = plan_for(scores_report(), ("extra-axis", Relabel(Side.PREDICTIONS, table)))
    assert isinstance(step, PermuteChannels)
    scores = probabilities(labels()[1], 3, classes=3)
    moved = step.apply(scores, spatial=2).argmax(axis=-1)
    assert (moved == (scores.argmax(axis=-1) + 1) % 3).all()


def test_ids_behind_an_argmax_are_relabelled_as_ids():
    made = plan_for(
        scores_report(),
        ("extra-axis", SWAP_0_AND_1),
        ("unargmaxed-probabilities", Argmax(Side.PREDICTIONS)),
    )
    assert [type(step) for step in made] == [Argmax, Relabel]


def test_a_relabelling_that_channels_or_scores_cannot_express_is_skipped():
    merge = Relabel(Side.PREDICTIONS, {2: 1})
    assert plan_for(scores_report(), ("extra-axis", merge)) == []
    truth = scene(1, classes=2)
    one_channel = diagnose(y_true=truth, y_pred=sigmoid(truth, 3), num_classes=2)
    assert plan_for(one_channel, ("extra-axis", SWAP_0_AND_1)) == []


def test_missing_channels_are_left_to_the_argmax():
    truth, predicted = labels()
    report = diagnose(y_true=one_hot(truth, 3), y_pred=predicted, num_classes=3)
    fill = FillMissing(Side.MASKS, (), 255)
    made = plan_for(report, ("non-finite-masks", fill), ("one-hot-masks", ARGMAX))
    assert [type(step) for step in made] == [Argmax]
