"""Say of each pixel of a sample what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor.report.gallery import Labels, PixelError

BACKGROUND_NAMES = frozenset({"background", "bg", "_background_"})
"""The names of class 0 by which it is the background of the others."""


def map_errors(
    truth: Labels,
    prediction: Labels,
    *,
    num_classes: int,
    ignore_index: int | None,
    has_background: bool,
) -> NDArray[np.uint8] | None:
    """Return a member of `PixelError` for each pixel; `None` if the shapes differ.

    Args:
        truth: the true labels, of any shape.
        prediction: the predicted labels.
        num_classes: the number of classes.
        ignore_index: the ignore label, if any.
        has_background: whether class 0 is the background.
    """
    if truth.shape != prediction.shape:
        return None
    background = 0 if has_background else None
    errors = np.full(truth.shape, PixelError.CONFUSED, dtype=np.uint8)
    errors[prediction == background] = PixelError.MISSED
    errors[truth == background] = PixelError.FALSE_ALARM
    errors[(prediction < 0) | (prediction >= num_classes)] = PixelError.NO_CLASS
    errors[prediction == truth] = PixelError.RIGHT
    errors[(truth < 0) | (truth >= num_classes)] = PixelError.NO_CLASS
    if ignore_index is not None:
        errors[truth == ignore_index] = PixelError.LEFT_OUT
    return errors


def is_background(names: Sequence[str]) -> bool:
    """Return whether class 0 is the background, by its name."""
    return bool(names) and names[0].lower() in BACKGROUND_NAMES
