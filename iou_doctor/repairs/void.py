"""Turn missing values into the ignore label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = False


def mend(
    values: NDArray[Any],
    *,
    spatial: int,  # noqa: ARG001
    labels: tuple[int, ...],
    ignore_index: int,
) -> NDArray[Any]:
    """Return values with NaN, Inf and `labels` replaced by the ignore label; the dtype may grow."""
    missing = ~np.isfinite(values) | np.isin(values, labels)
    kept: NDArray[Any] = np.where(missing, np.asarray(ignore_index), values)
    return kept.astype(np.result_type(values.dtype, np.min_scalar_type(ignore_index)))
