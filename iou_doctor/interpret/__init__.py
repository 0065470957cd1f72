"""Shapes, a peek at values and the user's options -> Layout and Reading."""

from iou_doctor.interpret.axes import read_layout
from iou_doctor.interpret.order import stored_alike
from iou_doctor.interpret.sampled import sampled
from iou_doctor.interpret.settle import doctor_labels, doctor_pairing, settle

__all__ = [
    "doctor_labels",
    "doctor_pairing",
    "read_layout",
    "sampled",
    "settle",
    "stored_alike",
]
