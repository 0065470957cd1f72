"""The samples whose masks hold 255 in channels that hold 0 and 1 in others."""

from __future__ import annotations

from iou_doctor.record import record

WHITE = 255
"""What stands for 1 in masks that were saved as black-and-white images."""


@record
class WhiteMasks:
    """The samples whose masks hold 255, in ascending order."""

    samples: tuple[int, ...]
    """Those without any 1, in which 255 probably stands for it."""
    mixed: tuple[int, ...]
    """Those with both, in which 255 probably means void."""
