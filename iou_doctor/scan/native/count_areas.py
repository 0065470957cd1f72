"""Count the pixels of each class in small label maps with the native kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.native.library import Kernels


def count_areas(
    kernels: Kernels, true: NDArray[np.uint8], pred: NDArray[np.uint8], classes: int
) -> NDArray[np.int64]:
    """Return the pixels of each class in the truth, in the prediction and in both.

    Pixels whose truth is no class do not count.

    Args:
        kernels: the native kernels.
        true: the label maps of the truth, shape (n, *spatial).
        pred: those of the prediction, of the same shape.
        classes: the number of classes; they are 0 to `classes` - 1.

    Returns:
        Shape (n, 3, classes).
    """
    assert true.shape == pred.shape  # the kernel trusts it
    true, pred = np.ascontiguousarray(true), np.ascontiguousarray(pred)
    areas = np.empty((len(true), 3, classes), dtype=np.int64)
    kernels.get("count_areas")(
        *(true.ctypes.data, pred.ctypes.data),
        *(len(true), true[:1].size, classes, areas.ctypes.data),
    )
    return areas
