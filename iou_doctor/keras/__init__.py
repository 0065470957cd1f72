"""A checkup inside `model.fit`, for Keras 3 on TensorFlow."""

from iou_doctor.keras._callback import Checkup

__all__ = ["Checkup"]
