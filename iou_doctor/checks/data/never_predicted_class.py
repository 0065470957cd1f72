"""A class is in the masks but is never predicted.

Its IoU is 0, which lowers the mean. If the class is rare, the model may not have learned it. If it
is frequent, check the number of output channels and the mapping of class ids.

    3 classes, IoU 0.98, 0.91 and 0.00: the mean is 0.63
"""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import advise_on_scale, format_percent, join_words
from iou_doctor.metrics.score import ClassScore
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

THRESHOLD_RULES = ("threshold-off", "relu-before-sigmoid")
"""Rules for scores that do contain the class, but not beyond the threshold."""

RULE = Rule(
    code="IOU703",
    name="never-predicted-class",
    severity=Severity.WARNING,
    suspicion=Suspicion.COLLAPSE,
    claim="a class of the masks is never predicted",
    symptom=Symptom.CLASSES,
    after=("undeclared-void-label", *THRESHOLD_RULES),
    needs=Needs.WHOLE_DATA_SET,
)

MOST_DESCRIBED = 3
"""Number of classes up to which the help names what is predicted in their place."""


def find(evidence: Evidence) -> Result:
    """Look for classes that have truth pixels but no predicted ones."""
    is_multilabel = evidence.interpretation.is_multilabel
    if evidence.has_found(*THRESHOLD_RULES) and not is_multilabel:
        return []
    counted = evidence.repaired.pixels.counted
    explained = {
        label
        for finding in evidence.found
        if finding.rule.name == "undeclared-void-label"
        for label in finding.facts["labels"]
    } | {
        channel
        for finding in evidence.found
        for channel in finding.facts.get("best_thresholds", {})
    }
    never = [
        entry
        for entry in evidence.repaired.per_class
        if entry.truth_pixels and not entry.predicted_pixels and entry.iou is not None
        if str(entry.id) not in explained
    ]
    if not never:
        return []
    names = evidence.interpretation.class_names
    pixels = sum(entry.truth_pixels for entry in never)
    share = f" ({format_percent(pixels, counted)} of the pixels)"
    if is_multilabel:
        share = ""  # a pixel may be in several of them
    noun, verb = ("class", "is") if len(never) == 1 else ("classes", "are")
    present = sum(1 for entry in evidence.repaired.per_class if entry.iou is not None)
    return [
        Finding(
            RULE,
            message=f"{noun} {join_words(names[entry.id] for entry in never)}{share}"
            f" {verb} never predicted:"
            f" the IoU is 0 for {len(never)} of the {present} classes in the mean",
            help=advise_on_scale(
                evidence,
                _describe_place(evidence, never) + _write_help(evidence, never),
            ),
            cautious_help=advise_on_scale(
                evidence, "repair the faults above first, then see whether it is predicted"
            ),
            facts={"classes": [entry.id for entry in never], "pixels": pixels},
        )
    ]


def _write_help(evidence: Evidence, never: Sequence[ClassScore]) -> str:
    """Return the possible causes, of which the arrays do not show the right one.

    The id may be that of another class if the predictions hold a class that is in no mask.
    """
    label = never[0].id if len(never) == 1 else None
    ignore = "--ignore-index" if label is None else f"--ignore-index {label}"
    others = any(
        entry.predicted_pixels and not entry.truth_pixels for entry in evidence.repaired.per_class
    )
    what = ["whether the model has an output channel for it"]
    what.append("whether its id means the same on both sides")
    if not others:
        what.append(f"whether it marks pixels to leave out ({ignore})")
    return (
        f"the arrays do not show why: look {join_words(what)}; if all is right, the model has not"
        " learned it, and class weights may help"
    )


def _describe_place(evidence: Evidence, never: Sequence[ClassScore]) -> str:
    """Return which class is predicted in place of a few others, as the beginning of the help."""
    if len(never) > MOST_DESCRIBED or evidence.interpretation.is_multilabel:
        return ""
    pairs = evidence.pairs.pool()
    names, parts = evidence.interpretation.class_names, []
    for entry in never:
        there = pairs.keep_rows(pairs.truth == entry.id).count_predictions()
        top = max(there, key=lambda prediction: there[prediction])
        if 2 * there[top] > sum(there.values()) and 0 <= top < len(names):
            parts.append(f"class {names[entry.id]} is mostly predicted as {names[top]}")
    return f"{join_words(parts)}; " if parts else ""
