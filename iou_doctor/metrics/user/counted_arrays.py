"""The arrays that a pass counted, as the replay of a metric needs them."""

from __future__ import annotations

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.record import record


@record
class CountedArrays:
    """The arrays as the pass counted them, with their interpretation."""

    interpretation: Interpretation
    stats: Stats
    pairs: PairCounts
    """The doctor's (truth, prediction) label pairs."""
    inputs: MetricInputs | None
    """What the libraries get; `None` if the pixels do not pair up as they are stored."""
    integer_predictions: bool = False
    """Whether the predictions have an integer dtype."""
