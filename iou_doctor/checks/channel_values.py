"""What a metric makes of the values in channels that overlap."""

from __future__ import annotations

from iou_doctor.metrics.definition import Floats
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.metrics.metric import Metric


def needs_0_and_1(metric: Metric) -> bool:
    """Return whether a metric needs thresholded channels, or reads every value as a class id."""
    if metric.contract is None:
        return metric.reads_prediction_labels
    takes = metric.contract.takes
    is_one_hot = takes.predictions is PixelContent.ONE_HOT
    return is_one_hot or metric.contract.choices.floats is Floats.NON_ZERO
