"""What separates two printed scores: the likeliest pair of their explanations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from iou_doctor.metrics.definition import Contract
from iou_doctor.metrics.engine.separate import Setup, separate
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.metrics.libraries import CONTRACTS
from iou_doctor.record import record
from iou_doctor.report.score_lookup import SAME_VALUE, Cause, Explained, ScoreLookup, Separation

MOST_EXPLANATIONS = 200
"""The number of explanations of each score that are paired, the most plausible ones."""
MOST_COMPARED = 40
"""The number of pairs of metrics whose choices are compared until some account for the numbers."""
SHARED_FACTOR = 20.0
"""How much likelier two explanations are if they share the cause, or the implementation: one
difference is likelier than two."""


@record
class Explanation:
    """One explanation of a score."""

    value: float
    cause: Cause
    implementation: str
    contract: str
    plausibility: float

    @property
    def words(self) -> Explained:
        """The explanation without its odds."""
        return Explained(self.value, self.cause.claim, self.implementation)


Pair = tuple[Explanation, Explanation]


def separate_scores(
    first: ScoreLookup, second: ScoreLookup, inputs: Sequence[MetricInputs]
) -> Separation | None:
    """Return the likeliest pair of explanations; `None` if a score has none.

    Args:
        first: what the one score can mean.
        second: what the other score can mean.
        inputs: the arrays, as they are and as they are meant.
    """
    pairs = [
        (before, after)
        for before, after in product(_list_explanations(first), _list_explanations(second))
        if abs(before.value - after.value) > SAME_VALUE
    ]
    if not pairs:
        return None
    ranked = sorted(pairs, key=_weigh, reverse=True)
    before, after = ranked[0]
    alike = [pair for pair in ranked if _has_same_causes(pair, ranked[0])]
    choices = _find_choices(alike[:MOST_COMPARED], inputs) if before.cause == after.cause else None
    return Separation(before.words, after.words, choices or _describe(before, after))


def _list_explanations(lookup: ScoreLookup) -> list[Explanation]:
    found = [
        Explanation(match.value, suspect.cause, name, contract, suspect.plausibility)
        for match in lookup.matches
        for suspect in match.suspects
        for name, contract in zip(suspect.implementations, suspect.contracts, strict=True)
    ]
    return sorted(found, key=lambda one: -one.plausibility)[:MOST_EXPLANATIONS]


def _weigh(pair: Pair) -> float:
    before, after = pair
    shares = before.cause == after.cause or _is_same_metric(before, after)
    return before.plausibility * after.plausibility * (SHARED_FACTOR if shares else 1.0)


def _is_same_metric(before: Explanation, after: Explanation) -> bool:
    return bool(before.contract) and before.contract == after.contract


def _has_same_causes(pair: Pair, other: Pair) -> bool:
    return all(one.cause == another.cause for one, another in zip(pair, other, strict=True))


def _find_choices(pairs: Sequence[Pair], inputs: Sequence[MetricInputs]) -> str | None:
    """Return the choices that separate the first pair of metrics whose choices are known."""
    for (before, after), arrays in product(pairs, inputs):
        first, second = _find(before.contract), _find(after.contract)
        if first is None or second is None:
            continue
        setups = _set_up(first, arrays), _set_up(second, arrays)
        if found := separate(*setups, arrays, (before.value, after.value)):
            return "; ".join(f"{choice.after} (before: {choice.before})" for choice in found)
    return None


def _describe(before: Explanation, after: Explanation) -> str:
    """Return in words what one explanation has that the other has not."""
    if before.cause == after.cause:
        return _describe_metrics(before, after)
    claims = f"{after.cause.claim} (before: {before.cause.claim})"
    same = _is_same_metric(before, after) or not after.implementation
    return claims if same else f"{claims}; {_describe_metrics(before, after)}"


def _describe_metrics(before: Explanation, after: Explanation) -> str:
    return f"{after.implementation or 'a formula'} in place of {before.implementation or 'one'}"


def _find(name: str) -> Contract | None:
    return next((contract for contract in CONTRACTS if contract.name == name), None)


def _set_up(contract: Contract, arrays: MetricInputs) -> Setup:
    classes = contract.num_classes or arrays.num_classes
    return Setup(contract.choices, classes, arrays.ignore_index)
