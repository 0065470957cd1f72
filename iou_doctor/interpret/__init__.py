"""Infer what the axes and values of the arrays mean, from shapes, values and the user's options.

`infer_layout` reads a few small windows before the scan. The other functions work on what the scan
counted over all values.
"""

from iou_doctor.interpret.axes import infer_layout
from iou_doctor.interpret.interpretation import (
    choose_doctor_pairing,
    decode_doctor_labels,
    infer_interpretation,
)
from iou_doctor.interpret.sampled_labels import decode_samples
from iou_doctor.interpret.storage_order import is_same_storage_order

__all__ = [
    "choose_doctor_pairing",
    "decode_doctor_labels",
    "decode_samples",
    "infer_interpretation",
    "infer_layout",
    "is_same_storage_order",
]
