"""Compare two checks of the same masks: two predictions, or one under two metrics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.arrays.source import Pair
from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.account import count_after_repairs, keep_arrays, name_sample
from iou_doctor.diagnosis.pipeline import choose_settings, examine, open_arrays
from iou_doctor.diagnosis.questions import Arrays, OpenArrays, Progress
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.root_cause import diagnose
from iou_doctor.diagnosis.shared_samples import SharedSamples, find_shared_samples
from iou_doctor.ledger.counted import Counted
from iou_doctor.ledger.difference import Difference, build_difference
from iou_doctor.metrics.engine.separate import ChoiceChange, Setup, separate
from iou_doctor.record import record
from iou_doctor.report.comparison import Comparison, OtherSamples, Side
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
        UsageError: options that do not go together, or no sample that both have.
        SourceError: a file cannot be read.
        ReadingError: the arrays cannot be understood.
    """
    same = _are_same(before.predictions, after.predictions)
    sides = [_open(request, progress) for request in (before, after)]
    return compare_checked(sides[0], sides[1], same=same, confidence=after.confidence)


@record(eq=False)
class Checked:
    """What a check of one side found."""

    report: Report
    evidence: Evidence
    counted: Counted | None
    """The label pairs and the score after all repairs; `None` if the arrays are misread."""


def compare_checked(
    before: Checked, after: Checked, *, same: bool, confidence: float
) -> Comparison:
    """Return where the numbers of two checks differ.

    Args:
        before: the one check.
        after: the other check.
        same: whether both are of the same predictions.
        confidence: the share of the drawn data sets that an interval holds.

    Raises:
        UsageError: there is no sample that both have.
    """
    shared = find_shared_samples(before.evidence, after.evidence)
    difference = samples = None
    if before.counted is not None and after.counted is not None:
        difference, samples = _subtract(
            (before.counted, after.counted), shared, before.evidence, confidence=confidence
        )
    return Comparison(
        Side.of(before.report, is_scored=before.counted is not None),
        Side.of(after.report, is_scored=after.counted is not None),
        same,
        difference,
        samples=samples,
        separated_by=_separate(before.evidence, after.evidence) if same else (),
        reports=(before.report, after.report),
        places=None if shared is None else shared.places,
    )


def _subtract(
    counted: tuple[Counted, Counted],
    shared: SharedSamples | None,
    evidence: Evidence,
    *,
    confidence: float,
) -> tuple[Difference | None, OtherSamples | None]:
    """Return the difference on the samples that both sides have, and what the others contribute.

    Args:
        counted: the label pairs of either side, after all repairs.
        shared: the samples that both have; `None` if they have the same ones.
        evidence: the facts about the side before, for the names of samples.
        confidence: the share of the drawn data sets that an interval holds.
    """
    first, second = counted
    if shared is not None:
        first, second = shared.select(first, 0), shared.select(second, 1)
    places = None if shared is None else shared.places[0]

    def name(sample: int) -> str:
        return name_sample(evidence, sample if places is None else int(places[sample]))

    difference = build_difference(first, second, confidence=confidence, name_sample=name)
    whole = counted[0].score.mean_iou, counted[1].score.mean_iou
    if difference is None or shared is None or whole[0] is None or whole[1] is None:
        return difference, None
    return difference, OtherSamples(shared.left_out, (whole[0], whole[1]))


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


def _open(request: CheckRequest, progress: Progress | None) -> Checked:
    pair = open_arrays(request)
    arrays = OpenArrays(pair, choose_settings(request), progress=progress)
    checked = check_side(pair, request, arrays)
    check_unchanged(pair.files)
    return checked


@np.errstate(over="ignore", invalid="ignore")  # huge and signalling values are data as well
def check_side(pair: Pair, request: CheckRequest, arrays: Arrays) -> Checked:
    """Check one side of a comparison; see `pipeline.report_on`."""
    evidence, recount = examine(pair, request, arrays)
    report = diagnose(evidence, request.selection, recount)
    counted = count_after_repairs(report, evidence, recount)
    return Checked(replace(report, arrays=keep_arrays(evidence, counted)), evidence, counted)
