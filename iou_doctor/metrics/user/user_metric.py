"""The user's metric: its call, what has to be counted for it, and what it reports."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption, Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.channel_sums import SumsRequest
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.metrics.definition import Floats, Sigmoid
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.libraries import keras
from iou_doctor.metrics.metric import Metric
from iou_doctor.metrics.score import ContractScore, Score
from iou_doctor.metrics.user.compatibility import (
    adapt_to_layout,
    find_metric_pairing,
    needs_sums,
)
from iou_doctor.metrics.user.counted_arrays import CountedArrays
from iou_doctor.metrics.user.evaluate import replay, replay_if_read_well
from iou_doctor.metrics.user.parse_metric import parse_user_metric
from iou_doctor.metrics.user.prepare_inputs import (
    EXACT,
    find_needed_sums,
    list_library_pairings,
    may_be_binned,
)
from iou_doctor.record import record

DEFAULT_THRESHOLD = 0.5
"""The usual decision threshold for a probability."""


@record
class CountsNeeded:
    """What the pass has to count for metrics, in addition to what the doctor counts."""

    pairings: tuple[Pairing, ...]
    sums: SumsRequest | None
    """Which sums of scores; `None` for none."""


@record
class MetricAnswer:
    """What the user's metric reports for the arrays."""

    metric: Metric
    """The metric with its number of classes, as it reads arrays of this layout."""
    score: ContractScore
    """What it reports on the arrays as given."""
    score_if_read_well: float | None
    """What it would report if it read the arrays as the doctor does."""


@record
class UserMetric:
    """The metric that the user names, or Keras' `MeanIoU`."""

    metric: Metric
    options: Options
    """The user's options for the arrays, completed by the metric's call."""
    is_default: bool
    """Whether the user named no metric."""
    assumed: tuple[Assumption, ...]
    """What was guessed about the call."""

    @classmethod
    def parse(cls, call: str | None, options: Options) -> UserMetric:
        """Return the metric of a call as written in the user's code.

        Args:
            call: the call, or the name of a contract; `None` for `keras.metrics.MeanIoU`.
            options: what the user said about the arrays.

        Raises:
            UsageError: the call is not understood, or contradicts an option.
        """
        metric, completed, assumed = parse_user_metric(call, options)
        return cls(metric, completed, call is None, assumed)

    @property
    def threshold(self) -> float:
        """The decision threshold for single-channel scores: as given, else 0.5."""
        said = (self.options.threshold, self.metric.threshold, DEFAULT_THRESHOLD)
        return next(value for value in said if value is not None)

    def choose_threshold(self, layout: Layout) -> float:
        """Return the decision threshold for arrays of this layout: 0 for logits of channels.

        Metrics that threshold logits as they are keep theirs.
        """
        contract = self.metric.contract
        if not layout.has_channel_logits or contract is None or self.options.threshold is not None:
            return self.threshold
        choices = contract.choices
        reads = choices.floats is not Floats.ABOVE or choices.sigmoid is Sigmoid.BY_UPDATE
        return 0.0 if reads else self.threshold

    @property
    def channel_axis(self) -> int | None:
        """The axis on which it takes channels of both arrays and scores each; else `None`."""
        contract, takes = self.metric.contract, self.metric.takes
        if contract is None or takes is None:
            return None
        if contract.of_channels is not None:
            return takes.axis
        by_channel = {PixelContent.ONE_HOT, PixelContent.SCORES}
        is_dense = takes.masks is PixelContent.ONE_HOT and takes.predictions in by_channel
        return takes.axis if is_dense and needs_sums(self.metric) else None

    def _may_score_channels(self, layout: Layout) -> bool:
        """Return whether it scores each channel on its own if those of this layout overlap."""
        contract = self.metric.contract
        has_choices = contract is not None and contract.of_channels is not None
        return has_choices and layout.y_true.is_per_class and layout.y_pred.is_per_class

    @property
    def mask_axis(self) -> int | None:
        """The axis on which it takes channels of the masks; `None` if it reads class ids."""
        metric = self.metric
        if self.channel_axis is not None or metric.contract is not None:
            return self.channel_axis
        return metric.axis if metric.y_true is LabelDecoding.ARGMAX_LAST else None

    @property
    def of_rows(self) -> UserMetric | None:
        """The metric as it reads arrays whose rows it takes for channels; `None` for others."""
        takes = self.metric.takes
        if takes is None or not takes.rows_are_channels:
            return None
        labels = self.metric.of_channels
        assert labels.contract is not None
        takes = replace(labels.contract.takes, one_channel=True, rows_are_channels=False)
        contract = replace(labels.contract, takes=takes)
        return replace(self, metric=replace(labels, contract=contract))

    @property
    def pools_channels(self) -> bool:
        """Whether it thresholds all values and counts them together, whatever their axes are."""
        return self.metric.contract is None and self.metric.y_pred is LabelDecoding.BINS

    def list_counts_needed(self, pair: Pair, layout: Layout, *, for_all: bool) -> CountsNeeded:
        """Return what has to be counted to replay this metric on the arrays.

        Args:
            pair: the sources, for their dtypes.
            layout: what their axes mean.
            for_all: whether to count what every other contract needs as well.
        """
        metric = adapt_to_layout(self.metric, layout)
        own = find_metric_pairing(metric, layout)
        pairings = [] if own is None else [own]
        if for_all or metric.contract:
            pairings += list_library_pairings(pair, layout)
        if (for_all or _bins_values(metric)) and may_be_binned(pair, layout):
            pairings.append(EXACT)
        sums = None
        if for_all or needs_sums(metric) or self._may_score_channels(layout):
            sums = find_needed_sums(pair, layout, self.options.ignore_index)
        return CountsNeeded(tuple(pairings), sums)

    def evaluate(self, arrays: CountedArrays, doctor: Score | None) -> MetricAnswer:
        """Return what the metric reports on the arrays.

        Args:
            arrays: the arrays as the pass counted them.
            doctor: the doctor's score; `None` if the pixels do not pair up.
        """
        interpretation = arrays.interpretation
        if self.is_default:
            metric = keras.build_default_metric(
                num_classes=interpretation.num_classes, ignore_class=interpretation.ignore_index
            )
        else:
            metric = self.metric.of_channels if interpretation.is_multilabel else self.metric
            metric = adapt_to_layout(metric, interpretation.layout)
        return MetricAnswer(
            metric,
            replay(metric, arrays, doctor.mean_iou if doctor else None),
            replay_if_read_well(metric, arrays, doctor),
        )


def _bins_values(metric: Metric) -> bool:
    """Return whether the metric counts by histograms of the values."""
    return metric.contract is not None and metric.contract.choices.floats is Floats.COMPARED
