"""How the user's metric turns the values of a pixel into a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.definition import Floats
from iou_doctor.metrics.metric import Metric
from iou_doctor.record import record
from iou_doctor.repairs.step import Side
from iou_doctor.scan.numpy.decode_labels import decode_truncated

AS_METRIC, AS_STORED = "as your metric reads it", "as stored"


@record
class MetricReading:
    """What the metric makes of the predictions or of the masks."""

    kind: LabelDecoding | None
    """`LABELS`: values cut to integers; `BINS`: compared with `threshold`; `ARGMAX`: foreground
    everywhere. `None`: as iou-doctor reads them, or in a way that gives no map of labels."""
    threshold: float = 0.5
    words: str = AS_METRIC

    def decode(self, values: StoredArray) -> NDArray[np.int64] | None:
        """Return the labels of values with one number for each pixel; `None` if there are none."""
        match self.kind:
            case LabelDecoding.LABELS:
                return decode_truncated(values).astype(np.int64)
            case LabelDecoding.BINS:
                above: NDArray[np.int64] = (values >= self.threshold).astype(np.int64)
                return above
            case LabelDecoding.ARGMAX:
                return np.ones(values.shape, np.int64)
            case _:
                return None


def find_reading(
    metric: Metric, side: Side, axes: Axes, encoding: Encoding, *, raises: bool, threshold: float
) -> MetricReading:
    """Return how a metric reads an array.

    Args:
        metric: the user's metric, adapted to the layout.
        side: which of the two arrays it is.
        axes: its axes.
        encoding: what its values are.
        raises: whether the metric raises an error for these arrays.
        threshold: the decision threshold with which scores were counted.
    """
    decoding = metric.y_true if side is Side.MASKS else metric.y_pred
    if raises or axes.is_colour:
        return MetricReading(None, words=AS_STORED)
    if axes.is_per_class:
        elsewhere = decoding is LabelDecoding.LABELS
        elsewhere = elsewhere or (metric.contract is None and not axes.has_channels_last)
        return MetricReading(None, words=AS_STORED if elsewhere else AS_METRIC)
    floats = None if metric.contract is None else metric.contract.choices.floats
    if floats is Floats.READ and side is Side.PREDICTIONS:
        decoding = LabelDecoding.BINS
    if decoding is LabelDecoding.ARGMAX and not encoding.is_thresholded:
        decoding = LabelDecoding.LABELS
    if decoding is LabelDecoding.ARGMAX_LAST:
        return MetricReading(None, words=AS_STORED)
    if decoding is LabelDecoding.BINS and not encoding.is_thresholded:
        decoding = LabelDecoding.LABELS
    known = threshold if metric.threshold is None else metric.threshold
    return MetricReading(decoding, known)
