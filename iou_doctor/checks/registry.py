"""Evidence -> Finding: one file a rule.

A check is a module with a `RULE`, a function `find` and a docstring that is the rule's manual.
Being in this folder is all it takes to be run; modules that start with `_` are not checks.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache

from iou_doctor import checks
from iou_doctor.checks.evidence import Evidence
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Outcome, Rule, Skipped, Status

Result = Sequence[Finding] | Skipped


@record
class Check:
    """A rule, the function that looks for it, and the manual."""

    rule: Rule
    find: Callable[[Evidence], Result]
    manual: str


@cache
def load_checks() -> tuple[Check, ...]:
    """Return every check, in order of code."""
    modules = map(importlib.import_module, _list_module_names())
    found = [Check(module.RULE, module.find, (module.__doc__ or "").strip()) for module in modules]
    return tuple(sorted(found, key=lambda check: check.rule.code))


def _list_module_names() -> Iterator[str]:
    """Yield the dotted name of every module that holds a rule."""
    for family in pkgutil.iter_modules(checks.__path__):
        if family.ispkg:
            folder = [f"{path}/{family.name}" for path in checks.__path__]
            for module in pkgutil.iter_modules(folder):
                if not module.name.startswith("_"):
                    yield f"{checks.__name__}.{family.name}.{module.name}"


def run(
    evidence: Evidence, names: Collection[str] | None = None
) -> tuple[tuple[Finding, ...], tuple[Outcome, ...]]:
    """Return what all checks find, in order of code, and what became of each rule.

    A check sees what the ones before it found: definitions are questioned last.

    Args:
        evidence: the facts.
        names: of the rules to look for; `None`: all.
    """
    findings: tuple[Finding, ...] = ()
    outcomes = []
    for check in load_checks():
        if names is not None and check.rule.name not in names:
            continue
        result = check.find(replace(evidence, found=(*evidence.found, *findings)))
        if isinstance(result, Skipped):
            outcomes.append(Outcome(check.rule, Status.SKIPPED, result.reason))
            continue
        findings += tuple(result)
        outcomes.append(Outcome(check.rule, Status.FIRED if result else Status.PASSED))
    return findings, tuple(outcomes)
