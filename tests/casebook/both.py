"""Two faults at once: both are found, and the combined what-if gives the score before them.

Each combination bends a scene (order, position or ids) and gives it in a way that is wrong too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from casebook import sick_ids
from casebook.cases import Arrays, at
from casebook.scenes import Scene
from casebook.verdicts import TOLERANCE, diagnose
from iou_doctor.report.report import Report

LEAST_RIGHT = 40
"""Combinations that must be right."""

Bend = Callable[[Scene], Scene]
Give = Callable[..., Arrays]


@dataclass(frozen=True)
class Pair:
    """Two transforms of one scene."""

    rules: tuple[str, str]
    """Both must be among the root causes."""
    place: str
    bend: Bend
    give: Give
    variant: object = None
    void: bool = False
    """Whether `bend` takes pixels out of the score."""
    tolerance: float = TOLERANCE

    @property
    def name(self) -> str:
        shown = "" if self.variant is None else f" [{self.variant}]"
        return f"{' and '.join(self.rules)}{shown} on {self.place}"

    def build(self) -> Arrays:
        """Return the arrays, and the score before the faults."""
        source = at(self.place)
        given = sick_ids.void(source, 255) if self.void else self._given(source)
        return replace(self._given(self.bend(source)), clean=given.clean)

    def _given(self, source: Scene) -> Arrays:
        return self.give(source) if self.variant is None else self.give(source, self.variant)


@dataclass(frozen=True)
class Told:
    """What was said of one combination."""

    name: str
    found: bool
    """Whether both rules are among the root causes."""
    right: bool
    """Whether, besides, all repairs together bring the score back."""
    roots: tuple[str, ...]
    wanted: float
    after_all: float | None


def tell(pair: Pair) -> Told:
    """Run one combination; what is raised is a wrong answer."""
    arrays = pair.build()
    wanted = arrays.clean or 0.0
    try:
        report = diagnose(arrays)
    except Exception as error:
        return Told(pair.name, False, False, (f"{type(error).__name__}: {error}",), wanted, None)
    named, after = roots(report), report.verdict.mean_iou_after_all
    found = set(pair.rules) <= set(named)
    right = found and after is not None and abs(after - wanted) <= pair.tolerance
    return Told(pair.name, found, right, named, wanted, after)


def roots(report: Report) -> tuple[str, ...]:
    """Return the rules that fired and that no other finding explains."""
    consequences = {name for names in report.explains.values() for name in names}
    names = dict.fromkeys(finding.rule.name for finding in report.findings)
    return tuple(name for name in names if name not in consequences)


def line(told: Sequence[Told]) -> str:
    right = sum(one.right for one in told)
    all_right = "" if right == len(told) else f" in {right}"
    return f"two at once: {len(told)} pairs, both found, combined what-if right{all_right}\n"


def passes(told: Sequence[Told]) -> bool:
    return sum(one.right for one in told) >= LEAST_RIGHT
