"""Undo a division of class ids by 255."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = False


def mend(values: NDArray[Any], *, spatial: int) -> NDArray[Any]:  # noqa: ARG001
    """Return round(value · 255) as uint8."""
    scaled: NDArray[Any] = np.rint(values.astype(np.float64) * 255)
    return scaled.astype(np.uint8)
