"""Find samples whose masks hold 255 beside others of 0 and 1, in channels that overlap."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.arrays.white_masks import WHITE, WhiteMasks
from iou_doctor.checks.evidence import Evidence
from iou_doctor.diagnosis.measure_samples import MeasureSamples
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import Unanswered
from iou_doctor.repairs.step import Side


def find_white_masks(ask: Ask, evidence: Evidence) -> Evidence:
    """Return the evidence with the samples that hold 255.

    Args:
        ask: asks the arrays.
        evidence: the facts so far.
    """
    try:
        measured = ask(MeasureSamples(evidence.interpretation.layout, Side.MASKS))
    except Unanswered:
        return evidence
    holding = {sample: one for sample, one in sorted(measured.items()) if one.maximum == WHITE}
    white = tuple(sample for sample, one in holding.items() if not one.one_hot)
    mixed = tuple(sample for sample, one in holding.items() if one.one_hot)
    return replace(evidence, white_masks=WhiteMasks(white, mixed))
