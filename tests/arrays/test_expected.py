from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, logits, scene

from iou_doctor.arrays.expected import summarize_interpretation

T = scene(1)
DENSE = logits(T, 2, classes=3)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "class_axis"),
    [
        (T, DENSE, -1),
        (T, np.moveaxis(DENSE, -1, 1), -3),
        (T[0], DENSE[0], -1),  # a missing sample axis changes nothing
        (T, T, None),
        (T, T[..., None], None),  # one channel is no class axis
    ],
)
def test_class_axes_are_counted_from_the_end(y_true, y_pred, class_axis):
    report = diagnose(y_true=y_true, y_pred=y_pred, num_classes=3, ignore_index=255)
    assert summarize_interpretation(report.reading) == {
        "num_classes": 3,
        "ignore_index": 255,
        "predictions.encoding": "labels" if class_axis is None else "logits",
        "predictions.class_axis": class_axis,
        "masks.encoding": "labels",
        "masks.class_axis": None,
    }
