"""The comparison of two checks of the same masks: why their numbers differ."""

from __future__ import annotations

from iou_doctor.ledger.difference import Difference
from iou_doctor.record import record
from iou_doctor.report.report import Report


@record
class Comparison:
    """Two reports, and where the difference of their numbers comes from."""

    before: Report
    after: Report
    same_predictions: bool
    """Whether both checks are of the same predictions, under two metrics."""
    difference: Difference | None
    """Of the two scores after all repairs; `None` if one of them is undefined or the samples
    differ."""

    @property
    def numbers(self) -> tuple[float | None, float | None]:
        """What the metric reports for either side, as the arrays are stored."""
        return self.before.metric.value, self.after.metric.value

    @property
    def gain(self) -> float | None:
        """The number after, minus the one before; `None` if a metric reports none."""
        before, after = self.numbers
        return None if before is None or after is None else after - before

    @property
    def readings(self) -> tuple[float | None, float | None]:
        """The part of the gain that lies in how each metric reads its arrays.

        It is the number less the mean IoU after all repairs, with the opposite sign for the side
        before. With `Difference.gain`, the two parts add up to `gain`.
        """
        if self.difference is None:
            return None, None
        right = self.difference.mean_iou
        before, after = self.numbers
        return (
            None if before is None else right[0] - before,
            None if after is None else after - right[1],
        )
