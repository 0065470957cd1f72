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
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.scan.native.find_kinds import CodedMaps, find_codes
from iou_doctor.scan.native.library import load_kernels
from iou_doctor.scan.native.structures import NOTHING

MOST_LABELS = 2**10
"""Labels below this one are taken as they are, others are numbered."""
MOST_PIXELS = 2**31
"""The kernels number pixels with 31 bits."""


class TooManyLabelsError(ValueError):
    """Label maps hold more different labels than there are codes: no classes have so many."""


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
        TooManyLabelsError: there are more than 65,534 labels.
    """
    if y_true.shape != y_pred.shape or y_true.ndim not in {2, 3}:
        raise ValueError(f"label maps of shapes {y_true.shape} and {y_pred.shape} have no kinds")
    if width is None:
        width = choose_width(y_true.shape)
    kernels = load_kernels()
    if kernels is None or not 0 < y_true.size < MOST_PIXELS:
        from iou_doctor.scan.numpy import error_kinds as reference  # seldom needed

        return reference.find_kinds(y_true, y_pred, void, width)
    maps, names = _encode(y_true, y_pred, void)
    codes, regions = find_codes(kernels, maps, width)
    label = regions[:, 0].astype(np.int64)
    return KindMap(
        codes,
        region_labels=label if names is None else names[label],
        region_pixels=regions[:, 1].astype(np.int64),
        region_found=regions[:, 2].astype(np.int64),
    )


def _encode(
    y_true: NDArray[np.integer], y_pred: NDArray[np.integer], void: NDArray[np.bool_] | None
) -> tuple[CodedMaps, NDArray[np.int64] | None]:
    """Return the maps as the kernels take them, and the label of each code.

    The names are `None` if labels are their own codes.
    """
    names = None
    highest = max(int(y_true.max()), int(y_pred.max()))
    if highest < MOST_LABELS and min(int(y_true.min()), int(y_pred.min())) >= 0:
        truth, prediction = (side.astype(np.uint16, order="C") for side in (y_true, y_pred))
    else:
        names = np.union1d(y_true, y_pred).astype(np.int64)
        if len(names) >= NOTHING:
            raise TooManyLabelsError(f"{len(names):,} labels are too many for kinds of errors")
        truth, prediction = (
            np.searchsorted(names, side).astype(np.uint16) for side in (y_true, y_pred)
        )
        prediction[is_no_class(y_pred)] = NOTHING
        highest = len(names) - 1
    if void is not None:
        truth[void] = NOTHING
    return CodedMaps(truth, prediction, highest + 1), names
