"""Say of each pixel of a sample what is wrong with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import Kind
from iou_doctor.report.gallery import Labels, PixelError
from iou_doctor.scan.error_kinds import TooManyLabelsError, find_error_kinds

KINDS = {
    Kind.BOUNDARY: PixelError.BOUNDARY,
    Kind.EXTENT: PixelError.EXTENT,
    Kind.SEGMENT: PixelError.SEGMENT,
}


def map_errors(
    truth: Labels, prediction: Labels, *, num_classes: int, ignore_index: int | None
) -> NDArray[np.uint8] | None:
    """Return a member of `PixelError` for each pixel; `None` for other shapes or too many labels.

    A wrong pixel has a kind for its true class and one for its predicted class. The more serious
    one is shown.

    Args:
        truth: the true labels, shape (height, width) or (depth, height, width).
        prediction: the predicted labels.
        num_classes: the number of classes.
        ignore_index: the ignore label, if any.
    """
    if truth.shape != prediction.shape:
        return None
    ignored = np.zeros(truth.shape, bool) if ignore_index is None else truth == ignore_index
    unknown = ((truth < 0) | (truth >= num_classes)) & ~ignored
    stray = (prediction < 0) | (prediction >= num_classes)
    try:
        kinds = find_error_kinds(
            np.where(ignored | unknown, 0, truth),
            np.where(stray, num_classes, prediction),
            void=ignored | unknown,
        )
    except TooManyLabelsError:
        return None
    worst = np.maximum(kinds.missed, kinds.false_alarms)
    errors = np.full(truth.shape, PixelError.RIGHT, dtype=np.uint8)
    for kind, error in KINDS.items():
        errors[worst == kind] = error
    errors[stray | unknown] = PixelError.NO_CLASS
    errors[ignored] = PixelError.LEFT_OUT
    return errors
