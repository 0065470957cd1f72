"""Given -> Given: what a fault that somebody else may have made would do to these arrays."""

from iou_doctor.score_search.faults.closed_forms import Facts, list_formulas, measure_facts
from iou_doctor.score_search.faults.conditions import list_conditions
from iou_doctor.score_search.faults.label_what_ifs import REPAIRED, UNCHANGED, list_what_ifs

__all__ = [
    "REPAIRED",
    "UNCHANGED",
    "Facts",
    "list_conditions",
    "list_formulas",
    "list_what_ifs",
    "measure_facts",
]
