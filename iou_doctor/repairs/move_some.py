"""Flip, turn, transpose or shift some of the samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import RepairError
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Move, Side, Value
from iou_doctor.repairs.swap_height_width import SwapHeightWidth


@record
class MoveSome(Move):
    """Flip, turn, transpose or shift some samples. Their shape does not change."""

    samples: tuple[int, ...]
    """The numbers of these samples."""
    swap: bool = False
    """Whether to exchange height and width first."""
    quarters: int = 0
    """Quarter turns counter-clockwise, after that."""
    axes: tuple[int, ...] = ()
    """The spatial axes to flip after that, counted from 0."""
    offset: tuple[int, ...] = ()
    """Pixels to shift by at the end, along each spatial axis; none if empty."""
    order: tuple[int, ...] = ()
    """For each new spatial axis, the old one, before all of these; the usual order if empty."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the turned values of samples that are all among `samples`."""
        if self.order:
            values = PermuteAxes(self.side, self.order).apply(values, spatial=spatial)
        if self.swap:
            values = SwapHeightWidth(self.side).apply(values, spatial=spatial)
        if self.quarters:
            values = Rotate(self.side, self.quarters).apply(values, spatial=spatial)
        values = Flip(self.side, self.axes).apply(values, spatial=spatial)
        if not self.offset:
            return values
        return Shift(self.side, self.offset).apply(values, spatial=spatial)

    def apply_to(
        self, values: NDArray[Value], samples: NDArray[np.int64], *, spatial: int
    ) -> NDArray[Value]:
        """Return the values with the chosen samples turned."""
        chosen = np.isin(samples, self.samples)
        if not chosen.any():
            return values
        moved, turned = values.copy(), self.apply(values[chosen], spatial=spatial)
        if turned.shape[1:] != values.shape[1:]:
            raise RepairError(f"a turn would change the shape {values.shape[1:]} of some samples")
        moved[chosen] = turned
        return moved

    @classmethod
    def join(cls, side: Side, moves: tuple[Move, ...], samples: tuple[int, ...]) -> MoveSome:
        """Return the moves of a turn, in the order of `apply`, as one step on some samples."""
        return cls(
            side,
            samples,
            swap=any(isinstance(move, SwapHeightWidth) for move in moves),
            quarters=sum(move.quarters for move in moves if isinstance(move, Rotate)),
            axes=tuple(axis for move in moves if isinstance(move, Flip) for axis in move.axes),
            order=next((move.order for move in moves if isinstance(move, PermuteAxes)), ()),
        )
