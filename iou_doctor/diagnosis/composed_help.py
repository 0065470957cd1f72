"""Write the help of several findings such that one can be followed after the other.

Each check writes its help for the arrays as given. If the metric takes arrays of another form, the
helps of several checks would convert them twice, or turn labels into channels before another help
maps the labels or moves the pixels. Such a conversion therefore comes last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.suggested_code import needs_argmax, suggest_call
from iou_doctor.report.finding import Finding

CONVERSIONS = frozenset(
    {
        "channels-first",
        "extra-axis",
        "labels-as-channels",
        "missing-one-hot",
        "one-hot-masks",
        "single-channel-softmax",
        "unargmaxed-logits",
        "unargmaxed-probabilities",
        "unthresholded-sigmoid",
    }
)
"""The rules about arrays in another form than the metric takes."""
CODE = ("masks = ", "predictions = ", "lut = ")
"""How the help of a finding starts if it is code."""

KERAS_CALL = r"keras\.metrics\.\w+\([^()]*\)"
"""A call of a Keras metric in a help."""
CONVERTED_LAST = "follow the other helps first, which end with this conversion"


def compose_helps(
    findings: Sequence[Finding], roots: Sequence[Finding], evidence: Evidence
) -> list[Finding]:
    """Return the findings with helps that can be followed in this order.

    Args:
        findings: all findings.
        roots: those that are root causes, in the order in which to repair them.
        evidence: the facts.
    """
    group = [finding for finding in roots if finding.rule.name in CONVERSIONS]
    takes = evidence.metric.takes
    is_refused = takes is not None and evidence.metric_score.value is None
    if evidence.interpretation.is_multilabel or not (group or is_refused):
        return list(findings)
    others = [finding for finding in roots if finding not in group]
    if takes is None:
        helps = _compose_for_keras(findings, group, others, evidence)
    else:
        helps = _compose_conversions(findings, group, others, evidence)
    return [
        replace(finding, help=helps[id(finding)]) if id(finding) in helps else finding
        for finding in findings
    ]


def agree_on_calls(findings: Sequence[Finding], roots: Sequence[Finding]) -> list[Finding]:
    """Return the findings with the classes and the ignore label after all repairs in their calls.

    Each check writes a call of Keras for the number of classes as given.
    """
    repairs = [finding.repair for finding in roots if finding.repair]
    classes = next((r.num_classes for r in reversed(repairs) if r.num_classes is not None), None)
    ignored = next((r.ignore_index for r in reversed(repairs) if r.ignore_index is not None), None)
    if classes is None and ignored is None:
        return list(findings)

    def change(call: re.Match[str]) -> str:
        text = call[0]
        if classes is not None:
            text = re.sub(r"num_classes=\d+", f"num_classes={classes}", text)
        if ignored is not None and "ignore_class=" not in text:
            text = re.sub(r"(num_classes=\d+)", rf"\1, ignore_class={ignored}", text)
        return text

    return [
        replace(finding, help=re.sub(KERAS_CALL, change, finding.help))
        if finding in roots
        else finding
        for finding in findings
    ]


def _compose_for_keras(
    findings: Sequence[Finding],
    group: Sequence[Finding],
    others: Sequence[Finding],
    evidence: Evidence,
) -> dict[int, str]:
    """Return the new helps by the `id` of their findings; Keras' own flags convert the rest.

    Args:
        findings: all findings.
        group: the root causes that are about the form of arrays.
        others: the other root causes.
        evidence: the facts.
    """
    helps: dict[int, str] = {}
    converted = sum(finding.rule.name in CONVERSIONS for finding in findings)
    first = group[0]
    steps = first.help
    if first.rule.name == "channels-first" and converted > len(group):
        steps = f"{steps}, then {suggest_call(evidence)}"
    changing = [
        finding
        for finding in others
        if _changes_arrays(finding, evidence) and _list_sides(finding.help) & _list_sides(steps)
    ]
    if first.rule.name == "channels-first" and changing:
        helps[id(first)] = CONVERTED_LAST
        helps[id(changing[-1])] = f"{changing[-1].help}, then {steps}"
    elif steps != first.help:
        helps[id(first)] = steps
    for finding in group[1:]:
        if finding.help.startswith(CODE) and finding.help.partition(", ")[0] in first.help:
            helps[id(finding)] = f"the help of `{first.rule.name}` does this too"
    return helps


def _compose_conversions(
    findings: Sequence[Finding],
    group: Sequence[Finding],
    others: Sequence[Finding],
    evidence: Evidence,
) -> dict[int, str]:
    """Return the new helps by the `id` of their findings, for metrics of other libraries.

    Arguments as for `_compose_for_keras`.
    """
    steps = _list_steps(group, evidence)
    late = [step for step in steps if not group or _is_changed_before(step, others, evidence)]
    converted = sum(finding.rule.name in CONVERSIONS for finding in findings)
    if not steps or (converted < 2 and not late and not needs_argmax(evidence)):
        return {}
    now = "; ".join(step for step in steps if step not in late)
    helps = {id(finding): f"the help of `{group[0].rule.name}` does this too" for finding in group}
    if group:
        helps[id(group[0])] = now or CONVERTED_LAST
    changing = [finding for finding in others if _changes_arrays(finding, evidence)]
    is_done = changing and changing[-1].help == "; ".join(late)
    if late and changing and not is_done:
        helps[id(changing[-1])] = f"{changing[-1].help}, then {'; '.join(late)}"
    return helps


def _list_steps(group: Sequence[Finding], evidence: Evidence) -> list[str]:
    """Return the assignments that turn the arrays into what the metric takes, one for each side."""
    moves = [f.help for f in group if f.rule.name in {"channels-first", "extra-axis"}]
    texts = [*moves, suggest_call(evidence)]  # the conversion also moves the axis, if there is one
    steps = (step for text in texts for step in text.split("; ") if " = " in step)
    return list({step.partition(" = ")[0]: step for step in steps}.values())


def _list_sides(code: str) -> set[str]:
    """Return the arrays to which a help assigns."""
    return {side for side in ("masks", "predictions") if f"{side} = " in code}


def _is_changed_before(step: str, others: Sequence[Finding], evidence: Evidence) -> bool:
    """Return whether the helps of other findings change the array that a step converts.

    They are written for its values and axes as given.
    """
    side = step.partition(" = ")[0]
    return any(
        f"{side} = " in finding.help or (side == "masks" and _decodes_pictures(finding, evidence))
        for finding in others
        if _changes_arrays(finding, evidence)
    )


def _changes_arrays(finding: Finding, evidence: Evidence) -> bool:
    """Return whether the help of a finding says how to change an array, whose form then stays."""
    if finding.rule.name == "objects-as-channels":
        return False  # the channels become something else
    return finding.help.startswith(CODE) or _decodes_pictures(finding, evidence)


def _decodes_pictures(finding: Finding, evidence: Evidence) -> bool:
    """Return whether a finding is about masks with the channels of a picture."""
    is_colour = evidence.interpretation.layout.y_true.is_colour
    return is_colour and finding.rule.name in {"colour-masks", "replicated-grey-masks"}
