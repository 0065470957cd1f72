"""The report that every output format is rendered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from iou_doctor.arrays.interpretation import Encoding, Interpretation
from iou_doctor.ledger.interval import Interval
from iou_doctor.ledger.ledger import Ledger
from iou_doctor.metrics.score import ContractScore, Pixels, Score
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Outcome, Severity

if TYPE_CHECKING:
    from iou_doctor.arrays.source import Pair
    from iou_doctor.choices import FailOn
    from iou_doctor.counts.pair_counts import PairCounts
    from iou_doctor.ledger.counted import Counted
    from iou_doctor.ledger.image_areas import ImageAreas
    from iou_doctor.metrics.fine_grained import FineGrained
    from iou_doctor.metrics.metric import Metric
    from iou_doctor.report.gallery import Gallery
    from iou_doctor.report.repair_block import RepairBlock
    from iou_doctor.report.score_lookup import ScoreLookup

GATE = "score-below-minimum"
"""The rule whose findings fail a check whatever else the user asks for."""


@record
class Input:
    """One of the two arrays, and how it was interpreted."""

    path: str
    format: str
    shape: tuple[int | None, ...]
    dtype: str
    encoding: Encoding
    class_axis: int | None
    """The index of the class axis; `None` without one."""


@record
class Verdict:
    """The diagnosis in one line."""

    sick: bool
    """Whether there is at least one error: the arrays prove that the metric's number is wrong."""
    primary: str | None
    """The name of the rule that is the root cause."""
    summary: str
    mean_iou_after_all: float | None
    """The mean IoU after all repairs; `None` if it cannot be computed."""


@record
class CheckedArrays:
    """The arrays behind a report, from which a page reads the samples that it shows."""

    open: Callable[[], Pair]
    """Returns the arrays, opened again if need be.

    It raises a SourceError if they are gone, or are no longer what was checked.
    """
    name_sample: Callable[[int], str]
    """Returns the stem of the file of a sample, or its number."""
    names: tuple[str, ...]
    """The stems of the files of all samples; none if they have no names."""
    interpretation: Interpretation
    metric: Metric
    """The user's metric, as it reads arrays of this layout."""
    threshold: float
    """The decision threshold with which scores were counted."""
    counted: Counted | None
    """The label pairs after all repairs; `None` if the arrays are misread."""

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """Leave the arrays out of a report that is pickled."""
        return type(None), ()


UNEXPLAINED = "weak-agreement"
"""The rule that fires if a score is low and no fault of the format explains it."""


@record
class Report:
    """Everything that a check of one pair found."""

    version: str
    verdict: Verdict
    predictions: Input
    masks: Input
    reading: Interpretation
    pixels: Pixels
    score: Score | None
    """The score of the arrays as they are; `None` if their pixels do not pair up."""
    metric_call: str
    """The user's metric as written in code."""
    metric: ContractScore
    """What the user's metric reports."""
    contracts: tuple[ContractScore, ...]
    """What other implementations report."""
    findings: tuple[Finding, ...]
    """The root cause first, the others by severity and code."""
    explains: Mapping[str, tuple[str, ...]]
    """For each rule that fired, the names of the rules that fired as its consequences."""
    outcomes: tuple[Outcome, ...]
    """The outcome of every rule, in order of code."""
    fail_on: FailOn = "error"
    """The severity from which findings fail the check."""
    all_implementations: bool = False
    """Whether `contracts` holds all implementations instead of the most common ones."""
    lookup: ScoreLookup | None = None
    """What a printed score can mean; `None` if no score was passed in."""
    ledger: Ledger | None = None
    """Where the missing mean IoU goes; `None` if the arrays are misread, or no pixel counts."""
    interval: Interval | None = None
    """How far the mean IoU of the same arrays as in the ledger may be trusted."""
    class_intervals: Mapping[int, Interval] = field(default_factory=dict)
    """The same of the IoU of each class that enough images have, by class id."""
    fine_grained: FineGrained | None = None
    """Means over images and classes of the same arrays; `None` if they were not asked for."""
    image_areas: ImageAreas | None = field(default=None, repr=False, compare=False)
    """The areas of images or groups of them that the intervals are of."""
    again: tuple[Mapping[str, object], ...] = ()
    """What a second round over the arrays has to answer, if the report was made from parts: scores
    are estimated until then. It is empty if everything is exact."""
    block: RepairBlock | None = None
    """Python that makes all repairs; `None` if there are none, or code cannot make them."""
    label_pairs: PairCounts | None = field(default=None, repr=False, compare=False)
    """The pairs of labels of all samples together, for a confusion matrix."""
    arrays: CheckedArrays | None = field(default=None, repr=False, compare=False)
    """The arrays themselves, for a page that shows some of them."""
    gallery: Gallery | None = field(default=None, repr=False, compare=False)
    """What a page shows of the arrays; `None` until it is asked for."""
    command: str = ""
    """The command that checks these arrays again; empty if they are not in files."""
    manuals: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The manual of each rule, by its code."""

    @property
    def mean_iou(self) -> float | None:
        """The mean IoU of the arrays as they are."""
        return None if self.score is None else self.score.mean_iou

    @property
    def primary(self) -> Finding | None:
        """The finding that is the root cause."""
        return next((f for f in self.findings if f.rule.name == self.verdict.primary), None)

    @property
    def ledger_as_stored(self) -> Ledger | None:
        """The ledger if it, and so each interval, is of the arrays as they are; else `None`."""
        return self.ledger if self.ledger and self.ledger.of == "as-stored" else None

    @property
    def consequences(self) -> frozenset[str]:
        """The names of the rules that fired only because of another fault."""
        return frozenset(name for names in self.explains.values() for name in names)

    @property
    def fails(self) -> bool:
        """Whether the check fails: the exit code is then 1."""
        if any(finding.rule.name == GATE for finding in self.findings):
            return True
        return self.fail_on != "never" and self.fails_at(Severity(self.fail_on))

    def fails_at(self, severity: Severity) -> bool:
        """Return whether a finding is at least as severe as `severity`."""
        return any(finding.severity.rank >= severity.rank for finding in self.findings)
