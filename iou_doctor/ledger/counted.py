"""Label pairs that were counted, and their score: what a ledger is made from."""

from __future__ import annotations

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.image_areas import ImageAreas, count_image_areas
from iou_doctor.metrics.score import Score
from iou_doctor.record import record


@record
class Counted:
    """Label pairs that were counted, and their score."""

    pairs: PairCounts
    score: Score
    ignore_index: int | None

    @property
    def scored(self) -> PairCounts:
        """The pairs that the score counts."""
        return self.pairs.keep_counted(len(self.score.per_class), self.ignore_index)

    def count_areas(self, span: int | None = None) -> ImageAreas:
        """Return the areas of each image; see `count_image_areas`."""
        return count_image_areas(
            self.pairs,
            num_classes=len(self.score.per_class),
            ignore_index=self.ignore_index,
            span=span,
        )
