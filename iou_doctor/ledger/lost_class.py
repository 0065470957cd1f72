"""The facts about a class whose IoU is near 0."""

from __future__ import annotations

from iou_doctor.record import record


@record
class Taken:
    """The label that most of some pixels have on the other side."""

    label: int | None
    """It may be no class; `None` for pixels without any label."""
    pixels: int
    is_class: bool = True
    """Whether it is a class of the arrays that the ledger is of."""


@record
class LostClass:
    """What is the matter with a class whose IoU is near 0, or far below its share."""

    id: int
    iou: float
    truth_pixels: int
    predicted_pixels: int
    right_pixels: int
    missed_as: Taken | None
    """What most of its missed pixels are predicted as; `None` if none is missed."""
    alarms_of: Taken | None
    """The true class of most of its false alarms; `None` if there are none."""
    void_pixels: int
    """The pixels of void that are predicted as it, which do not count."""
    images: int = 0
    """The number of images whose masks hold it."""
    cell: tuple[int, int] | None = None
    """The height and width of the cells that predictions consist of; `None` for single pixels."""
    best_iou: float | None = None
    """The greatest IoU that predictions in such cells can have."""
