"""Put tiles in another order."""

from __future__ import annotations

from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Value


@record
class Retile(Move):
    """Put the tiles that an image was predicted in into another order."""

    tile: tuple[int, int]
    """Height and width of a tile. Pixels at the far sides that fill no whole tile stay."""
    order: tuple[int, ...]
    """For each place, numbered row by row, the tile that goes there; each tile once."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return (n, H, W[, C]) with tile `order[k]` at place k."""
        if spatial != 2:
            raise RepairError(f"tiles have two axes; these maps have {spatial}")
        if min(self.tile) < 1:
            raise RepairError(f"{self.tile} is no size of a tile")
        height, width = self.tile
        n, down, across = len(values), values.shape[1] // height, values.shape[2] // width
        if sorted(self.order) != [*range(down * across)]:
            raise RepairError(
                f"{self.tile} tiles in the order {self.order} do not make up {values.shape}"
            )
        repaired = values.copy()
        whole = repaired[:, : down * height, : across * width]
        split = whole.reshape(n, down, height, across, width, *values.shape[3:]).swapaxes(2, 3)
        tiles = split.reshape(n, down * across, *split.shape[3:])
        placed = tiles[:, list(self.order)].reshape(split.shape).swapaxes(2, 3)
        whole[:] = placed.reshape(whole.shape)
        return repaired
