"""The arrays after the repairs of their values alone, with all pixels and samples in place.

A script may read the values well although the pixels are out of place, so that `why` tries this
state of the arrays beside the first one and the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.kept_maps import Count
from iou_doctor.diagnosis.root_cause import list_repairs
from iou_doctor.diagnosis.what_if import Recount, repair_evidence
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Step
from iou_doctor.report.report import Report


def repair_values(
    report: Report, evidence: Evidence, recount: Recount, count: Count
) -> tuple[Evidence, Count] | None:
    """Return the evidence after the repairs of values, and how to count once more.

    Args:
        report: names the faults.
        evidence: the facts about the arrays as they are.
        recount: counts the label pairs again after steps.
        count: does so for one state after the other, fast.

    Returns:
        `None` if no value needs a repair.
    """
    repairs = [repair for repair in list_repairs(report) if _is_of_values(repair)]
    inputs = evidence.inputs
    if not repairs or inputs is None or evidence.interpretation.is_multilabel:
        return None
    after = repair_evidence(repairs, evidence, recount)
    reading = after.interpretation
    inputs = replace(inputs, num_classes=reading.num_classes, ignore_index=reading.ignore_index)

    def count_again(steps: Sequence[Step]) -> PairCounts:
        pairs = count(steps)
        for repair in repairs:
            pairs = repair.relabel(pairs) if repair.relabel else pairs
        return pairs

    return replace(after, inputs=inputs), count_again


def _is_of_values(repair: Repair) -> bool:
    moves = any(step.moves_pixels for step in repair.steps)
    changes = repair.relabel or repair.num_classes or repair.ignore_index is not None
    return bool(changes) and not moves and not repair.exchanges_sides and not repair.estimated
