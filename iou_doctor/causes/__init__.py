"""Given -> Given: what a fault that somebody else may have made would do to these arrays."""

from iou_doctor.causes.closed_forms import conditions, formulas
from iou_doctor.causes.label_what_ifs import AS_GIVEN, MENDED, what_ifs

__all__ = ["AS_GIVEN", "MENDED", "conditions", "formulas", "what_ifs"]
