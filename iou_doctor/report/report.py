"""The one Report from which every output is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from iou_doctor.arrays.interpretation import Encoding, Interpretation
from iou_doctor.metrics.score import ContractScore, Pixels, Score
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Outcome, Severity

if TYPE_CHECKING:
    from iou_doctor.report.score_lookup import ScoreLookup


@record
class Input:
    """One of the two arrays, as found."""

    path: str
    format: str
    shape: tuple[int | None, ...]
    dtype: str
    encoding: Encoding
    class_axis: int | None


@record
class Verdict:
    """The diagnosis in one line."""

    sick: bool
    """Whether an error stands."""
    primary: str | None
    """The name of the rule that is the root cause."""
    summary: str
    mean_iou_after_all: float | None
    """The doctor's score after all repairs."""


@record
class Report:
    """What the checkup found."""

    version: str
    verdict: Verdict
    predictions: Input
    masks: Input
    reading: Interpretation
    pixels: Pixels
    score: Score | None
    """The doctor's score of the arrays as they are; `None` where their pixels do not pair up."""
    metric_call: str
    metric: ContractScore
    contracts: tuple[ContractScore, ...]
    findings: tuple[Finding, ...]
    """Root cause first, then by severity and code."""
    explains: Mapping[str, tuple[str, ...]]
    """For the name of a finding's rule, the names of those that are its consequences."""
    outcomes: tuple[Outcome, ...]
    """Every rule, in order of code."""
    all_implementations: bool = False
    """Whether all implementations were asked for, and not only those that people use most."""
    lookup: ScoreLookup | None = None
    """What a score that somebody printed can mean, where one was given."""
    manuals: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For the code of a rule, its manual."""

    @property
    def mean_iou(self) -> float | None:
        """The doctor's mean IoU of the arrays as they are."""
        return None if self.score is None else self.score.mean_iou

    @property
    def primary(self) -> Finding | None:
        """The finding that is the root cause."""
        return next((f for f in self.findings if f.rule.name == self.verdict.primary), None)

    @property
    def consequences(self) -> frozenset[str]:
        """Names of the rules that fired only because of another one."""
        return frozenset(name for names in self.explains.values() for name in names)

    def fails_at(self, severity: Severity) -> bool:
        """Return whether a finding is at least as bad as `severity`."""
        return any(finding.severity.rank >= severity.rank for finding in self.findings)
