"""Turn one channel of scores into 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = False


def mend(
    values: NDArray[Any],
    *,
    spatial: int,  # noqa: ARG001
    threshold: float,
    no_class: int | None = None,
) -> NDArray[Any]:
    """Return 1 where a score is at or above the threshold, compared in float32.

    Args:
        values: the scores.
        spatial: the number of spatial axes.
        threshold: the cut.
        no_class: the label of scores that are NaN; `None`: 0.
    """
    single = values.astype(np.float32)
    above: NDArray[Any] = (single >= np.float32(threshold)).astype(np.uint8)
    if no_class is None:
        return above
    kept: NDArray[Any] = np.where(np.isnan(single), no_class, above)
    return kept.astype(np.result_type(np.uint8, np.min_scalar_type(no_class)))
