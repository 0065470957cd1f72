"""Report the samples whose scores are on another scale than those of the other samples."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.odd_scores import OddScores, Scale
from iou_doctor.checks.alignment._relabelled_samples import count_samples
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import name_samples
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity


def report_odd_scores(rule: Rule, evidence: Evidence, odd: OddScores) -> Finding:
    """Return the finding on samples whose scores are on another scale.

    Args:
        rule: the rule that reports them.
        evidence: the facts.
        odd: these samples.
    """
    samples = [*odd.samples]
    named = name_samples(evidence, samples)
    noun = "predictions" if odd.scale is Scale.DIVIDED else "scores"
    own = ValueCounts.merge([*odd.samples.values()])
    are_channels = evidence.interpretation.layout.y_pred.is_dense
    overlap = evidence.interpretation.is_multilabel
    is_same = are_channels and not overlap
    same = "; their largest channel is the same on both scales" if is_same else ""
    return Finding(
        rule,
        message=f"{count_samples(evidence, len(samples))}: the {noun} of {named} lie between"
        f" {_describe(own)}, as {_name_scale(odd.scale, odd.full)}, and those of the others between"
        f" {_describe(odd.usual)}, as {_name_scale(odd.usual_scale, odd.full)}{same}",
        help=_write_help(evidence, odd, samples, are_channels=are_channels),
        facts={
            "samples": evidence.interpretation.layout.samples,
            "faulty": samples,
            "scale": odd.scale.value,
            "usual_scale": odd.usual_scale.value,
        },
        repair=None if odd.restored is None else _build_repair(odd, odd.restored),
        severity_override=Severity.ERROR if overlap or odd.restored is not None else None,
    )


def _describe(values: ValueCounts) -> str:
    return f"{values.minimum:.4g} and {values.maximum:.4g}"


def _name_scale(scale: Scale, full: int = 1) -> str:
    return {
        Scale.BYTES: f"numbers up to {full:,}",
        Scale.IDS: "class ids",
        Scale.DIVIDED: f"probabilities divided by {full}" if full > 1 else "ids divided by 255",
        Scale.LOGITS: "logits",
        Scale.MIXED: "scores on several scales",
    }.get(scale, "probabilities")


def _write_help(
    evidence: Evidence, odd: OddScores, samples: list[int], *, are_channels: bool
) -> str:
    some = f"predictions[{samples}]"
    if evidence.pair.y_pred.names is not None:
        return "save the predictions of these samples again, on the scale of the others"
    if odd.scale is Scale.MIXED:
        return f"bring each of {some} to the scale of the others"
    if odd.usual_scale is Scale.BYTES or (odd.scale is Scale.DIVIDED and are_channels):
        return f"{some} = {some} * {odd.full}"
    if odd.scale is Scale.DIVIDED:
        return f"{some} = np.rint({some} * 255)"
    if odd.scale is Scale.BYTES:
        return f"before any threshold: {some} = {some} / {odd.full}"
    if odd.scale is Scale.UNIT or are_channels:
        return f"apply the same activation to {some} as to the others"
    return f"before any threshold: {some} = 1 / (1 + np.exp(-{some}))"


def _build_repair(odd: OddScores, restored: PairCounts) -> Repair:
    """Build the repair that reads the scores of these samples on their own scale."""

    def relabel(pairs: PairCounts) -> PairCounts:
        others = pairs.take_rows(~np.isin(pairs.image, [*odd.samples]))
        return PairCounts.merge([others, restored])

    return Repair(name="bring the scores of these samples to one scale", safe=True, relabel=relabel)
