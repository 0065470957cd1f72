"""The values of some samples: predictions and masks as stored, before any conversion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record

StoredScalar = np.bool_ | np.integer | np.floating
"""The types that a mask or a prediction may have. Sources refuse all others."""
StoredArray = NDArray[StoredScalar]
StoredDtype = np.dtype[StoredScalar]


@record
class Batch:
    """Some whole samples, or some rows of one sample, of both arrays."""

    y_true: StoredArray
    """The masks: the axes of the file, with fewer samples or rows."""
    y_pred: StoredArray
    """The predictions: the axes of the file, with fewer samples or rows."""
    samples: NDArray[np.int64]
    """Shape (n,): the indices of these samples in the whole array."""
    first_row: int = 0
    """The index of the first row along the first spatial axis; 0 for whole samples."""
