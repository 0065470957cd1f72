"""Take one of several equal channels."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from iou_doctor.errors import RepairError

MOVES = False


def mend(values: NDArray[Any], *, spatial: int) -> NDArray[Any]:
    """Return the first channel of (n, *spatial, C)."""
    if values.ndim != spatial + 2:
        raise RepairError(f"shape {values.shape} has no channels behind {spatial} spatial axes")
    return values[..., 0]
