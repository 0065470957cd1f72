"""Swap height and width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(values: NDArray[Any], *, spatial: int) -> NDArray[Any]:
    """Return (n, …, W, H[, C]) as (n, …, H, W[, C])."""
    return np.swapaxes(values, spatial - 1, spatial)
