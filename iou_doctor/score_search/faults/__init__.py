"""Faults that somebody may have made before the score was printed, and what they would give."""

from iou_doctor.score_search.faults.closed_forms import Facts, list_formulas, measure_facts
from iou_doctor.score_search.faults.conditions import list_conditions
from iou_doctor.score_search.faults.label_faults import REPAIRED, UNCHANGED, list_faults

__all__ = [
    "REPAIRED",
    "UNCHANGED",
    "Facts",
    "list_conditions",
    "list_faults",
    "list_formulas",
    "measure_facts",
]
