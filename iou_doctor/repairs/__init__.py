"""Batch -> Batch: one file a repair.

Each module has `mend(values, *, spatial, **parameters)`: `values` has shape (n, *spatial) for label
maps or one channel, (n, *spatial, C) for dense arrays; `spatial` is the number of spatial axes.
`MOVES` says whether it moves pixels about and leaves their values alone: such a repair commutes
with argmax and threshold, so its worth is counted on label maps.
"""

from __future__ import annotations

import importlib
from typing import Any

from numpy.typing import NDArray

from iou_doctor.repairs.repair import Step


def moves(step: Step) -> bool:
    """Return whether a step moves pixels and leaves their values alone."""
    return bool(importlib.import_module(f"{__name__}.{step.kind}").MOVES)


def mend(values: NDArray[Any], step: Step, *, spatial: int) -> NDArray[Any]:
    """Return values after one step."""
    module = importlib.import_module(f"{__name__}.{step.kind}")
    repaired: NDArray[Any] = module.mend(values, spatial=spatial, **step.parameters)
    return repaired
