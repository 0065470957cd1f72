"""Label pairs that were counted, and their score: what a ledger is made from."""

from __future__ import annotations

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger.image_areas import ImageAreas, count_image_areas
from iou_doctor.metrics.score import ClassScore, Score
from iou_doctor.record import record

LOST_IOU = 0.1
"""IoU below which a class is as good as lost."""
LEAST_PREDICTED = 0.2
"""The pixels predicted as a class, as a share of those in the masks, below which it is lost too."""


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

    @property
    def lost(self) -> list[ClassScore]:
        """The classes whose IoU is near 0, or that are predicted far below their share."""
        return [
            one
            for one in self.score.per_class
            if one.iou is not None
            and (one.iou < LOST_IOU or one.predicted_pixels < LEAST_PREDICTED * one.truth_pixels)
        ]

    def count_areas(self, span: int | None = None) -> ImageAreas:
        """Return the areas of each image; see `count_image_areas`."""
        return count_image_areas(
            self.pairs,
            num_classes=len(self.score.per_class),
            ignore_index=self.ignore_index,
            span=span,
        )
