"""What one pass over the arrays has to count, decided before the pass starts."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.pairings import list_doctor_pairings
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.channel_sums import SumsRequest
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.metrics.user.user_metric import UserMetric
from iou_doctor.record import record


@record
class CountPlan:
    """What one pass counts, and whether a second one may follow."""

    layout: Layout
    """How the pass reads the axes."""
    pairings: tuple[Pairing, ...]
    """Which decoded labels of the two sides are counted together."""
    threshold: float
    """The decision threshold for single-channel scores."""
    sums: SumsRequest | None
    """Which sums of scores to gather; `None` for none."""
    kinds: bool = False
    """Whether to find the kinds of errors too."""
    second: CountPlan | None = None
    """The plan of a second pass. It is needed if masks of shape H × W and predictions of shape
    W × H hold their pixels in the same order, as after a reshape. Only the counts of the first pass
    show this, and they then pair the wrong pixels.
    """


def plan_counts(pair: Pair, layout: Layout, metric: UserMetric, *, for_all: bool) -> CountPlan:
    """Return what the pass counts for the doctor, for the user's metric and for the contracts.

    Args:
        pair: the sources, for their dtypes.
        layout: what their axes mean.
        metric: the user's metric.
        for_all: whether to count what every contract needs, not only the user's.
    """
    needed = metric.list_counts_needed(pair, layout, for_all=for_all)
    doctor = list_doctor_pairings(pair, layout, metric.options)
    second = None
    if layout.relation is Relation.SWAPPED:
        flattened = replace(layout, relation=Relation.FLATTENED)
        second = plan_counts(pair, flattened, metric, for_all=for_all)
    return CountPlan(
        layout=layout,
        pairings=tuple(dict.fromkeys([*doctor, *needed.pairings])),
        threshold=metric.choose_threshold(layout),
        sums=needed.sums,
        second=second,
    )
