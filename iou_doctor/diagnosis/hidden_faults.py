"""Run some checks again after the first repairs, since one fault can hide another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.checks import registry
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.map_samples import NO_LABEL, InterpretedProbe, LabelMaps, Labels
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.offers import Chain
from iou_doctor.diagnosis.what_if import Recount, needs_recount, repair_evidence
from iou_doctor.repairs.relabel_some import RelabelSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.times_255 import Times255
from iou_doctor.report.finding import Finding, Severity

HIDDEN_RULES = frozenset(
    {
        "masks-0-255",
        "prediction-out-of-range",
        "labels-off-by-one",
        "zero-label-reduced",
        "undeclared-void-label",
        "permuted-classes",
        "foreign-label-ids",
        "recoded-class-ids",
        "inverted-masks",
        "shuffled-samples",
        "flipped-samples",
        "height-width-swapped",
    }
)
"""Rules that detect their fault only if nothing else is wrong with the label pairs and maps."""
LEAST_HIDDEN_GAIN = 0.05
"""Minimum gain in mean IoU after the repair of a hidden fault. The gain of smaller ones may be
chance."""


def find_hidden_faults(evidence: Evidence, roots: Sequence[Finding], recount: Recount) -> Chain:
    """Find the faults that show only after the repair of the first findings.

    Args:
        evidence: the facts, before any repair.
        roots: the first root causes, in the order in which to repair them.
        recount: counts the label pairs again after steps that move pixels or samples.

    Returns:
        The faults that were repaired first, and those that show after that.
    """
    sure = [finding for finding in roots if _is_exact(finding, evidence)]
    if not sure or evidence.interpretation.layout.relation is Relation.MISMATCHED:
        return Chain()
    repairs = [finding.repair for finding in sure if finding.repair]
    left = tuple(finding for finding in roots if finding not in sure)
    after = replace(
        _drop_colours(repair_evidence(repairs, evidence, recount)),
        sampled=_repair_samples(repairs, evidence),
        found=left,
    )
    known = {finding.rule.name for finding in roots}
    found, _ = registry.run(after, HIDDEN_RULES - known)
    hidden = tuple(
        _prefix_message(finding, sure) for finding in found if _is_relevant(finding, after, recount)
    )
    return Chain(tuple(sure), hidden)


def _drop_colours(after: Evidence) -> Evidence:
    """Declare colours as labels in the evidence, since their repair has mapped them to ids."""
    interpretation = after.interpretation
    layout = replace(
        interpretation.layout,
        y_true=_drop_colour_axis(interpretation.layout.y_true),
        y_pred=_drop_colour_axis(interpretation.layout.y_pred),
    )
    true, pred = (
        Encoding.LABELS if encoding is Encoding.COLOUR else encoding
        for encoding in (interpretation.y_true, interpretation.y_pred)
    )
    return replace(
        after, interpretation=replace(interpretation, layout=layout, y_true=true, y_pred=pred)
    )


def _drop_colour_axis(axes: Axes) -> Axes:
    return replace(axes, is_colour=False, channel=None) if axes.is_colour else axes


def _is_exact(finding: Finding, evidence: Evidence) -> bool:
    """Return whether the finding is an error whose repair changes the label pairs exactly."""
    repair = finding.repair
    if repair is None or repair.estimated or finding.severity is not Severity.ERROR:
        return False
    changes = any(
        isinstance(step, Times255) or needs_recount(step, evidence) for step in repair.steps
    )
    done_already = finding.rule.name in {"height-width-swapped", "axes-permuted"}
    return changes or repair.relabel is not None or done_already


def _is_relevant(finding: Finding, after: Evidence, recount: Recount) -> bool:
    """Return whether the repair of a hidden fault gains enough."""
    repair = finding.repair
    if repair is None or after.repaired.mean_iou is None:
        return False
    if not any(needs_recount(step, after) for step in repair.steps):
        gained = repair_evidence([repair], after, recount).repaired.mean_iou or 0.0
        return (
            gained >= after.repaired.mean_iou + LEAST_HIDDEN_GAIN or repair.ignore_index is not None
        )
    return True  # the rules about alignment have margins of their own


def _prefix_message(finding: Finding, first: Sequence[Finding]) -> Finding:
    """State in the message of a finding that its numbers hold after the first repairs."""
    names = ", ".join(f"`{one.rule.name}`" for one in first)
    return replace(finding, message=f"after the repair of {names}: {finding.message}")


def _repair_samples(repairs: Sequence[Repair], evidence: Evidence) -> InterpretedProbe | None:
    """Return the label maps after repairs of values; `None` if the repairs move pixels."""
    steps = [step for repair in repairs for step in repair.steps]
    if any(needs_recount(step, evidence) for step in steps):
        return None
    if any(repair.exchanges_sides for repair in repairs):
        return None
    if any(isinstance(step, Rescale) for step in steps):
        return None
    scaled = any(isinstance(step, Times255) for step in steps)
    sampled = evidence.sampled_times_255 if scaled else evidence.sampled
    for repair in repairs:
        if sampled and repair.relabel:
            many, fine, crops = (
                _relabel_maps(maps, repair) for maps in (sampled.many, sampled.fine, sampled.crops)
            )
            whole = _relabel_maps(sampled.whole, repair) if sampled.whole else None
            sampled = replace(sampled, many=many, fine=fine, crops=crops, whole=whole, stacks={})
    return sampled


def _relabel_maps(maps: LabelMaps, repair: Repair) -> LabelMaps:
    steps = [step for step in repair.steps if isinstance(step, RelabelSome)]
    if steps:
        return _relabel_some_maps(maps, steps)
    true = tuple(_relabel_map(labels, repair, Side.MASKS) for labels in maps.y_true)
    pred = tuple(_relabel_map(labels, repair, Side.PREDICTIONS) for labels in maps.y_pred)
    return LabelMaps(maps.samples, true, pred)


def _relabel_some_maps(maps: LabelMaps, steps: Sequence[RelabelSome]) -> LabelMaps:
    """Apply steps to the maps of the samples that they name."""
    sides = {Side.MASKS: list(maps.y_true), Side.PREDICTIONS: list(maps.y_pred)}
    for step in steps:
        labels = sides[step.side]
        for index in np.flatnonzero(np.isin(maps.samples, step.samples)).tolist():
            new = step.apply(labels[index], spatial=labels[index].ndim)
            labels[index] = new.astype(np.int32, copy=False)
    return LabelMaps(maps.samples, tuple(sides[Side.MASKS]), tuple(sides[Side.PREDICTIONS]))


def _relabel_map(labels: Labels, repair: Repair, side: Side) -> Labels:
    """Apply a repair of label pairs to one label map.

    Each distinct label of the map stands for an image with one pair, of this label with itself.
    """
    old, places = np.unique(labels, return_inverse=True)
    values, image = old.astype(np.int64), np.arange(len(old))
    table = PairCounts(image, values, values, np.ones_like(values))
    after = repair.relabel(table) if repair.relabel else table
    if len(after.image) != len(old):
        return np.full_like(labels, NO_LABEL)  # the repair replaces the pairs as a whole
    new = after.truth if side is Side.MASKS else after.prediction
    new = np.where((old == NO_LABEL) | (abs(new) > np.iinfo(np.int32).max), NO_LABEL, new)
    return new[places].reshape(labels.shape).astype(np.int32)
