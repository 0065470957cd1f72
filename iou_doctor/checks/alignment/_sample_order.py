"""Recognise the pattern of an order of samples: an offset, batches, text, or the reverse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._pairing import LEAST_MUTUAL
from iou_doctor.record import record

LEAST_OFFSET_SHARE = 0.8
"""Minimum share of the samples that must have moved by the same number of places."""
FEWEST_LATE = 3
"""Minimum number of samples that have moved alike, though the first ones are in their places."""

FEWEST_BY_TEXT, LEAST_TEXT_SHARE = 12, 0.9
"""Minimum number of samples or slices, and minimum share of the samples that must be where the
order of text puts them. Of fewer, at most one is not in its place."""
SORT_BY_NUMBER = (
    "sort both lists of files by their numbers, or give the numbers leading zeros: `sorted`, `glob`"
    " and `os.listdir` put 10 before 2"
)


@record
class Order:
    """The pattern of an order; without one, the samples were shuffled."""

    offset: int | None
    """By how many places the samples have moved, all of them or those from `start` on."""
    batch: int | None
    """The size of the batches that no sample leaves."""
    is_reversed: bool
    is_by_text: bool = False
    """Whether one of the arrays is in the order of text, and the other in that of numbers."""
    start: int = 0
    """The place of the first sample that has moved by the offset."""

    @property
    def roll(self) -> int | None:
        """By how many places to roll all samples back; `None` if that does not restore them."""
        return None if self.start else self.offset

    def describe(self) -> str:
        """Return the pattern as the start of a message; empty without a pattern."""
        if self.is_by_text:
            return (
                "one array is in the order of text (1, 10, 11, ..., 2) and the other in the order"
                " of numbers: "
            )
        if self.offset:
            places = "place" if abs(self.offset) == 1 else "places"
            where = "after" if self.offset > 0 else "before"
            which = f"from place {self.start:,} on," if self.start else "all"
            return f"{which} predictions come {abs(self.offset)} {places} {where} their masks: "
        if self.is_reversed:
            return "the predictions come in reversed order: "
        return f"samples are shuffled within batches of {self.batch}: " if self.batch else ""

    def write_help(self) -> str:
        """Return how to restore the order."""
        if self.is_by_text:
            return SORT_BY_NUMBER
        if self.start:
            return (
                f"look for a sample near place {self.start:,} that was predicted twice or left"
                " out, and assert that both lists of files have equal stems"
            )
        if self.offset:
            return (
                f"predictions = np.roll(predictions, {-self.offset}, axis=0), or find the skipped"
                " batch"
            )
        if self.is_reversed:
            return "predictions = np.flip(predictions, 0), or sort both lists of files alike"
        return (
            "sort both lists of files and assert that their stems are equal; predict from a"
            " generator with shuffle=False"
        )

    def list_facts(self) -> dict[str, int]:
        """Return the pattern as facts of a finding."""
        if self.is_by_text:
            return {"by_text": True}
        if self.offset:
            return {"offset": self.offset} | ({"start": self.start} if self.start else {})
        if self.is_reversed:
            return {"reversed": True}
        return {"batch": self.batch} if self.batch else {}


def find_order(partner: NDArray[np.intp], samples: int) -> Order:
    """Return the pattern of an order.

    Args:
        partner: the index of the prediction that fits each kept mask, shape (kept,).
        samples: the number of all samples.
    """
    if len(partner) == samples and _is_by_text(partner):
        return Order(None, None, is_reversed=False, is_by_text=True)
    is_reversed = len(partner) == samples and _is_reversed(partner)
    start, step = _find_late_start(partner) if len(partner) == samples else (0, 0)
    if start and not is_reversed:
        return Order(step, None, is_reversed=False, start=start)
    return Order(_find_offset(partner, samples), _find_batch_size(partner), is_reversed)


def list_text_orders(count: int) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers 0 to `count` - 1 in the order of text, for names from 0 and from 1 on.

    `sorted`, `glob` and `os.listdir` compare names letter by letter, so 10 comes before 2 unless
    the numbers have leading zeros.
    """
    for first in (0, 1):
        names = [str(number + first) for number in range(count)]
        yield np.array(sorted(range(count), key=names.__getitem__))


def _is_by_text(partner: NDArray[np.intp]) -> bool:
    """Return whether either array is in the order of text."""
    count = len(partner)
    return count >= FEWEST_BY_TEXT and any(
        (partner == order).mean() >= LEAST_TEXT_SHARE
        for text in list_text_orders(count)
        for order in (text, np.argsort(text))
    )


def _is_reversed(partner: NDArray[np.intp]) -> bool:
    """Return whether nearly all samples are at the same place counted from the end."""
    share = float((partner == np.arange(len(partner))[::-1]).mean())
    return share >= LEAST_OFFSET_SHARE


def _find_late_start(partner: NDArray[np.intp]) -> tuple[int, int]:
    """Return from which sample on nearly all have moved by one number of places, and this number.

    The start is 0 unless the samples before it are in their places. One prediction is left over,
    whose mask gets any other.
    """
    steps = partner - np.arange(len(partner))
    moved = np.flatnonzero(steps)
    if not len(moved) or not moved[0]:
        return 0, 0
    start = int(moved[0])
    (step, count), *_ = Counter(steps[start:].tolist()).most_common(1)
    tail = len(partner) - start - abs(step)
    is_clear = step and count >= max(FEWEST_LATE, LEAST_OFFSET_SHARE * tail)
    return (start, int(step)) if is_clear else (0, 0)


def _find_offset(partner: NDArray[np.intp], samples: int) -> int | None:
    """Return by how many places the samples have moved, if nearly all moved alike.

    If all samples were kept, their order is known, and only a roll of all of them is an offset.
    """
    kept = len(partner)
    steps = partner - np.arange(kept)
    if kept == samples:
        steps = (steps + kept // 2) % kept - kept // 2
    (offset, count), *_ = Counter(steps.tolist()).most_common(1)
    # the partners of the last kept samples may not have been kept
    enough = kept if kept == samples else LEAST_OFFSET_SHARE * (kept - abs(offset))
    return offset if offset and count >= enough else None


def _find_batch_size(partner: NDArray[np.intp]) -> int | None:
    """Return the size of the batches that no sample leaves; `None` if there are no such batches."""
    kept = len(partner)
    is_closed = np.maximum.accumulate(partner) == np.arange(kept)
    if (partner != np.arange(kept)).mean() < LEAST_MUTUAL:
        return None
    sizes = (size for size in range(2, kept // 2 + 1) if is_closed[size - 1 :: size].all())
    return next(sizes, None)
