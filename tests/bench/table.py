"""From times to tables: what each contestant costs, compared with iou-doctor."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.cases import IMPORTS, OURS, Case, Measure
from bench.measure import Timed

AGREE = 1e-4
"""Means that differ by less are equal: Keras divides in float32, reports show four decimals."""
FLOORS = ("read", IMPORTS)
LIBRARIES = (
    *("numpy", "numba", "h5py", "typer", "rich"),
    *("keras", "tensorflow", "torch", "torchmetrics", "scikit-learn"),
)


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
    """The largest spread of its runs, as a share of their median."""


@dataclass(frozen=True)
class Result:
    """A case, its costs, and whether all contestants agree."""

    case: Case
    costs: tuple[Cost, ...]
    disagree: tuple[str, ...]
    shared: bool
    """Whether processor time is compared instead of wall time, because others use the machine."""

    def value(self, cost: Cost) -> float:
        """Return the cost that is compared."""
        return cost.cpu if self.shared else cost.wall

    @property
    def ours(self) -> float:
        """The cost of iou-doctor."""
        return next(self.value(cost) for cost in self.costs if cost.contestant == OURS)

    def times(self, cost: Cost) -> str:
        """Return how many times the cost of iou-doctor a contestant has."""
        if min(self.value(cost), self.ours) <= 0:  # files too small for a slope
            return "–"
        ratio = self.value(cost) / self.ours
        return (
            f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.2f}×"
        )


def result(case: Case, timed: Sequence[Timed], *, shared: bool = False) -> Result:
    """Return the result of a case."""
    groups: dict[str, list[Timed]] = {}
    for each in timed:
        groups.setdefault(each.job.contestant, []).append(each)
    costs = tuple(_cost(case.measure, name, group) for name, group in groups.items())
    disagree = () if case.measure is Measure.MEMORY else _disagreeing(timed)
    return Result(case, costs, disagree, shared and not case.always_wall)


def _cost(measure: Measure, name: str, group: Sequence[Timed]) -> Cost:
    spread = max(each.spread for each in group)
    if measure is Measure.MEMORY:
        most = max(run.anonymous for each in group for run in each.runs) / 1e6
        return Cost(name, most, most, most, spread)
    if measure is Measure.PROCESS:
        (each,) = group
        return Cost(name, each.wall, each.cpu, each.median, spread)
    small, large = sorted(group, key=lambda each: each.job.pixels)
    slopes = [
        1e9 * (after - before) / (large.job.pixels - small.job.pixels)
        for before, after in (
            (small.wall, large.wall),
            (small.cpu, large.cpu),
            (small.median, large.median),
        )
    ]
    return Cost(name, *slopes, spread)


def _disagreeing(timed: Sequence[Timed]) -> tuple[str, ...]:
    """Return the contestants with another mean than iou-doctor for the same number of pixels."""
    ours = {each.job.pixels: _mean(each) for each in timed if each.job.contestant == OURS}
    return tuple(
        f"{each.job.contestant}: {mean:.6f}, not {ours[each.job.pixels]:.6f}"
        for each in timed
        if (mean := _mean(each)) is not None
        and abs(mean - (ours.get(each.job.pixels) or mean)) > AGREE
    )


def _mean(timed: Timed) -> float | None:
    return timed.runs[0].mean_iou


def text(result: Result) -> str:
    """Return the result as lines for a terminal."""
    return "\n".join(
        [
            f"{result.case.title} ({result.case.measure.value})",
            *(_line(result, cost) for cost in result.costs),
            *(f"  DISAGREES {line}" for line in result.disagree),
        ]
    )


def _line(result: Result, cost: Cost) -> str:
    alone = cost.contestant == OURS or result.case.measure is Measure.MEMORY
    return (
        f"  {cost.contestant:24}{_number(cost.wall):>10}   cpu {_number(cost.cpu):>8}"
        f"   median {_number(cost.median):>8} ± {cost.spread:3.0%}"
        f"   {'' if alone else result.times(cost)}"
    )


def _number(value: float) -> str:
    """Format a number with three significant digits."""
    if value <= 0:
        return "–"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def markdown(results: Sequence[Result]) -> str:
    """Return the table for the documentation: our times, and how many times as much others take."""
    rows = [
        "| case | iou-doctor | others take | the floor |",
        "| --- | ---: | --- | ---: |",
        *map(_row, results),
    ]
    return "\n".join([*rows, "", _setting(shared=any(result.shared for result in results))])


def _row(result: Result) -> str:
    title, costs = result.case.title, result.costs
    if result.case.measure is Measure.MEMORY:
        numbers = ", ".join(f"{cost.wall:.0f}" for cost in costs)
        return f"| {title}, anonymous memory | {numbers} MB | – | – |"
    unit = "s" if result.case.measure is Measure.PROCESS else "ns/pixel"
    others = ", ".join(
        f"{result.times(cost)} {cost.contestant}"
        for cost in costs
        if cost.contestant not in (OURS, *FLOORS)
    )
    floor = next((result.times(cost) for cost in costs if cost.contestant in FLOORS), "–")
    return f"| {title} | {_number(result.ours)} {unit} | {others or '–'} | {floor} |"


def _setting(*, shared: bool) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
    time = "Processor time, as others used the machine" if shared else "Wall time"
    return f"{time}, the fastest of all rounds; one thread each. {machine()}; {libraries}."


def machine() -> str:
    """Return the processor, the system and Python in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    processor = next(named, "") or platform.processor() or platform.machine()
    cores = os.cpu_count()
    return f"{processor}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def document(results: Sequence[Result], rounds: int) -> dict[str, Any]:
    """Return everything as JSON types."""
    return {
        "machine": machine(),
        "versions": versions(),
        "rounds": rounds,
        "cases": [
            {
                "name": result.case.name,
                "title": result.case.title,
                "unit": result.case.measure.value,
                "costs": [asdict(cost) for cost in result.costs],
                "disagree": list(result.disagree),
            }
            for result in results
        ],
    }
