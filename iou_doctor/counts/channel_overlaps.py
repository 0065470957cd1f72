"""How the channels of both arrays overlap, for channels that a pixel may share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

Pixels = NDArray[np.int64]


@record(eq=False)
class ChannelOverlaps:
    """Numbers of pixels of the whole data set."""

    both: Pixels
    """Shape (channels, channels): pixels of a true channel (rows) and a predicted one (columns)."""
    truth: Pixels
    """Pixels of each true channel, shape (channels,)."""
    predicted: Pixels
    """Pixels of each predicted channel, shape (channels,)."""
    pixels: int
    """All pixels."""

    def compute_iou(self) -> NDArray[np.float64]:
        """Return the IoU of each true channel (rows) with each predicted one (columns).

        It is 0 if neither has a pixel.
        """
        union = self.truth[:, np.newaxis] + self.predicted - self.both
        iou: NDArray[np.float64] = self.both / np.maximum(union, 1)
        return iou

    def invert_masks(self) -> ChannelOverlaps:
        """Return the overlaps with all masks inverted."""
        return ChannelOverlaps(
            self.predicted - self.both, self.pixels - self.truth, self.predicted, self.pixels
        )

    def compute_rest_iou(self) -> NDArray[np.float64]:
        """Return the IoU of what each true channel leaves out with what its prediction leaves out.

        Shape (channels,). It is 0 if neither leaves out a pixel.
        """
        both = np.diagonal(self.both)
        rest = self.pixels - self.truth - self.predicted + both
        iou: NDArray[np.float64] = rest / np.maximum(self.pixels - both, 1)
        return iou
