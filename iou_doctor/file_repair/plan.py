"""From the Report to the steps on each array: which repairs `fix` makes, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding, Interpretation
from iou_doctor.arrays.layout import Axes
from iou_doctor.record import record
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.step import Side, Stage, Step
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report

NO_CLASS = (255, 65535)
"""Labels for pixels without a class: the last one of the smallest dtype that has one to spare."""


OF_CONSEQUENCES = {Stage.ARRANGE, Stage.DECODE, Stage.ENCODE}
"""Stages that a mere consequence may ask for: they rest on how the array is read. The places and
class ids that seem wrong in front of a root cause are right again once that is repaired."""


@record
class RepairPlan:
    """What is to be done to the two arrays."""

    steps: Mapping[Side, tuple[Step, ...]]
    """For each side, in order; empty where nothing is."""
    causes: Mapping[Side, tuple[Finding, ...]]
    """For each side, the findings whose steps these are."""


def treatment(report: Report, *, unsafe: bool) -> RepairPlan:
    """Return the steps that repair the findings.

    Args:
        report: the findings, root causes first.
        unsafe: whether repairs that may lose or invent information are wanted.
    """
    wanted = _wanted(report, unsafe=unsafe)
    steps: dict[Side, tuple[Step, ...]] = {}
    causes: dict[Side, tuple[Finding, ...]] = {}
    for side in Side:
        mine = [(step, finding) for step, finding in wanted if step.side is side]
        mine.sort(key=lambda pair: pair[0].stage)
        fitting = _fitting(mine, report.reading, side)
        steps[side] = tuple(step for step, _ in fitting)
        names = {finding.rule.name for _, finding in fitting}
        causes[side] = tuple(f for f in report.findings if f.rule.name in names)
    return RepairPlan(steps, causes)


def _wanted(report: Report, *, unsafe: bool) -> list[tuple[Step, Finding]]:
    wanted: list[tuple[Step, Finding]] = []
    for finding in report.findings:
        if finding.repair is None or not (finding.repair.safe or unsafe):
            continue
        done = [step for step, _ in wanted]
        covered = {(step.stage, step.side) for step in done}
        for step in finding.repair.steps:
            stage = step.stage
            if finding.rule.name in report.consequences and (
                stage not in OF_CONSEQUENCES or (stage, step.side) in covered
            ):
                continue
            if step not in done:
                wanted.append((step, finding))
    return wanted


def _fitting(
    wanted: Sequence[tuple[Step, Finding]], interpretation: Interpretation, side: Side
) -> list[tuple[Step, Finding]]:
    """Return the steps in the form that fits what the array is when their turn comes."""
    axes = interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred
    encoding = interpretation.y_true if side is Side.MASKS else interpretation.y_pred
    decoded = not axes.is_dense and not encoding.is_thresholded
    fitting: list[tuple[Step, Finding]] = []
    for step, finding in wanted:
        fitted: Step | None = step
        stage = step.stage
        if stage is Stage.DECODE:
            fitted = _with_no_class(step, interpretation, axes)
            decoded = True
        elif stage is Stage.RELABEL and not decoded:
            fitted = _on_channels(step, encoding, axes)
        elif isinstance(step, FillMissing) and axes.is_dense:
            fitted = None  # the argmax has turned what is missing into the label for it
        if fitted is not None:
            fitting.append((fitted, finding))
    return fitting


def _with_no_class(step: Step, interpretation: Interpretation, axes: Axes) -> Step:
    """Return an argmax or threshold that keeps pixels without a class apart.

    The doctor leaves them out, or counts them as misses; class 0 would be an invention.
    """
    if not isinstance(step, (Argmax, Threshold)):
        return step
    classes = max(axes.channels, interpretation.num_classes)
    no_class = next(label for label in NO_CLASS if label >= classes)
    if step.side is Side.MASKS and interpretation.ignore_index is not None:
        no_class = interpretation.ignore_index
    return replace(step, no_class=no_class)


def _on_channels(step: Step, encoding: Encoding, axes: Axes) -> Step | None:
    """Return the same change of class ids for channels; `None` where there is none."""
    if not isinstance(step, Relabel) or not encoding.is_dense:
        return None
    new = [step.table.get(channel, channel) for channel in range(axes.channels)]
    if sorted(new) != list(range(axes.channels)):
        return None
    order = tuple(new.index(channel) for channel in range(axes.channels))
    return PermuteChannels(step.side, order)
