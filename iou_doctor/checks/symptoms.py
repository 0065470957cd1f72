"""Relate the rules: which ones fire as mere consequences of others, and which ones run first.

A rule that can be a consequence states its symptom, and a rule for a cause states the symptoms that
it explains. So a new rule of either kind is related to all others from within its own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iou_doctor.report.finding import Rule, Suspicion, Symptom

OF_CLASS_IDS = (
    Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.ABSENT_CLASSES
    | Symptom.PERFECT_SCORE
)
"""Symptoms of class ids that mean other classes than the user thinks."""
OF_MASK_VALUES = OF_CLASS_IDS | Symptom.CLASS_SHARES | Symptom.NUMBERING
"""Symptoms of mask values that are not class ids at all, though they look like labels."""
OF_COLOURS = (
    Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.ENCODING
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.PERFECT_SCORE
)
"""Symptoms of masks with three or four channels of colour or grey in place of class ids."""

FORMAT_FAULTS = (
    Suspicion.SHAPES,
    Suspicion.NON_FINITE,
    Suspicion.ENCODING,
    Suspicion.MASK_VALUES,
    Suspicion.LABEL_RANGE,
    Suspicion.PERMUTATION,
    "reading-drift",
)
"""For `Rule.after`: the faults of format that must be known before pixels are compared."""
ARRAY_FAULTS = (*FORMAT_FAULTS, Suspicion.ALIGNMENT)
"""For `Rule.after`: all faults that change what the arrays mean."""


def map_consequences(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """Return, for each rule, the names of the rules that fire as mere consequences of it.

    Raises:
        ValueError: a rule names an unknown rule.
    """
    rules = tuple(rules)
    symptoms = {rule.name: rule.symptom.value if rule.symptom else 0 for rule in rules}
    return {rule.name: _list_consequences(rule, symptoms) for rule in rules}


def _list_consequences(rule: Rule, symptoms: Mapping[str, int]) -> frozenset[str]:
    """Return the names of the rules that one rule explains.

    Args:
        rule: the cause.
        symptoms: the value of each rule's symptom, 0 for none. Operators of `Flag` are slow.
    """
    unknown = set(rule.also_explains).difference(symptoms)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"rule {rule.name} names {names} in `also_explains`: no such rule")
    explained = rule.explains.value
    shown = {name for name, symptom in symptoms.items() if symptom & explained}
    return frozenset(shown.union(rule.also_explains) - {rule.name})
