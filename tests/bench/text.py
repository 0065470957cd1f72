"""Results as text for a terminal, and the formats of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.cases import Measure
from bench.results import Cost, Result

TINY = 1e-6
"""What a ratio may lack because of the arithmetic."""


def write_text(result: Result, *, compare: bool = True) -> str:
    """Return the result as lines for a terminal, with ratios and goals if `compare`."""
    return "\n".join(
        [
            f"{result.case.name}: {result.case.title} ({result.case.measure.value})",
            *(
                f"  {_list_numbers(cost)}   {_compare(result, cost) if compare else ''}".rstrip()
                for cost in result.costs
            ),
            *(f"  DISAGREES {line}" for line in result.disagree),
        ]
    )


def _list_numbers(cost: Cost) -> str:
    return (
        f"{cost.contestant:24}{format_number(cost.wall):>10} ± {cost.spread:4.0%}"
        f"   cpu {format_number(cost.cpu):>8}   median {format_number(cost.median):>8}"
    )


def _compare(result: Result, cost: Cost) -> str:
    told = _judge(result, cost)
    return f"{told}, MISSED" if cost in result.missed else told


def _judge(result: Result, cost: Cost) -> str:
    """Return how a contestant compares with iou-doctor, and the goal."""
    if result.case.measure is Measure.MEMORY:
        return f"goal: at most {result.most_memory:g} MB" if result.most_memory else ""
    if cost not in result.others:
        return ""
    goal = result.goal(cost)
    told = f"{format_ratio(result.ratio(cost)):>6} ± {cost.spread + result.ours.spread:.0%}"
    return f"{told}, goal {format_goal(goal)}" if goal else told


def format_number(value: float) -> str:
    """Format a number with three significant digits."""
    if value <= 0:
        return "–"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def format_ratio(ratio: float | None) -> str:
    """Format how many times as long somebody takes, rounded down: no missed goal looks reached."""
    if ratio is None:
        return "–"
    digits = 0 if ratio >= 10 else 1 if ratio >= 1 else 2
    return f"{math.floor(ratio * 10**digits + TINY) / 10**digits:.{digits}f}×"


def format_goal(goal: float) -> str:
    """Format the least ratio that is promised."""
    return f"{goal:.2g}×"


def summarize_goals(results: Sequence[Result]) -> str:
    """Return which goals are missed, for a terminal."""
    lines = [
        f"MISSED {result.case.name}: {cost.contestant} {_judge(result, cost).strip()}"
        for result in results
        for cost in result.missed
    ]
    return "\n".join(lines) or "No goal of these rows is missed."
