"""Flip along spatial axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError

MOVES = True


def mend(values: NDArray[Any], *, spatial: int, axes: tuple[int, ...]) -> NDArray[Any]:
    """Return values in reverse order along `axes`, counted among the spatial axes from 0."""
    if any(not 0 <= axis < spatial for axis in axes):
        raise RepairError(f"axes {axes} are not among {spatial} spatial axes")
    return np.flip(values, axis=tuple(axis + 1 for axis in axes))
