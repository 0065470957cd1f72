"""What one pass over the data gathers: counts and extremes, never ratios.

The Stats of the parts of a data set add up to those of the whole, bit for bit, in any grouping.
Counts are int64 and extremes merge by minimum and maximum. Tables are kept sorted, so that
equal content means equal arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from iou_doctor.counts.channel_sums import ChannelSums
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record

if TYPE_CHECKING:
    from iou_doctor.counts.kind_counts import KindCounts


@record
class Stats:
    """Everything that one pass gathers. The Stats of two parts of the same data can be added."""

    samples: int
    tables: Mapping[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    sums: ChannelSums | None = None
    """Sums of scores for each image and channel, if they were asked for."""
    kinds: KindCounts | None = None
    """The kinds of errors, if they were asked for."""

    def __add__(self, other: Stats) -> Stats:
        return Stats.merge([self, other])

    @staticmethod
    def merge(parts: Iterable[Stats]) -> Stats:
        """Return the Stats of the whole from those of its parts, in any order."""
        parts = list(parts)
        pairings = {pairing: None for part in parts for pairing in part.tables}
        return Stats(
            samples=sum(part.samples for part in parts),
            tables={
                pairing: PairCounts.merge(
                    part.tables[pairing] for part in parts if pairing in part.tables
                )
                for pairing in pairings
            },
            y_true=ValueCounts.merge([part.y_true for part in parts]),
            y_pred=ValueCounts.merge([part.y_pred for part in parts]),
            sums=ChannelSums.merge([part.sums for part in parts if part.sums is not None]),
            kinds=_merge_kinds([part.kinds for part in parts if part.kinds is not None]),
        )


def _merge_kinds(parts: list[KindCounts]) -> KindCounts | None:
    return parts[0].merge(parts) if parts else None
