"""Shapes, a peek at values and the user's options -> Layout and Reading."""

from iou_doctor.interpret.axes import read_layout
from iou_doctor.interpret.metric_call import namesakes, parse_call
from iou_doctor.interpret.order import stored_alike
from iou_doctor.interpret.pairings import (
    doctor_pairings,
    flat_pairing,
    lengths,
    metric_pairing,
)
from iou_doctor.interpret.sampled import sampled
from iou_doctor.interpret.settle import doctor_labels, doctor_pairing, settle

__all__ = [
    "doctor_labels",
    "doctor_pairing",
    "doctor_pairings",
    "flat_pairing",
    "lengths",
    "metric_pairing",
    "namesakes",
    "parse_call",
    "read_layout",
    "sampled",
    "settle",
    "stored_alike",
]
