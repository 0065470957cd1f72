"""A slice of the data: predictions and masks of the same samples, as stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record


@record
class Batch:
    """Some whole samples, or some rows of one sample, of both arrays."""

    y_true: NDArray[Any]
    """Masks as stored, shape as in the file but for the slice."""
    y_pred: NDArray[Any]
    """Predictions as stored, shape as in the file but for the slice."""
    samples: NDArray[np.int64]
    """Shape (n,): the numbers of the samples in the whole."""
    first_row: int = 0
    """The first row of the slice, counted along the first spatial axis; 0 for whole samples."""
