"""The evidence: everything that a check may use. Checks never open a file."""

from __future__ import annotations

from dataclasses import field

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.model import ModelFacts
from iou_doctor.arrays.odd_scores import OddScores
from iou_doctor.arrays.source import Pair
from iou_doctor.arrays.white_masks import WhiteMasks
from iou_doctor.counts.channel_overlaps import ChannelOverlaps
from iou_doctor.counts.map_samples import InterpretedProbe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.ledger.interval import CONFIDENCE
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import ContractScore, Score
from iou_doctor.record import record
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.report.minimums import Minimums
from iou_doctor.safety.safe_text import escape_name


@record
class Evidence:
    """The facts about one pair of arrays, gathered before any check runs."""

    pair: Pair
    """The two sources. Checks use only their paths, names, shapes and dtypes."""
    interpretation: Interpretation
    stats: Stats
    metric: Metric
    """The user's metric, with its number of classes filled in."""
    metric_score: ContractScore
    """What the user's metric reports for the arrays as given."""
    score_if_read_well: float | None
    """What it would report if it interpreted the arrays as the doctor does."""
    pairs: PairCounts
    """The doctor's counts of (truth, prediction) labels, void codes included, with sizes and axes
    repaired."""
    score: Score | None
    """The doctor's score of the arrays as given; `None` if their pixels do not pair up."""
    repaired: Score
    """The doctor's score of `pairs`, so with sizes and axes repaired."""
    times_255: PairCounts | None = None
    """`pairs` with the masks multiplied by 255; `None` for masks of integers."""
    by_value: PairCounts | None = None
    """`pairs` with the masks' values, by `LabelDecoding.ROUNDED`, as truth; `None` unless the masks
    hold few values, some with fractions."""
    by_score: PairCounts | None = None
    """`pairs` of all images together, with the scores, by `LabelDecoding.ROUNDED`, as prediction;
    `None` unless the threshold leaves nearly all scores of one channel on one side."""
    scores_of_channels: PairCounts | None = None
    """How often each true value and each score, by `LabelDecoding.ROUNDED`, occur in each channel,
    whose number stands for an image; `None` unless channels overlap and the threshold leaves nearly
    all scores of one of them on one side."""
    by_channels: PairCounts | None = None
    """`pairs` with the channels that a pixel lies in, by `LabelDecoding.CHANNELS`, as prediction;
    `None` unless a few channels may be nested regions."""
    odd_scores: OddScores | None = None
    """The samples whose scores are on another scale than the others', of which `stats` then tells;
    `None` if there are none."""
    white_masks: WhiteMasks | None = None
    """The samples whose masks hold 255 in channels that overlap; `None` if none or all do."""
    by_top: PairCounts | None = None
    """`pairs` with the largest channel of each pixel, by `LabelDecoding.ARGMAX_ABOVE`, as
    prediction; `None` unless scores may leave background to no channel."""
    sampled: InterpretedProbe | None = None
    """Label maps of some samples; `None` if the pixels do not pair up."""
    sampled_times_255: InterpretedProbe | None = None
    """`sampled` with the masks multiplied by 255; `None` for masks of integers."""
    overlaps: ChannelOverlaps | None = None
    """How channels that overlap fit each other, if they fit badly as given."""
    inputs: MetricInputs | None = None
    """What metrics get as input; `None` if no metric can take these arrays."""
    contracts: tuple[ContractScore, ...] = ()
    """What other implementations of IoU report for the arrays as given."""
    model: ModelFacts | None = None
    """What is known of the model that predicted; `None` if predictions were given."""
    baseline: Baseline | None = None
    """The earlier report given with `--baseline`, if any."""
    minimums: Minimums = field(default_factory=Minimums)
    """The scores that have to be reached."""
    confidence: float = CONFIDENCE
    """The share of the drawn data sets that an interval holds."""
    expected: ExpectedInterpretation | None = None
    """The interpretation that the configuration expects, if it expects one."""
    lacks_object: bool = False
    """Whether no mask of the whole data set, of which the arrays are a part, holds class 1."""
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
        """Return the name of a sample for messages: the stem of its file, or its number."""
        names = self.pair.y_true.names
        return f"`{escape_name(names[image])}`" if names else f"sample {image}"
