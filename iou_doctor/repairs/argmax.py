"""Turn class channels into class ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = False


def mend(values: NDArray[Any], *, spatial: int) -> NDArray[Any]:
    """Return the first largest channel of (n, *spatial, C), in the smallest unsigned dtype."""
    if values.ndim != spatial + 2:
        raise ValueError(f"shape {values.shape} has no class axis behind {spatial} spatial axes")
    ids: NDArray[Any] = values.argmax(axis=-1)
    return ids.astype(np.min_scalar_type(values.shape[-1] - 1))
