"""The kinds of errors, and the maps that say of which kind each wrong pixel is.

The definition is that of Bernhard et al., "What's Outside the Intersection? Fine-grained Error
Analysis for Semantic Segmentation Beyond IoU" (WACV 2024). Each class has its own false negatives
(pixels of its truth that are predicted as something else) and false positives (the other way
round), and each of them has exactly one kind:

1. `BOUNDARY`: it lies along the contour of something that was found; see `scan/error_kinds.py`.
2. `EXTENT`: otherwise, if its region was found at least in part. The region of a false negative is
   that of the truth, the region of a false positive that of the prediction.
3. `SEGMENT`: otherwise. A whole region was missed, or invented.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

CONTOUR_SHARE = 0.01
"""The width of a contour as a share of the diagonal of an image."""


class Kind(IntEnum):
    """What is wrong with a pixel, from the point of view of one class."""

    NONE = 0
    """Nothing: it is right, or void, or this class is not concerned."""
    BOUNDARY = 1
    EXTENT = 2
    SEGMENT = 3


KINDS = (Kind.BOUNDARY, Kind.EXTENT, Kind.SEGMENT)
"""The kinds of wrong pixels."""
SIDE_BITS = 2
"""Bits of a code for each side: a code is the kind as a miss, plus 4 times that as a false alarm.
"""


@record(eq=False)
class KindMap:
    """The kind of each pixel of a pair of label maps, 2-D or 3-D, and the regions of the truth."""

    codes: NDArray[np.uint8]
    """The kind as a miss, plus 4 times the kind as a false alarm; 0 for pixels that are right."""
    region_labels: NDArray[np.int64]
    """The label of each region of the truth, shape (regions,)."""
    region_pixels: NDArray[np.int64]
    """The number of its pixels."""
    region_found: NDArray[np.int64]
    """The number of its pixels that are right."""

    @property
    def missed(self) -> NDArray[np.uint8]:
        """The `Kind` of each pixel as a false negative of its true class."""
        return self.codes & np.uint8(3)

    @property
    def false_alarms(self) -> NDArray[np.uint8]:
        """The `Kind` of each pixel as a false positive of its predicted class."""
        return self.codes >> np.uint8(SIDE_BITS)


def choose_width(shape: tuple[int, ...]) -> int:
    """Return the width of contours in an image of this shape, in pixels or voxels.

    It is 1 % of the diagonal, rounded, and thus 0 in an image of less than 50 pixels: no error of
    such an image counts as one of a boundary.
    """
    return round(CONTOUR_SHARE * float(np.sqrt(sum(size**2 for size in shape))))
