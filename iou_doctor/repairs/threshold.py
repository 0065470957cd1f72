"""Turn one channel of scores into 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = False


def mend(values: NDArray[Any], *, spatial: int, threshold: float) -> NDArray[Any]:  # noqa: ARG001
    """Return 1 where a score is at or above the threshold, compared in float32."""
    above: NDArray[Any] = values.astype(np.float32) >= np.float32(threshold)
    return above.astype(np.uint8)
