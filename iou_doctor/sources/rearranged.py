"""What sources have in common that bring the entries or the axes of another one into an order."""

from __future__ import annotations

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.source import Source
from iou_doctor.record import record


@record
class RearrangedSource:
    """The values of another source, in another order."""

    source: Source
    order: tuple[int, ...]
    """For each new place, the old place of what comes there."""

    @property
    def path(self) -> str:
        """The path of the source."""
        return self.source.path

    @property
    def format(self) -> str:
        """The format of the source."""
        return self.source.format

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of the source."""
        return self.source.dtype

    @property
    def is_sequential(self) -> bool:
        """Whether the source is a stream."""
        return self.source.is_sequential
