"""Write the help of several findings such that one can be followed after the other.

Each check writes its help for the arrays as given. If the metric takes arrays of another form, the
helps of several checks would convert them twice, or turn labels into channels before another help
maps the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import suggest_call
from iou_doctor.report.finding import Finding, Suspicion

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
OF_IDS = frozenset({Suspicion.MASK_VALUES, Suspicion.LABEL_RANGE, Suspicion.PERMUTATION})
"""The kinds of faults whose help maps labels, which has to come before they become channels."""
TO_CHANNELS = "np.eye("


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
    mapping = [finding for finding in roots if _maps_labels(finding)]
    converted = sum(finding.rule.name in CONVERSIONS for finding in findings)
    if not group or evidence.interpretation.is_multilabel:
        return list(findings)
    if evidence.metric.takes is None:
        return [
            replace(finding, help=f"{finding.help}, then {suggest_call(evidence)}")
            if finding is group[0]
            and finding.rule.name == "channels-first"
            and converted > len(group)
            else finding
            for finding in findings
        ]
    steps = _list_steps(group, evidence)
    late = [step for step in steps if TO_CHANNELS in step and _is_mapped(step, mapping)]
    if not steps or (converted < 2 and not late):
        return list(findings)
    now = "; ".join(step for step in steps if step not in late)
    helps = {id(finding): f"the help of `{group[0].rule.name}` does this too" for finding in group}
    helps[id(group[0])] = now or "map the labels first, then turn them into channels, as below"
    if late:
        helps[id(mapping[-1])] = f"{mapping[-1].help}, then {'; '.join(late)}"
    return [
        replace(finding, help=helps[id(finding)]) if id(finding) in helps else finding
        for finding in findings
    ]


def _list_steps(group: Sequence[Finding], evidence: Evidence) -> list[str]:
    """Return the assignments that turn the arrays into what the metric takes, one for each side."""
    moves = [f.help for f in group if f.rule.name in {"channels-first", "extra-axis"}]
    texts = [*moves, suggest_call(evidence)]  # the conversion also moves the axis, if there is one
    steps = (step for text in texts for step in text.split("; ") if " = " in step)
    return list({step.partition(" = ")[0]: step for step in steps}.values())


def _maps_labels(finding: Finding) -> bool:
    """Return whether the help of a finding maps labels by an assignment."""
    is_code = finding.help.startswith(("masks = ", "predictions = ", "lut = "))
    return is_code and finding.rule.suspicion in OF_IDS


def _is_mapped(step: str, mapping: Sequence[Finding]) -> bool:
    """Return whether labels of the array that a step converts are to be mapped before."""
    side = step.partition(" = ")[0]
    return any(f"{side} = " in finding.help for finding in mapping)
