"""Turn by quarters, counter-clockwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(values: NDArray[Any], *, spatial: int, quarters: int) -> NDArray[Any]:
    """Return values turned in the plane of the last two spatial axes."""
    return np.rot90(values, quarters, axes=(spatial - 1, spatial))
