"""The samples that two checks share, if one of them has samples that the other lacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.errors import UsageError
from iou_doctor.ledger.counted import Counted
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.report.comparison import list_left_out


@record(eq=False)
class SharedSamples:
    """The samples that both checks have."""

    places: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Their numbers in either check, in one order, shape (samples,) each."""
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    """The names of the samples that only one check has."""

    def select(self, counted: Counted, side: int) -> Counted:
        """Return what was counted in these samples, which are numbered anew.

        Args:
            counted: what was counted in all samples of a check.
            side: 0 for the check before, 1 for the one after.
        """
        places, classes = self.places[side], len(counted.score.per_class)
        number = np.full(counted.pairs.image_span[1] + 1, -1, dtype=np.int64)
        known = places < len(number)
        number[places[known]] = np.flatnonzero(known)
        parts = []
        for block in counted.pairs.iterate_blocks():
            kept = block.keep_rows(number[block.image] >= 0)
            parts.append(
                PairCounts.from_rows(
                    image=number[kept.image],
                    truth=kept.truth,
                    prediction=kept.prediction,
                    count=kept.count,
                )
            )
        pairs = PairCounts.merge(parts)
        score = compute_score(pairs=pairs, num_classes=classes, ignore_index=counted.ignore_index)
        return Counted(pairs, score, counted.ignore_index)


def find_shared_samples(before: Evidence, after: Evidence) -> SharedSamples | None:
    """Return the samples that both checks have; `None` if they have the same ones.

    Raises:
        UsageError: they share none, or samples without names differ in number.
    """
    counts = [one.interpretation.layout.samples for one in (before, after)]
    names = [one.pair.y_true.names or () for one in (before, after)]
    if [len(some) for some in names] != counts:
        if counts[0] == counts[1]:
            return None
        raise UsageError(
            f"the two predictions share {counts[0]:,} and {counts[1]:,} samples with the masks;"
            " give predictions of the same masks"
        )
    if names[0] == names[1]:
        return None
    place = {name: number for number, name in enumerate(names[1])}
    shared = [(number, place[name]) for number, name in enumerate(names[0]) if name in place]
    if not shared:
        raise UsageError(
            "the two predictions share no sample of the masks; give predictions of the same masks"
        )
    first, second = np.array(shared, dtype=np.int64).T
    return SharedSamples((first, second), list_left_out(*names))
