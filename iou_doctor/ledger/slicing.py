"""What the ledger says of slices of the data set: folders, sizes, values of a column."""

from __future__ import annotations

from iou_doctor.ledger.interval import Interval
from iou_doctor.record import record


@record
class SlicePrice:
    """What the wrong pixels of one slice of the data set cost."""

    value: str | None
    """What its samples have in common; `None` for samples whose value is unknown."""
    images: int
    """The number of samples with a counted pixel."""
    mean_iou: float | None
    """The mean IoU of this slice alone."""
    points: float
    interval: Interval | None
    """Of its mean IoU; `None` for a single image, and for slices beyond the dearest ones."""


@record
class Slicing:
    """The data set cut into slices. Their points add up to `Ledger.missing`."""

    by: str
    """`folder`, `size`, or the name of the column."""
    slices: tuple[SlicePrice, ...]
    """All slices with a counted pixel, the dearest first."""
    unknown: tuple[str, ...]
    """The names of samples whose value is unknown."""
