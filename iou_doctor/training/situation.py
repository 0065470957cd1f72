"""What a training has shown by the time of a check, and which rules can be judged by then.

A rule states in its own file what it needs (`Rule.needs`).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from iou_doctor.checks.agreement import WEAK_KAPPA, compute_kappa
from iou_doctor.checks.registry import load_checks
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Needs, Severity
from iou_doctor.report.report import Report

IGNORED_OBJECT = "masks-0-255"
"""The rule that also fires if the object is the ignore label."""
RECODED = "recoded-class-ids"
SHIFTED = "shifted-predictions"
LEAST_SHIFT = 3
"""Minimum number of pixels. The kernels of a network in its first epochs are lopsided, which shifts
its predictions by one pixel or two; in the validation more so, as long as the averages of
BatchNormalization lag behind.
"""


class Stage(Enum):
    """When arrays are checked."""

    FIRST_BATCHES = auto()
    EPOCH = auto()
    """After an epoch: the arrays of the training."""
    VALIDATION = auto()
    EVALUATION = auto()
    """In `evaluate`. The network counts as trained, and nothing is known of its training."""


@record
class Fit:
    """How a network and its training masks fit."""

    is_good: bool = False
    """Whether they agree far better than chance."""
    labels: frozenset[int] = frozenset()
    """The labels of the masks in the samples that were checked."""


@record(kw_only=True)
class Situation:
    """What is known when the arrays of a metric are checked."""

    stage: Stage
    fit: Fit = Fit()
    """For a validation: the fit of the network to its training masks."""
    may_lack_object: bool = False
    """Whether 255 is the ignore label of two classes, so that it may be the object as well."""
    lacks_object: bool = False
    """Whether no mask of the training held class 1 so far, which was an epoch or more."""


def measure_fit(report: Report) -> Fit:
    """Return how well a network fits the masks of a report on its training."""
    can_be_told = report.score is not None and not report.reading.is_multilabel
    kappa = compute_kappa(report.score) if can_be_told and report.score else None
    pairs = report.label_pairs
    return Fit(
        is_good=kappa is not None and kappa > WEAK_KAPPA,
        labels=frozenset() if pairs is None else frozenset(pairs.count_truths()),
    )


def list_unreported_rules(situation: Situation) -> tuple[str, ...]:
    """Return the names of the rules that must not be reported.

    Rules about a whole data set are never reported, because the callback checks only some samples,
    and rules about hand-written metrics are not, because it checks only metrics of Keras.
    """
    unmet = _list_unmet_needs(situation)
    rules = [check.rule.name for check in load_checks() if check.rule.needs in unmet]
    if situation.may_lack_object and not _may_name_object(situation):
        rules.append(IGNORED_OBJECT)
    return tuple(rules)


def list_doubtful_rules(report: Report, situation: Situation) -> Collection[str]:
    """Return the names of the rules that fired although the situation does not bear them out."""
    stage = situation.stage
    return {
        finding.rule.name
        for finding in report.findings
        if (stage is Stage.EPOCH and _needs_better_fit(report, finding))
        or (stage is Stage.VALIDATION and _is_doubtful_in_validation(report, finding, situation))
    }


def _needs_better_fit(report: Report, finding: Finding) -> bool:
    return finding.rule.needs is Needs.FITTING_NETWORK and not measure_fit(report).is_good


def _is_doubtful_in_validation(report: Report, finding: Finding, situation: Situation) -> bool:
    if finding.rule.name == IGNORED_OBJECT and situation.may_lack_object:
        return finding.severity is Severity.WARNING and not situation.lacks_object
    if finding.rule.name == SHIFTED:
        return all(abs(finding.facts[axis]) < LEAST_SHIFT for axis in ("rows", "columns"))
    pairs, known = report.label_pairs, situation.fit.labels
    if finding.rule.name != RECODED or pairs is None or not known.issuperset(pairs.count_truths()):
        return False
    # the network was trained on all these ids: it predicts another id for a class that it has not
    # learned yet
    moved = {int(label) for label in finding.facts["mapping"]}
    return moved.isdisjoint(pairs.count_truths().keys() & pairs.count_predictions().keys())


def _list_unmet_needs(situation: Situation) -> set[Needs]:
    unmet = {Needs.WHOLE_DATA_SET, Needs.OWN_METRIC}
    if situation.stage is Stage.FIRST_BATCHES:
        unmet |= {Needs.TRAINED_NETWORK, Needs.FITTING_NETWORK, Needs.NEW_DATA}
    elif situation.stage is Stage.EPOCH:
        unmet.add(Needs.NEW_DATA)
    elif situation.stage is Stage.VALIDATION and not situation.fit.is_good:
        unmet |= {Needs.FITTING_NETWORK, Needs.NEW_DATA}
    return unmet


def _may_name_object(situation: Situation) -> bool:
    """Return whether it can be told whether the ignored label is the object.

    A few masks may hold none of the object. That no mask of an epoch does is a fault, and so is
    that a network which has learned the object finds it where a label is ignored.
    """
    if situation.stage is Stage.VALIDATION:
        return situation.lacks_object or situation.fit.is_good
    return situation.stage is Stage.EVALUATION or situation.lacks_object
