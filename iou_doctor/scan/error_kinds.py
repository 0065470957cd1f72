"""Tell boundary, extent and segment errors of a pair of label maps apart.

With the right pixels of a class (true and predicted) and the pixels that are neither true nor
predicted, a wrong pixel of the class is a boundary error if it passes three steps:

1. It lies within the width of a contour of a right pixel, and within that of a neither pixel.
   Wrong pixels of the same side that lie within this width of such a pixel are taken along.
2. The pixels that are left are split into regions. Diagonal neighbours belong together.
3. A region stays if it touches a right pixel, and a neither pixel.

Void pixels are not true. They count as predicted, so that a thing may reach into void.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import KindMap, choose_width
from iou_doctor.scan.numpy.error_kinds import find_codes


def find_error_kinds(
    y_true: NDArray[np.integer],
    y_pred: NDArray[np.integer],
    *,
    void: NDArray[np.bool_] | None = None,
    width: int | None = None,
) -> KindMap:
    """Return the kind of each wrong pixel of one image or volume.

    A picture of all errors of an image is a call and two maps:

        kinds = find_error_kinds(masks[0], predictions[0], void=masks[0] == 255)
        kinds.missed  # the Kind of each pixel as a false negative of its true class
        kinds.false_alarms  # the Kind of each pixel as a false positive of its predicted class

    Each wrong pixel has a kind on both sides. They may differ: a rider's head that is predicted
    as part of a tree that was found is a `SEGMENT` error of the class rider, if no pixel of the
    rider was found, and an `EXTENT` error of the class tree. Pixels that are right or void are
    `Kind.NONE` in both maps.

    Args:
        y_true: the true labels, shape (height, width) or (depth, height, width).
        y_pred: the predicted labels, of the same shape. A label that is no class counts as a
            class of its own; ignore its false alarms.
        void: where pixels do not count, of the same shape; `None` for nowhere. Pass all pixels
            whose true label is no class.
        width: the width of contours in pixels; `None` for 1 % of the image's diagonal.

    Raises:
        ValueError: the shapes differ, or have neither two nor three axes.
    """
    if y_true.shape != y_pred.shape or y_true.ndim not in {2, 3}:
        raise ValueError(f"label maps of shapes {y_true.shape} and {y_pred.shape} have no kinds")
    if width is None:
        width = choose_width(y_true.shape)
    return KindMap(find_codes(y_true, y_pred, void, width))
