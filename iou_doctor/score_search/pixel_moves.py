"""List the ways in which pixels and samples get out of place, as steps that do the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Layout
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Move, Side, Value
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.pixel_estimates import LEFT_OUT

PRIOR = 0.09
"""The prior of the usual ones. They are combined with common implementations only."""
FACTORS = (2, 4)
"""By how much pictures are resized."""

SHUFFLED = Cause(
    "shuffled-samples",
    "predictions and masks are in different orders",
    "sort both lists by the same key, and do not shuffle when you evaluate",
    prior=0.2,
)
_FLIPPED = Cause(
    "flipped-samples",
    "the predictions are {how}",
    "use one seed for image and mask, and do not augment when you evaluate",
    prior=PRIOR,
)
_SHIFTED = Cause(
    "shifted-predictions",
    "the predictions are shifted by {how}",
    "check crops, padding and the offset of tiles",
    prior=PRIOR / 2,
)
_RESIZED = Cause(
    "resolution-mismatch",
    "{how}",
    "compare both arrays at the size of the original masks",
    prior=PRIOR / 2,
)


@record
class Roll(Move):
    """Shift by whole pixels; what leaves one end enters at the other."""

    offset: tuple[int, ...]

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the shifted values, in the shape of `values`."""
        return np.roll(values, self.offset, axis=tuple(range(1, spatial + 1)))


@record
class Coarsen(Move):
    """Repeat one pixel of each block, as a small picture that is enlarged does."""

    factor: int
    first: int
    """The pixel of each block that the small picture holds, along each axis."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the values in the shape of `values`."""
        for axis in range(spatial - 1, spatial + 1):
            places = np.arange(values.shape[axis])
            places = (places // self.factor * self.factor + self.first).clip(max=len(places) - 1)
            values = np.take(values, places, axis=axis)
        return values


@record
class KeepEvery(Move):
    """Mark all pixels that a smaller picture does not have with `LEFT_OUT`."""

    factor: int
    first: int
    """The first pixel that it has, along each axis."""

    def apply(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the marked values, in the shape of `values`."""
        marked = np.full(values.shape, LEFT_OUT, dtype=np.int64)
        self.select(marked, spatial=spatial)[:] = self.select(values, spatial=spatial)
        return marked  # type: ignore[return-value]

    def select(self, values: NDArray[Value], *, spatial: int) -> NDArray[Value]:
        """Return the pixels that the smaller picture has, of either array, as a view."""
        every = slice(self.first, None, self.factor)
        return values[(*[slice(None)] * (spatial - 1), every, every)]


def list_moves(layout: Layout, *, is_square: bool, in_order: bool) -> list[tuple[Cause, Move]]:
    """Return the faults, the most common first.

    Args:
        layout: what the axes mean.
        is_square: whether height and width are equal in every sample.
        in_order: whether the predictions can only be read from the first to the last.
    """
    spatial = len(layout.y_pred.spatial)
    found = list(_list_turns(spatial, is_square=is_square))
    if not in_order:  # each sample would be read from the beginning
        found += _list_orders(layout.samples)
    if spatial == 2:
        found += [*_list_shifts(), *_list_sizes()]
    return found


def _list_turns(spatial: int, *, is_square: bool) -> Iterator[tuple[Cause, Move]]:
    names = ("front to back", "top to bottom", "left to right")[-spatial:]
    for axis in reversed(range(spatial)):
        yield _name(_FLIPPED, f"flipped {names[axis]}"), Flip(Side.PREDICTIONS, (axis,))
    last_two = spatial - 2, spatial - 1
    yield _name(_FLIPPED, "turned by 180 degrees"), Flip(Side.PREDICTIONS, last_two)
    if is_square:
        yield _name(_FLIPPED, "transposed"), SwapHeightWidth(Side.PREDICTIONS)
        for quarters in (1, 3):
            how = f"turned by {90 * quarters} degrees"
            yield _name(_FLIPPED, how), Rotate(Side.PREDICTIONS, quarters)


def _list_orders(samples: int) -> Iterator[tuple[Cause, Move]]:
    if samples < 2:
        return
    numbers = range(samples)
    orders = {
        "in reverse order": tuple(reversed(numbers)),
        "sorted as text (1, 10, 2)": tuple(sorted(numbers, key=str)),
        "one sample late": (samples - 1, *numbers[:-1]),
        "one sample early": (*numbers[1:], 0),
    }
    for how, order in orders.items():
        if order != tuple(numbers):
            claim = f"the predictions are {how}"
            cause = replace(SHUFFLED, claim=claim, prior=PRIOR)
            yield cause, Reorder(Side.PREDICTIONS, order)


def _list_shifts() -> Iterator[tuple[Cause, Move]]:
    steps = (0, 1, -1, 2, -2)
    for down, right in sorted(product(steps, steps), key=lambda move: abs(move[0]) + abs(move[1])):
        if (down, right) == (0, 0):
            continue
        how = f"{down:+d} rows and {right:+d} columns"
        yield _name(_SHIFTED, how), Shift(Side.PREDICTIONS, (down, right))
        yield _name(_SHIFTED, f"{how}, cyclically"), Roll(Side.PREDICTIONS, (down, right))


def _list_sizes() -> Iterator[tuple[Cause, Move]]:
    for factor in FACTORS:
        for first in (0, factor // 2):
            how = f"both arrays are resized to 1/{factor} of height and width"
            yield _name(_RESIZED, how), KeepEvery(Side.PREDICTIONS, factor, first)
            how = f"the predictions are enlarged from 1/{factor} of height and width"
            yield _name(_RESIZED, how), Coarsen(Side.PREDICTIONS, factor, first)


def _name(cause: Cause, how: str) -> Cause:
    return replace(cause, claim=cause.claim.format(how=how))
