"""Compare two checks of the same masks: two predictions, or one under two metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.account import count_after_repairs, name_sample
from iou_doctor.diagnosis.kept_arrays import keep_arrays
from iou_doctor.diagnosis.pipeline import choose_settings, examine, open_arrays
from iou_doctor.diagnosis.questions import OpenArrays, Progress
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.root_cause import diagnose
from iou_doctor.errors import UsageError
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.difference import build_difference
from iou_doctor.metrics.engine.separate import ChoiceChange, Setup, separate
from iou_doctor.report.comparison import Comparison, Side
from iou_doctor.report.report import Report
from iou_doctor.sources.files.stamps import check_unchanged


def compare(
    before: CheckRequest, after: CheckRequest, *, progress: Progress | None = None
) -> Comparison:
    """Check two requests with the same masks, and return where their numbers differ.

    Args:
        before: the one check.
        after: the other check.
        progress: called with the number of samples done and in total, of either check.

    Raises:
        UsageError: options that do not go together, or other numbers of samples.
        SourceError: a file cannot be read.
        ReadingError: the arrays cannot be understood.
    """
    first, evidence, first_counted = _check(before, progress)
    second, other, second_counted = _check(after, progress)
    samples = [one.interpretation.layout.samples for one in (evidence, other)]
    if samples[0] != samples[1]:
        raise UsageError(
            f"the two predictions share {samples[0]:,} and {samples[1]:,} samples with the masks;"
            " give predictions of the same masks"
        )
    difference = None
    if first_counted is not None and second_counted is not None:
        difference = build_difference(
            first_counted,
            second_counted,
            confidence=after.confidence,
            name_sample=lambda sample: name_sample(evidence, sample),
        )
    sides = (
        Side.of(first, is_scored=first_counted is not None),
        Side.of(second, is_scored=second_counted is not None),
    )
    same = _are_same(before.predictions, after.predictions)
    return Comparison(
        *sides,
        same,
        difference,
        separated_by=_separate(evidence, other) if same else (),
        reports=(first, second),
    )


def _separate(before: Evidence, after: Evidence) -> tuple[ChoiceChange, ...]:
    """Return the choices that turn the number of one metric into that of another."""
    numbers = before.metric_score.value, after.metric_score.value
    first, second = _describe_setup(before), _describe_setup(after)
    if numbers[0] is None or numbers[1] is None or first is None or second is None:
        return ()
    for inputs in (after.inputs, before.inputs):  # either may hold counts that the other needs
        if inputs is None:
            continue
        if found := separate(first, second, inputs, (numbers[0], numbers[1])):
            return found
    return ()


def _describe_setup(evidence: Evidence) -> Setup | None:
    """Return what the metric of a check decides; `None` if that is unknown."""
    choices, metric = evidence.metric_score.choices, evidence.metric
    if choices is None:
        return None
    fixed = metric.contract.num_classes if metric.contract else None
    classes = fixed or metric.num_classes or evidence.interpretation.num_classes
    return Setup(choices, classes, metric.ignore_class)


def _are_same(one: object, other: object) -> bool:
    """Return whether two requests name the same file, or hold the same object."""
    return one is other or (isinstance(one, str) and one == other)


@np.errstate(over="ignore", invalid="ignore")  # huge and signalling values are data as well
def _check(
    request: CheckRequest, progress: Progress | None
) -> tuple[Report, Evidence, Counted | None]:
    pair = open_arrays(request)
    evidence, recount = examine(
        pair, request, OpenArrays(pair, choose_settings(request), progress=progress)
    )
    report = diagnose(evidence, request.selection, recount)
    counted = count_after_repairs(report, evidence, recount)
    check_unchanged(pair.files)
    return replace(report, arrays=keep_arrays(evidence, counted)), evidence, counted
