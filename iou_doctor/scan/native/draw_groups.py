"""Draw groups of images at random with the native kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.native.library import Kernels


def draw_groups(kernels: Kernels, draws: int, groups: int, *, first: int) -> NDArray[np.float64]:
    """Return how often each group is drawn, if as many are drawn as there are.

    The random numbers are those of `draw_integers`.

    Args:
        kernels: the native kernels.
        draws: how many times to draw.
        groups: how many groups there are.
        first: the place in the sequence from which random numbers are taken.

    Returns:
        Shape (draws, groups).
    """
    times = np.zeros((draws, groups))
    kernels.get("draw_groups")(first, draws, groups, times.ctypes.data)
    return times
