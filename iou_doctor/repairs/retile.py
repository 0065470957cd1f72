"""Put tiles in another order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOVES = True


def mend(
    values: NDArray[Any], *, spatial: int, grid: tuple[int, int], order: tuple[int, ...]
) -> NDArray[Any]:
    """Return values with tile `order[k]` at place k; tiles are numbered row by row.

    Args:
        values: (n, H, W) or (n, H, W, C).
        spatial: the number of spatial axes; tiles have two.
        grid: how many tiles there are down and across; they divide height and width.
        order: each tile once.
    """
    down, across = grid
    if spatial != 2:
        raise ValueError(f"tiles have two axes; these maps have {spatial}")
    n, height, width = values.shape[:3]
    if height % down or width % across or sorted(order) != [*range(down * across)]:
        raise ValueError(f"{grid} tiles in the order {order} do not make up {values.shape}")
    split = values.reshape(n, down, height // down, across, width // across, *values.shape[3:])
    tiles = np.moveaxis(split, 3, 2).reshape(n, down * across, *split.shape[2:3], *split.shape[4:])
    placed = tiles[:, list(order)].reshape(n, down, across, *tiles.shape[2:])
    return np.moveaxis(placed, 2, 3).reshape(values.shape)
