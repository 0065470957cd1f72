"""A candidate: one value, with the cause and the implementation that give it."""

from __future__ import annotations

from functools import cached_property

from iou_doctor.record import record
from iou_doctor.report.score_lookup import SAME_VALUE, Cause


@record
class Candidate:
    """A value, and the cause and the implementation that give it."""

    value: float
    cause: Cause
    implementation: str
    plausibility: float
    contract: str = ""
    """The public name of the implementation's contract; empty if it has none."""
    possible: bool = True
    """Whether the arrays allow the cause. If they do not, only other arrays can have given it."""


@record
class Candidates:
    """All values that were evaluated."""

    found: tuple[Candidate, ...]
    with_arrays: bool
    """Whether they were evaluated for a pair of arrays, and not from formulas alone."""
    num_classes: int | None = None

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The distinct values, ascending."""
        ordered = sorted(candidate.value for candidate in self.found)
        return tuple(
            value
            for index, value in enumerate(ordered)
            if index == 0 or value - ordered[index - 1] > SAME_VALUE
        )
