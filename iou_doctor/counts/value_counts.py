"""Extremes and counts over the values of one array. Those of its parts add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple

from iou_doctor.record import record

SUM_TOLERANCE = 0.02
"""How far the channel sum of a pixel may be off 1.

A float16 softmax over 11 classes is off by 0.0004; bfloat16 or resized scores by up to 0.01.
"""

MIDDLE_OF_BYTES, MOST_BYTE = 127.5, 255
"""The middle and the end of the scale of scores that were stored as bytes."""


def compute_double_activation_bound(classes: int) -> float:
    """Return the largest value that softmax gives when it is applied to probabilities again.

    A probability of 1 among zeros becomes e / (e + C - 1). For two classes this is also the
    largest value of a sigmoid applied to probabilities.
    """
    return math.e / (math.e + classes - 1)


class Place(NamedTuple):
    """A position in an array and the values stored there. Places sort by position."""

    sample: int
    position: tuple[int, ...]
    """The pixel, or the pixel and the channel."""
    values: tuple[float, ...] = ()


@record
class ValueCounts:
    """Extremes and counts over all values of one array."""

    values: int = 0
    pixels: int = 0
    minimum: float | None = None
    """The smallest finite value."""
    maximum: float | None = None
    """The largest finite value."""
    nan: int = 0
    infinite: int = 0
    fractional: int = 0
    """Finite values that are not whole numbers."""
    outside_unit: int = 0
    """Values below 0 or above 1."""
    at_least_one: int = 0
    """Finite values of 1 or more: those that are not 0 after a cast to integer."""
    off_255_grid: int = 0
    """Values that are not k/255 for a whole k from 0 to 255."""
    sum_off: int = 0
    """Pixels whose channel sum is not 1."""
    all_zero: int = 0
    """Pixels whose channels are all 0."""
    one_hot: int = 0
    """Pixels with one channel 1 and all others 0."""
    ties: int = 0
    """Pixels whose largest channel value occurs more than once."""
    near_twice: int = 0
    """Pixels whose largest value is near the bound that a second softmax or sigmoid sets."""
    minimum_top: float | None = None
    """The smallest of the pixels' largest channels."""
    minimum_sum: float | None = None
    maximum_sum: float | None = None
    first: Place | None = None
    """The first pixel of the array."""
    first_non_finite: Place | None = None
    first_fractional: Place | None = None

    @property
    def non_finite(self) -> int:
        """The number of NaN and infinite values."""
        return self.nan + self.infinite

    @property
    def within_unit(self) -> bool:
        """Whether every value lies in [0, 1] (NaN does not)."""
        return self.outside_unit == 0 and self.non_finite == 0

    @property
    def are_bytes(self) -> bool:
        """Whether all values are whole numbers up to 255, some in the upper half."""
        low, high = self.minimum, self.maximum
        if low is None or high is None or self.fractional or self.non_finite:
            return False
        return low >= 0 and MIDDLE_OF_BYTES < high <= MOST_BYTE

    def __add__(self, other: ValueCounts) -> ValueCounts:
        return ValueCounts.merge([self, other])

    @classmethod
    def merge(cls, parts: Sequence[ValueCounts]) -> ValueCounts:
        """Return the counts of the whole from those of its parts, in any order."""
        if len(parts) < 2:
            return parts[0] if parts else cls()
        columns = zip(*map(_list_values, parts), strict=True)
        return cls(*(merge(column) for merge, column in zip(_MERGES, columns, strict=True)))


def _find_least(values: Sequence[Any]) -> Any:
    return min((value for value in values if value is not None), default=None)


def _find_largest(values: Sequence[Any]) -> Any:
    return max((value for value in values if value is not None), default=None)


def _choose_merge(name: str) -> Callable[[Sequence[Any]], Any]:
    if name.startswith(("minimum", "first")):
        return _find_least
    return _find_largest if name.startswith("maximum") else sum


# found once, because there are many parts
_NAMES = tuple(field.name for field in fields(ValueCounts))
_MERGES = tuple(map(_choose_merge, _NAMES))
_list_values: Callable[[ValueCounts], tuple[Any, ...]] = attrgetter(*_NAMES)
