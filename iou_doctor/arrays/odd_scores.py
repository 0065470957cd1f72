"""The samples whose scores are on another scale than those of all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record


class Scale(StrEnum):
    """The scale of the scores of a sample."""

    UNIT = "unit"
    """Scores from 0 to 1."""
    LOGITS = "logits"
    """Unbounded scores, some of them negative."""
    BYTES = "bytes"
    """Scores from 0 to 255, or to 65,535 or 100."""
    MIXED = "mixed"
    """Scores of some samples on one scale, and of others on another one."""
    IDS = "ids"
    """Class ids, which are whole numbers."""
    DIVIDED = "divided"
    """Class ids, or channels that would sum to 1, divided by 255."""


@record
class OddScores:
    """The samples with another scale, of which there are fewer than of the others."""

    scale: Scale
    """Their scale."""
    samples: Mapping[int, ValueCounts]
    """The counts over the scores of each of them, by number."""
    usual_scale: Scale
    usual: ValueCounts
    """The counts over the scores of all other samples together."""
    full: int = 1
    """What stands for a score of 1 on the scale of bytes, and what others were divided by."""
    restored: PairCounts | None = None
    """Their label pairs if they are thresholded on their own scale; `None` for channels, of which
    the largest one is the same on all scales."""


def use_usual_scores(stats: Stats, odd: OddScores | None) -> Stats:
    """Return the counts with the values of the predictions of all but the odd samples."""
    return stats if odd is None else replace(stats, y_pred=odd.usual)
