"""Faults that move pixels or samples: they are tried if nothing else gives the score.

Each takes another pass over the arrays, so that large arrays get fewer of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Move, Side, Step, Value
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.report.score_lookup import Cause, Condition, PrintedScore
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.evaluate_contracts import evaluate_contracts, prepare_label_inputs

Recount = Callable[[Sequence[Step]], PairCounts]
"""Counts the label pairs again after these steps."""
MOST_PIXELS = 2**27
"""The number of pixels that are counted again for all faults together: some seconds."""
PRIOR = 0.09
"""The prior of the usual ones. They are combined with common implementations only."""
LEFT_OUT = -(2**20)
"""A predicted label that marks a pixel which a smaller picture does not have."""
FACTORS = (2, 4)
"""By how much pictures are resized."""
SHUFFLES = 4
"""How many random orders are tried."""
SHUFFLE_MARGIN = 0.02
"""How far outside the scores of these orders the score of another one may lie."""

_SHUFFLED = Cause(
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
        every = slice(self.first, None, self.factor)
        kept = (*[slice(None)] * (spatial - 1), every, every)
        marked[kept] = values[kept]
        return marked  # type: ignore[return-value]


def try_pixel_faults(evidence: Evidence, recount: Recount) -> Iterator[Candidate]:
    """Yield what common implementations give if pixels or samples are out of place.

    Args:
        evidence: the facts about the arrays.
        recount: counts the label pairs again after steps.
    """
    inputs = evidence.inputs
    if inputs is None or not can_move(evidence):
        return
    affordable = MOST_PIXELS // max(1, evidence.pairs.total)
    for _, (cause, step) in zip(range(affordable), _list_faults(evidence), strict=False):
        pairs = recount([step])
        pairs = pairs.keep_rows(pairs.prediction != LEFT_OUT)
        moved = prepare_label_inputs(inputs, pairs)
        yield from evaluate_contracts(cause, moved, all_implementations=False)


def can_move(evidence: Evidence) -> bool:
    """Return whether the arrays can be counted again, with the pixels in other places."""
    layout = evidence.interpretation.layout
    paired = layout.relation is Relation.EQUAL and not evidence.interpretation.is_multilabel
    return paired and evidence.pair.model is None and len(layout.y_pred.spatial) > 1


def try_shuffles(
    evidence: Evidence, recount: Recount, printed: PrintedScore
) -> tuple[Condition, ...]:
    """Return that the samples are in another order, if random orders give about the score."""
    samples = evidence.interpretation.layout.samples
    affordable = MOST_PIXELS // max(1, evidence.pairs.total)
    possible = can_move(evidence) and not evidence.pair.y_pred.is_sequential
    if evidence.inputs is None or not possible or samples < 2 or affordable < SHUFFLES:
        return ()
    draw = random.Random(0)
    scores = []
    for _ in range(SHUFFLES):
        order = draw.sample(range(samples), samples)
        score = compute_score(
            pairs=recount([Reorder(Side.PREDICTIONS, tuple(order))]),
            num_classes=evidence.interpretation.num_classes,
            ignore_index=evidence.interpretation.ignore_index,
        )
        scores += [score.mean_iou] if score.mean_iou is not None else []
    if not scores:
        return ()
    low, high = min(scores), max(scores)
    if not low - SHUFFLE_MARGIN <= printed.middle <= high + SHUFFLE_MARGIN:
        return ()
    return (Condition(_SHUFFLED, f"random orders of the samples score {low:.4f} to {high:.4f}"),)


def _list_faults(evidence: Evidence) -> Iterator[tuple[Cause, Step]]:
    layout = evidence.interpretation.layout
    spatial = len(layout.y_pred.spatial)
    yield from _list_turns(spatial, square=_is_square(evidence))
    if not evidence.pair.y_pred.is_sequential:  # each sample would be read from the beginning
        yield from _list_orders(layout.samples)
    if spatial == 2:
        yield from _list_shifts()
        yield from _list_sizes()


def _is_square(evidence: Evidence) -> bool:
    shape, axes = evidence.pair.y_pred.shape, evidence.interpretation.layout.y_pred.spatial
    height, width = (shape[axis] for axis in axes[-2:])
    return height is not None and height == width


def _list_turns(spatial: int, *, square: bool) -> Iterator[tuple[Cause, Step]]:
    names = ("front to back", "top to bottom", "left to right")[-spatial:]
    for axis in reversed(range(spatial)):
        yield _name(_FLIPPED, f"flipped {names[axis]}"), Flip(Side.PREDICTIONS, (axis,))
    last_two = spatial - 2, spatial - 1
    yield _name(_FLIPPED, "turned by 180 degrees"), Flip(Side.PREDICTIONS, last_two)
    if square:
        yield _name(_FLIPPED, "transposed"), SwapHeightWidth(Side.PREDICTIONS)
        for quarters in (1, 3):
            how = f"turned by {90 * quarters} degrees"
            yield _name(_FLIPPED, how), Rotate(Side.PREDICTIONS, quarters)


def _list_orders(samples: int) -> Iterator[tuple[Cause, Step]]:
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
            cause = replace(_SHUFFLED, claim=claim, prior=PRIOR)
            yield cause, Reorder(Side.PREDICTIONS, order)


def _list_shifts() -> Iterator[tuple[Cause, Step]]:
    steps = (0, 1, -1, 2, -2)
    for down, right in sorted(product(steps, steps), key=lambda move: abs(move[0]) + abs(move[1])):
        if (down, right) == (0, 0):
            continue
        how = f"{down:+d} rows and {right:+d} columns"
        yield _name(_SHIFTED, how), Shift(Side.PREDICTIONS, (down, right))
        yield _name(_SHIFTED, f"{how}, cyclically"), Roll(Side.PREDICTIONS, (down, right))


def _list_sizes() -> Iterator[tuple[Cause, Step]]:
    for factor in FACTORS:
        for first in (0, factor // 2):
            how = f"both arrays are resized to 1/{factor} of height and width"
            yield _name(_RESIZED, how), KeepEvery(Side.PREDICTIONS, factor, first)
            how = f"the predictions are enlarged from 1/{factor} of height and width"
            yield _name(_RESIZED, how), Coarsen(Side.PREDICTIONS, factor, first)


def _name(cause: Cause, how: str) -> Cause:
    return replace(cause, claim=cause.claim.format(how=how))
