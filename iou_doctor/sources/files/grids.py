"""Where images lie on a map, and how two images of one place lie to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.source import StatedTurn
from iou_doctor.record import record

_NEAR = 0.25
"""The part of a pixel by which places may differ, which is less than half a pixel."""
_SAME_SIZE = 1e-3
"""The relative difference up to which pixels have the same size."""


@record
class Grid:
    """How rows and columns of an image lie on a map."""

    matrix: tuple[tuple[float, float], tuple[float, float]]
    """Two rows, for x and y, and two columns, for a step down and a step to the right."""
    origin: tuple[float, float]
    """x and y of the outer corner of the first pixel."""
    size: tuple[int, int]
    """The number of rows and columns."""
    system: tuple[int, ...]
    """The numbers of the coordinate systems."""

    @property
    def centre(self) -> NDArray[np.float64]:
        """The coordinates of the centre of the image."""
        matrix = np.array(self.matrix)
        centre: NDArray[np.float64] = np.array(self.origin) + matrix @ np.array(self.size) / 2
        return centre


@record
class Relation:
    """How predictions lie to their masks on the map."""

    turn: StatedTurn
    """How the predictions have to be turned."""
    offset: tuple[int, int]
    """Rows and columns by which they have to be moved after that."""

    @property
    def is_identity(self) -> bool:
        """Whether they lie alike."""
        return self.turn.is_identity and self.offset == (0, 0)


def are_distant(true: Grid | None, pred: Grid | None) -> bool:
    """Return whether the two images do not overlap on the map."""
    if true is None or pred is None or true.system != pred.system:
        return False
    reach = sum(np.abs(grid.matrix) @ np.array(grid.size) / 2 for grid in (true, pred))
    return bool((np.abs(true.centre - pred.centre) >= reach).any())


def compare_grids(true: Grid | None, pred: Grid | None) -> Relation | None:
    """Return how two images of the same size, system and resolution lie to each other.

    Rows of one may be columns of the other.

    Args:
        true: the grid of the mask.
        pred: that of the prediction.

    Returns:
        What would bring the prediction to its mask; `None`: it is not known.
    """
    if true is None or pred is None or true.system != pred.system:
        return None
    mask, prediction = np.array(true.matrix), np.array(pred.matrix)
    if abs(np.linalg.det(mask)) == 0 or not np.isfinite(mask).all():
        return None
    steps = np.linalg.solve(mask, prediction)
    is_transposed = abs(steps[0, 1]) > abs(steps[0, 0])
    order = (1, 0) if is_transposed else (0, 1)
    ordered = steps[:, order]
    signs = np.sign(np.diag(ordered))
    if not np.allclose(ordered, np.diag(signs), atol=_SAME_SIZE) or not signs.all():
        return None
    if true.size != tuple(pred.size[axis] for axis in order):
        return None
    moved = np.linalg.solve(mask, pred.centre - true.centre)
    offset = np.rint(moved)
    if np.abs(moved - offset).max() > _NEAR or np.abs(offset).max() > max(true.size):
        return None
    flipped = tuple(axis for axis in range(2) if signs[axis] < 0)
    return Relation(StatedTurn(order, flipped), (int(offset[0]), int(offset[1])))
