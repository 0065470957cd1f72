"""The calls that make the IoU metrics of Keras."""

from __future__ import annotations

import pytest
from keras import metrics

from iou_doctor.training.metric_call import find_iou_class, write_call


def test_the_call_of_a_metric_holds_what_differs_from_the_defaults():
    calls = {
        "MeanIoU(num_classes=3, ignore_class=255, sparse_y_pred=False)": metrics.MeanIoU(
            3, ignore_class=255, sparse_y_pred=False
        ),
        "IoU(num_classes=3, target_class_ids=[0, 2], axis=1)": metrics.IoU(3, (0, 2), axis=1),
        "BinaryIoU(target_class_ids=[1], threshold=0.4)": metrics.BinaryIoU([1], threshold=0.4),
        "OneHotMeanIoU(num_classes=3)": metrics.OneHotMeanIoU(3),
        "OneHotIoU(num_classes=3, target_class_ids=[1], sparse_y_pred=True)": metrics.OneHotIoU(
            3, [1], sparse_y_pred=True
        ),
    }
    for call, metric in calls.items():
        assert write_call(metric) == f"keras.metrics.{call}"


def test_a_metric_of_a_subclass_is_called_by_the_class_of_keras():
    class Own(metrics.OneHotIoU):
        pass

    assert find_iou_class(Own(3, [1])) is metrics.OneHotIoU
    assert write_call(Own(3, [1])) == "keras.metrics.OneHotIoU(num_classes=3, target_class_ids=[1])"


def test_other_objects_have_no_call():
    assert find_iou_class(metrics.Accuracy()) is None
    with pytest.raises(TypeError, match=r"is not an IoU metric of keras\.metrics"):
        write_call(metrics.Accuracy())
