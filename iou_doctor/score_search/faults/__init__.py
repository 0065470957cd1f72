"""Given -> Given: what a fault that somebody else may have made would do to these arrays."""

from iou_doctor.score_search.faults._conditions import conditions
from iou_doctor.score_search.faults.closed_forms import Facts, facts_of, formulas
from iou_doctor.score_search.faults.label_what_ifs import AS_GIVEN, MENDED, what_ifs

__all__ = ["AS_GIVEN", "MENDED", "Facts", "conditions", "facts_of", "formulas", "what_ifs"]
