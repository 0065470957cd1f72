"""The block to paste: Python that repairs the arrays and reads the score after the repair."""

from __future__ import annotations

from iou_doctor.record import record


@record
class RepairBlock:
    """Lines of Python for NumPy arrays `masks` and `predictions` as the files hold them."""

    arrays: tuple[str, ...]
    """Lines that change the arrays; empty if only the call of the metric has to change."""
    metric: tuple[str, ...]
    """Lines that read the score. The last one is an expression for the mean IoU."""
    reads: float
    """The mean IoU that the last line gives."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines, with the score behind the last one as a comment."""
        *first, last = self.arrays + self.metric
        return (*first, f"{last}  # {self.reads:.4f}")
