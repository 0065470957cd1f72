"""Turn a report into the steps that `fix` applies to each array, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iou_doctor.arrays.interpretation import Encoding, Interpretation
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.record import record
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.fill_missing import FillMissing
from iou_doctor.repairs.permute_channels import PermuteChannels
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.step import Side, Stage, Step
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Report
from iou_doctor.sources.files.file_series import FileSeries

NO_CLASS_LABELS = (255, 65535)
"""Labels for pixels without a class: the last value of uint8 and of uint16. A copy takes the first
one that is not a class, because that leaves the dtype narrow."""

STAGES_OF_CONSEQUENCES = frozenset({Stage.ARRANGE, Stage.DECODE, Stage.ENCODE})
"""Stages whose steps are also applied for a mere consequence of a root cause. They follow from how
the array is stored, which repairing the root cause does not change. Misplaced pixels and wrong
class ids of a consequence, in contrast, are only apparent and vanish with the root cause."""


@record
class RepairPlan:
    """What is to be done to the two arrays."""

    steps: Mapping[Side, tuple[Step, ...]]
    """For each side the steps in order; empty if it needs none."""
    causes: Mapping[Side, tuple[Finding, ...]]
    """For each side the findings that its steps repair."""

    @property
    def repaired_sides(self) -> tuple[Side, ...]:
        """The sides that have steps, the predictions first."""
        return tuple(side for side in (Side.PREDICTIONS, Side.MASKS) if self.steps[side])


def list_copied_sides(plan: RepairPlan, pair: Pair) -> tuple[Side, ...]:
    """Return the sides of which copies are written, the predictions first.

    Copies are label maps, which do not pair up with one file for each class. So both sides are
    copied if they have such files.
    """
    are_joined = isinstance(pair.y_true, FileSeries) and pair.y_true.is_joined
    return (Side.PREDICTIONS, Side.MASKS) if are_joined else plan.repaired_sides


def build_plan(report: Report, *, unsafe: bool) -> RepairPlan:
    """Return the steps that repair the findings of a report.

    Args:
        report: a report whose findings begin with the root causes.
        unsafe: whether to include repairs that may lose or invent information.
    """
    selected = _select_steps(report, unsafe=unsafe)
    steps: dict[Side, tuple[Step, ...]] = {}
    causes: dict[Side, tuple[Finding, ...]] = {}
    for side in Side:
        of_side = [(step, finding) for step, finding in selected if step.side is side]
        of_side.sort(key=lambda pair: pair[0].stage)
        adapted = _adapt_steps(of_side, report.reading, side)
        steps[side] = tuple(step for step, _ in adapted)
        names = {finding.rule.name for _, finding in adapted}
        causes[side] = tuple(f for f in report.findings if f.rule.name in names)
    return RepairPlan(steps, causes)


def _select_steps(report: Report, *, unsafe: bool) -> list[tuple[Step, Finding]]:
    """Return each step once, with the first finding that asks for it."""
    selected: list[tuple[Step, Finding]] = []
    for finding in report.findings:
        if finding.repair is None or not (finding.repair.safe or unsafe):
            continue
        earlier = [step for step, _ in selected]
        covered = {(step.stage, step.side) for step in earlier}
        for step in finding.repair.steps:
            if finding.rule.name in report.consequences and (
                step.stage not in STAGES_OF_CONSEQUENCES or (step.stage, step.side) in covered
            ):
                continue
            if step not in earlier:
                selected.append((step, finding))
    return selected


def _adapt_steps(
    steps: Sequence[tuple[Step, Finding]], interpretation: Interpretation, side: Side
) -> list[tuple[Step, Finding]]:
    """Return the steps of one side in the form that suits the array as earlier steps leave it."""
    axes = interpretation.layout.y_true if side is Side.MASKS else interpretation.layout.y_pred
    encoding = interpretation.y_true if side is Side.MASKS else interpretation.y_pred
    holds_ids = not axes.is_dense and not encoding.is_thresholded
    adapted: list[tuple[Step, Finding]] = []
    for step, finding in steps:
        suitable: Step | None = step
        if step.stage is Stage.DECODE:
            suitable = _mark_no_class(step, interpretation, axes)
            holds_ids = True
        elif step.stage is Stage.RELABEL and not holds_ids:
            suitable = _relabel_channels(step, encoding, axes)
        elif isinstance(step, FillMissing) and axes.is_dense:
            suitable = None  # the argmax has given missing values the label for no class
        if suitable is not None:
            adapted.append((suitable, finding))
    return adapted


def _mark_no_class(step: Step, interpretation: Interpretation, axes: Axes) -> Step:
    """Return an argmax or threshold that gives pixels without a class a label of their own.

    The score leaves these pixels out, or counts them as wrong. As class 0 they might count as
    right.
    """
    if not isinstance(step, (Argmax, Threshold)):
        return step
    classes = max(axes.channels, interpretation.num_classes)
    no_class = next(label for label in NO_CLASS_LABELS if label >= classes)
    if step.side is Side.MASKS and interpretation.ignore_index is not None:
        no_class = interpretation.ignore_index
    return replace(step, no_class=no_class)


def _relabel_channels(step: Step, encoding: Encoding, axes: Axes) -> Step | None:
    """Return the permutation of the channels that relabels their indices; `None` without one."""
    if not isinstance(step, Relabel) or not encoding.is_dense:
        return None
    new = [step.table.get(channel, channel) for channel in range(axes.channels)]
    if sorted(new) != list(range(axes.channels)):
        return None
    order = tuple(new.index(channel) for channel in range(axes.channels))
    return PermuteChannels(step.side, order)


def find_unflattened_shape(interpretation: Interpretation, side: Side) -> tuple[int, ...] | None:
    """Return the spatial shape of the other array if the pixels of this one are flattened."""
    layout = interpretation.layout
    shape = (layout.y_pred if side is Side.MASKS else layout.y_true).spatial_shape
    if layout.relation is not Relation.FLATTENED or len(shape) == 1:
        return None
    return tuple(length or 0 for length in shape)
