"""Put tiles in another order."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from iou_doctor.errors import RepairError

MOVES = True


def mend(
    values: NDArray[Any], *, spatial: int, tile: tuple[int, int], order: tuple[int, ...]
) -> NDArray[Any]:
    """Return values with tile `order[k]` at place k; tiles are numbered row by row.

    Args:
        values: (n, H, W) or (n, H, W, C).
        spatial: the number of spatial axes; tiles have two.
        tile: height and width of a tile. What whole tiles leave over at the far sides stays.
        order: each tile once.
    """
    if spatial != 2:
        raise RepairError(f"tiles have two axes; these maps have {spatial}")
    n, down, across = len(values), values.shape[1] // tile[0], values.shape[2] // tile[1]
    if sorted(order) != [*range(down * across)]:
        raise RepairError(f"{tile} tiles in the order {order} do not make up {values.shape}")
    repaired = values.copy()
    whole = repaired[:, : down * tile[0], : across * tile[1]]
    split = whole.reshape(n, down, tile[0], across, tile[1], *values.shape[3:]).swapaxes(2, 3)
    tiles = split.reshape(n, down * across, *split.shape[3:])
    placed = tiles[:, list(order)].reshape(split.shape).swapaxes(2, 3)
    whole[:] = placed.reshape(whole.shape)
    return repaired
