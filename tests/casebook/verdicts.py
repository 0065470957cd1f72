"""Runs cases and judges what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import iou_doctor
from casebook.cases import Arrays, Case
from casebook.healthy import TRUE_OF_THE_DATA, Healthy
from iou_doctor.checks import registry
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.report import Report

TOLERANCE = 0.01
"""How near a repaired score must come to the one before the fault."""


@dataclass(frozen=True)
class Seen:
    """What became of one sick case."""

    case: Case
    got: str
    """The primary finding's name, or the error."""
    right: bool
    wanted: float | None
    """The score before the fault; `None` where the repair is not judged."""
    repaired: float | None
    """The score after the primary finding's repair."""
    after_all: float | None

    @property
    def judged(self) -> bool:
        """Whether there is a repair to judge: one must be offered, or one is."""
        if not self.right or self.wanted is None:
            return False
        return self.case.sick.repairs or self.repaired is not None

    @property
    def restored(self) -> bool:
        """Whether that repair alone, and all repairs together, bring the clean score back."""
        return all(
            score is not None and abs(score - (self.wanted or 0)) <= TOLERANCE
            for score in (self.repaired, self.after_all)
        )


@dataclass(frozen=True)
class Alarm:
    """What a healthy variant was accused of."""

    variant: str
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    """Those that say more than what is so of the data."""
    off: float | None
    """The doctor's score less the true one, where the two differ."""


def diagnose(arrays: Arrays) -> Report:
    return iou_doctor.check(y_true=arrays.y_true, y_pred=arrays.y_pred, **arrays.options)


def built(rule: str) -> bool:
    return any(check.rule.name == rule for check in registry.load_checks())


def see(case: Case) -> Seen:
    """Run one sick case; what is raised is an answer too, and a wrong one."""
    arrays = case.build()
    try:
        report = diagnose(arrays)
    except Exception as error:
        return Seen(case, f"{type(error).__name__}: {error}", False, None, None, None)
    primary = _expected(report, case) or report.primary
    repair = primary.repair if primary else None
    return Seen(
        case,
        got=primary.rule.name if primary else "nothing",
        right=primary is not None and primary.rule.name in {case.sick.rule, *case.sick.also},
        wanted=arrays.clean,
        repaired=repair.mean_iou_after if repair else None,
        after_all=report.verdict.mean_iou_after_all,
    )


def _expected(report: Report, case: Case) -> Finding | None:
    """Return the finding of a rule that is a note, and so never primary."""
    found = (finding for finding in report.findings if finding.rule.name == case.sick.rule)
    return next(found, None) if case.sick.note else None


def listen(variant: Healthy) -> Alarm | None:
    """Return what a healthy variant is accused of, or `None`."""
    arrays = variant.build()
    try:
        report = diagnose(arrays)
    except Exception as error:
        return Alarm(variant.name, (f"{type(error).__name__}: {error}",), (), None)
    names = {
        level: tuple(f.rule.name for f in report.findings if f.severity is level)
        for level in (Severity.ERROR, Severity.WARNING)
    }
    warnings = tuple(n for n in names[Severity.WARNING] if n not in TRUE_OF_THE_DATA)
    ours, true = report.mean_iou, arrays.clean
    off = None if true is None or ours is None or abs(ours - true) < TOLERANCE else ours - true
    if not names[Severity.ERROR] and not warnings and off is None:
        return None
    return Alarm(variant.name, names[Severity.ERROR], warnings, off)


def see_all(cases: Iterable[Case], done: Callable[[], object]) -> list[Seen]:
    """Run cases; `done` is called after each."""
    seen = []
    for case in cases:
        seen.append(see(case))
        done()
    return seen
