"""Load the checks, and run them on the evidence.

A check is a module in a subfolder of `checks`, one for each rule. It defines `RULE` and a function
`find`, and its docstring is the rule's manual. Nothing else is needed to register a check. Modules
whose names start with `_` are helpers.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from iou_doctor import checks
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.symptoms import map_consequences
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Outcome, Rule, Skipped, Status, Suspicion

RULES_OF_CHANNELS = frozenset(
    {
        "absent-class",
        "channel-count-mismatch",
        "faulty-samples",
        "flipped-samples",
        "invalid-one-hot",
        "inverted-masks",
        "logits-thresholded-as-probabilities",
        "masks-0-255",
        "never-predicted-class",
        "permuted-classes",
        "prediction-out-of-range",
        "predictions-equal-masks",
        "score-below-minimum",
        "score-regression",
        "shifted-predictions",
        "shuffled-samples",
        "threshold-off",
        "undeclared-void-label",
        "unthresholded-sigmoid",
    }
)
"""Rules that look at each channel on its own."""
OVERLAP = "channels overlap, so that pixels have no single class"

Result = Sequence[Finding] | Skipped


@record
class Check:
    """A rule, the function that looks for its fault, and its manual."""

    rule: Rule
    find: Callable[[Evidence], Result]
    manual: str


@cache
def load_checks() -> tuple[Check, ...]:
    """Import all checks and return them in order of code."""
    modules = map(importlib.import_module, _list_module_names())
    found = [Check(module.RULE, module.find, (module.__doc__ or "").strip()) for module in modules]
    return tuple(sorted(found, key=lambda check: check.rule.code))


def _list_module_names() -> Iterator[str]:
    """Yield the dotted names of the modules that define a rule.

    The folders are listed: `pkgutil`, and all that it imports, would take a millisecond.
    """
    for family in os.scandir(Path(__file__).parent):
        if family.is_dir():
            for module in os.scandir(family):
                if module.name.endswith(".py") and not module.name.startswith("_"):
                    yield f"{checks.__name__}.{family.name}.{module.name.removesuffix('.py')}"


@cache
def load_consequences() -> Mapping[str, frozenset[str]]:
    """Return, for each rule, the names of the rules that fire as mere consequences of it."""
    return map_consequences([check.rule for check in load_checks()])


@cache
def load_plan() -> Sequence[tuple[Check, tuple[str, ...]]]:
    """Return all checks in the order in which they run, each with the rules to run before it."""
    return plan_checks(load_checks())


def plan_checks(checks: Iterable[Check]) -> Sequence[tuple[Check, tuple[str, ...]]]:
    """Order checks so that each one runs after the rules that its `Rule.after` names.

    Codes have no influence on the order.

    Returns:
        The checks, each with the names of the rules whose findings it sees.

    Raises:
        ValueError: a rule names an unknown rule, or rules wait for each other.
    """
    by_name = {check.rule.name: check for check in checks}
    families: dict[Suspicion, set[str]] = {}
    for name, check in by_name.items():
        families.setdefault(check.rule.suspicion, set()).add(name)
    earlier = {
        name: _list_earlier(by_name[name].rule, by_name, families) for name in sorted(by_name)
    }
    try:
        order = tuple(TopologicalSorter(earlier).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ValueError(f"rules wait for each other by `Rule.after`: {circle}") from error
    return [(by_name[name], earlier[name]) for name in order]


def _list_earlier(
    rule: Rule, by_name: Mapping[str, Check], families: Mapping[Suspicion, set[str]]
) -> tuple[str, ...]:
    """Return the names of the rules that `after` of a rule names, early suspicions first.

    Args:
        rule: the rule.
        by_name: all checks, by the names of their rules.
        families: the names of all rules, by their suspicion.
    """
    if not rule.after:
        return ()
    unknown = [one for one in rule.after if isinstance(one, str) and one not in by_name]
    if unknown:
        names = ", ".join(unknown)
        raise ValueError(f"rule {rule.name} names {names} in `after`, but there is no such rule")
    named: set[str] = set()
    for one in rule.after:
        named |= {one} if isinstance(one, str) else families.get(one, set())
    named.discard(rule.name)
    return tuple(sorted(named, key=lambda name: (by_name[name].rule.suspicion, name)))


def _judges_channels(rule: Rule) -> bool:
    """Return whether a rule makes sense if a pixel may belong to several channels or to none."""
    return rule.name in RULES_OF_CHANNELS or rule.suspicion in (
        Suspicion.SHAPES,
        Suspicion.NON_FINITE,
    )


def run(
    evidence: Evidence, names: Collection[str] | None = None
) -> tuple[tuple[Finding, ...], tuple[Outcome, ...]]:
    """Run checks, and return their findings and the outcome of each rule, both in order of code.

    Args:
        evidence: the facts. All checks see the findings that it already holds.
        names: the names of the rules to check; `None` for all.
    """
    findings: dict[str, Sequence[Finding]] = {}
    outcomes = []
    unseen = replace(evidence, searched=frozenset())  # for most rules, which see no other findings
    for check, earlier in load_plan():
        rule = check.rule
        if names is not None and rule.name not in names:
            continue
        if evidence.interpretation.is_multilabel and not _judges_channels(rule):
            outcomes.append(Outcome(rule, Status.SKIPPED, OVERLAP))
            continue
        result = check.find(_add_findings(unseen, earlier, findings) if earlier else unseen)
        if isinstance(result, Skipped):
            outcomes.append(Outcome(rule, Status.SKIPPED, result.reason))
            continue
        findings[rule.name] = result
        outcomes.append(Outcome(rule, Status.FIRED if result else Status.PASSED))
    outcomes.sort(key=lambda outcome: outcome.rule.code)
    in_order = (findings.get(outcome.rule.name, ()) for outcome in outcomes)
    return tuple(finding for some in in_order for finding in some), tuple(outcomes)


def _add_findings(
    evidence: Evidence, earlier: Collection[str], findings: Mapping[str, Sequence[Finding]]
) -> Evidence:
    """Return the evidence with the findings of the rules that a rule comes after."""
    seen = (finding for name in earlier for finding in findings.get(name, ()))
    return replace(evidence, found=(*evidence.found, *seen), searched=frozenset(earlier))
