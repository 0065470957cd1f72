"""Everything the checks may look at. They never open a file."""

from __future__ import annotations

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.model import ModelFacts
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.map_samples import Sampled
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import ContractScore, Score
from iou_doctor.record import record
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Severity


@record
class Evidence:
    """The facts about one pair of arrays, gathered before any judgement."""

    pair: Pair
    """The sources: for paths, names and shapes only."""
    interpretation: Interpretation
    stats: Stats
    metric: Metric
    """The user's metric, with its number of classes filled in."""
    metric_score: ContractScore
    """What that metric reports for the arrays as given."""
    score_if_read_well: float | None
    """What it would report if it read them as the doctor does."""
    pairs: PairCounts
    """The doctor's (truth, prediction) labels, void codes included; sizes and axes put right."""
    score: Score | None
    """The doctor's score of the arrays as they are; `None` where their pixels do not pair up."""
    repaired: Score
    """The doctor's score of `pairs`."""
    times_255: PairCounts | None = None
    """The same with masks times 255; `None` for masks of integers."""
    sampled: Sampled | None = None
    """Label maps of some samples; `None` where pixels do not pair up."""
    sampled_times_255: Sampled | None = None
    """The same with masks times 255; `None` for masks of integers."""
    inputs: MetricInputs | None = None
    """What the libraries get; `None` where the arrays cannot be handed over."""
    contracts: tuple[ContractScore, ...] = ()
    """What other implementations report for the arrays as given."""
    model: ModelFacts | None = None
    """What is known of the model that predicted; `None` where predictions were given."""
    baseline: Baseline | None = None
    """What an earlier report said; `None` where none was given."""
    expected: ExpectedInterpretation | None = None
    """The reading that the configuration expects; `None` where it expects none."""
    found: tuple[Finding, ...] = ()
    """The findings of the rules that `Rule.after` of this check names."""
    searched: frozenset[str] | None = None
    """The names of these rules; `None` if the check may ask about any rule."""

    def has_found(self, *names: str) -> bool:
        """Return whether one of these rules has fired.

        Raises:
            ValueError: if `Rule.after` of the check does not name them.
        """
        if self.searched is not None and not self.searched.issuperset(names):
            raise ValueError(f"`Rule.after` must name {', '.join(names)}: the check asks for them")
        return any(finding.rule.name in names for finding in self.found)

    @property
    def has_found_error(self) -> bool:
        """Whether one of the rules that `Rule.after` names has found an error."""
        return any(finding.severity is Severity.ERROR for finding in self.found)

    def name_sample(self, image: int) -> str:
        """Return what to call a sample: its file's stem, or its number."""
        names = self.pair.y_true.names
        return f"`{names[image]}`" if names else f"sample {image}"
