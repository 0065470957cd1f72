"""Formulas, and the facts that they need. Nothing here needs NumPy."""

from __future__ import annotations

from iou_doctor.record import record
from iou_doctor.report.score_lookup import Cause

FOREGROUND_255 = 255
"""The foreground of 8-bit masks."""
TWO_CLASSES = 2


@record
class Formula:
    """A value that a cause gives for any predictions."""

    cause: Cause
    value: float
    implementation: str
    possible: bool = True
    """Whether the arrays allow the cause; always true without arrays."""


@record
class Facts:
    """The facts about the data that the formulas need."""

    shares: tuple[float, ...]
    """The share of the true pixels of each class."""
    accuracy: float
    """The share of correct pixels; NaN if no pixel counts."""
    softmax_dice: float
    """The Dice score of predictions that are foreground everywhere; NaN if no pixel counts.

    It is 2f / (1 + f) for a class with the share f of an image's pixels, averaged over the classes
    that an image holds, then over the images.
    """
    has_channels: bool = True
    """Whether the predictions have a score for each class."""
    has_one_channel: bool = True
    """Whether the predictions are one score for each pixel."""
    largest_mask: float = FOREGROUND_255
    """The largest value of the masks as they are stored."""

    @property
    def holds_scores(self) -> bool:
        """Whether the predictions are scores, and not class ids."""
        return self.has_channels or self.has_one_channel

    @property
    def holds_255(self) -> bool:
        """Whether the masks hold 255."""
        return self.largest_mask >= FOREGROUND_255
