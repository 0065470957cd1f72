"""What each contestant costs, compared with iou-doctor and with the goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.cases import CASES, Case, Measure
from bench.goals import LEAST, MOST_MEMORY
from bench.jobs import OURS
from bench.measure import Timed

AGREE = 1e-4
"""Means that differ by less are equal: Keras divides in float32, reports show four decimals."""


@dataclass(frozen=True)
class Cost:
    """The cost of a case for one contestant, in the unit of the case's measure."""

    contestant: str
    wall: float
    """From the least wall times."""
    cpu: float
    """From the least processor times."""
    median: float
    """From the medians of the wall times."""
    spread: float
    """How far the cost would rise with the second-least wall times, as a share of `wall`."""


@dataclass(frozen=True)
class Result:
    """A case, its costs, and whether all contestants agree."""

    case: Case
    costs: tuple[Cost, ...]
    disagree: tuple[str, ...] = ()
    shared: bool = False
    """Whether processor time is compared instead of wall time, because others use the machine."""

    def value(self, cost: Cost) -> float:
        """Return the cost that is compared."""
        return cost.cpu if self.shared else cost.wall

    @property
    def ours(self) -> Cost:
        """The cost of iou-doctor; for memory, the largest of all files."""
        if self.case.measure is Measure.MEMORY:
            return max(self.costs, key=self.value)
        return next(cost for cost in self.costs if cost.contestant == OURS)

    @property
    def others(self) -> tuple[Cost, ...]:
        """The costs of those that are compared with iou-doctor."""
        if self.case.measure is Measure.MEMORY:
            return ()
        return tuple(cost for cost in self.costs if cost.contestant != OURS)

    def ratio(self, cost: Cost) -> float | None:
        """Return how many times the cost of iou-doctor a contestant has."""
        if min(self.value(cost), self.value(self.ours)) <= 0:  # files too small for a slope
            return None
        return self.value(cost) / self.value(self.ours)

    def goal(self, cost: Cost) -> float:
        """Return the least ratio that is promised, or 0."""
        return LEAST.get(self.case.name, {}).get(cost.contestant, 0.0)

    @property
    def most_memory(self) -> float | None:
        """The most memory that is promised, in MB."""
        return MOST_MEMORY.get(self.case.name)

    @property
    def missed(self) -> tuple[Cost, ...]:
        """The costs that miss a goal, or that are too small to be judged."""
        if self.case.measure is Measure.MEMORY:
            most = self.most_memory or float("inf")
            return tuple(cost for cost in self.costs if self.value(cost) > most)
        return tuple(cost for cost in self.others if (self.ratio(cost) or 0) < self.goal(cost))

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "name": self.case.name,
            "title": self.case.title,
            "unit": self.case.measure.value,
            "shared": self.shared,
            "costs": [asdict(cost) for cost in self.costs],
            "disagree": list(self.disagree),
            "missed": [cost.contestant for cost in self.missed],
        }


def read_result(stored: dict[str, Any]) -> Result:
    """Return what `to_json` stored."""
    case = next(case for case in CASES if case.name == stored["name"])
    costs = tuple(Cost(**cost) for cost in stored["costs"])
    return Result(case, costs, tuple(stored["disagree"]), stored["shared"])


def summarize(case: Case, timed: Sequence[Timed], *, shared: bool = False) -> Result:
    """Return the result of a case."""
    groups: dict[str, list[Timed]] = {}
    for each in timed:
        groups.setdefault(each.job.contestant, []).append(each)
    costs = tuple(_cost(case.measure, name, group) for name, group in groups.items())
    disagree = () if case.measure is Measure.MEMORY else _find_disagreeing(timed)
    return Result(case, costs, disagree, shared and not case.always_wall)


def _cost(measure: Measure, name: str, group: Sequence[Timed]) -> Cost:
    if measure is Measure.MEMORY:
        peaks = [run.anonymous / 1e6 for each in group for run in each.runs]
        most = max(peaks)
        return Cost(name, most, most, most, (most - min(peaks)) / most if most else 0.0)
    if measure is Measure.PROCESS:
        (each,) = group
        return Cost(name, each.wall, each.cpu, each.median, each.gap / each.wall)
    small, large = sorted(group, key=lambda each: each.job.pixels)
    pixels = (large.job.pixels - small.job.pixels) / 1e9
    wall = (large.wall - small.wall) / pixels
    return Cost(
        name,
        wall,
        (large.cpu - small.cpu) / pixels,
        (large.median - small.median) / pixels,
        (small.gap + large.gap) / pixels / wall if wall > 0 else 0.0,
    )


def _find_disagreeing(timed: Sequence[Timed]) -> tuple[str, ...]:
    """Return the contestants with another mean for the same number of pixels.

    Each is compared with iou-doctor, or with the first one where iou-doctor has no such file.
    """
    means = [
        (each.job.contestant, each.job.pixels, mean)
        for each in timed
        if (mean := each.runs[0].mean_iou) is not None
    ]
    expected: dict[int, tuple[str, float]] = {}
    for contestant, pixels, mean in sorted(means, key=lambda each: each[0] != OURS):
        expected.setdefault(pixels, (contestant, mean))
    return tuple(
        f"{contestant}: {mean:.6f}, not {other:.6f} as {name}"
        for contestant, pixels, mean in means
        for name, other in (expected[pixels],)
        if abs(mean - other) > AGREE
    )
