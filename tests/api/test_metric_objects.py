"""Metric objects, classes and functions become the calls that `--metric` takes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from build import noisy, scene

import iou_doctor
from iou_doctor.api.metric_objects import describe_metric
from iou_doctor.errors import UsageError

MASKS = scene(1)
LABELS = noisy(MASKS, 2)


def describe(module, name, **attributes):
    """Describe an object of a class that looks like one of a library."""
    metric = type(name, (), {"__module__": module})()
    for attribute, value in attributes.items():
        setattr(metric, attribute, value)
    return describe_metric(metric)


def test_text_stays_text():
    assert describe_metric(None) is None
    assert describe_metric("MeanIoU(3)") == "MeanIoU(3)"
    assert describe_metric(["MeanIoU(3)"]) == "MeanIoU(3)"


@pytest.mark.parametrize(
    ("module", "name", "attributes", "call"),
    [
        (
            "torchmetrics.classification.jaccard",
            "MulticlassJaccardIndex",
            {"num_classes": 4, "average": "micro", "ignore_index": 255, "validate_args": False},
            (
                "torchmetrics.classification."
                "MulticlassJaccardIndex(num_classes=4, average='micro', ignore_index=255)"
            ),
        ),
        (
            "torchmetrics.classification.jaccard",
            "BinaryJaccardIndex",
            {"threshold": 0.5, "ignore_index": None},
            "torchmetrics.classification.BinaryJaccardIndex()",
        ),
        (
            "torchmetrics.segmentation.mean_iou",
            "MeanIoU",
            {"num_classes": 3, "input_format": "index", "include_background": False},
            (
                "torchmetrics.segmentation."
                "MeanIoU(num_classes=3, include_background=False, input_format='index')"
            ),
        ),
        (
            "monai.metrics.meandice",
            "DiceMetric",
            {"include_background": False, "reduction": "mean"},
            "monai.metrics.DiceMetric(include_background=False)",
        ),
    ],
)
def test_objects_are_read_by_their_attributes(module, name, attributes, call):
    assert describe(module, name, **attributes) == call


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_keras_objects_are_read_by_their_configuration(library):
    keras = pytest.importorskip(library, reason=f"{library} is not installed")
    metrics = keras.metrics
    void = metrics.MeanIoU(3, ignore_class=255, sparse_y_pred=False, name="any", dtype="float16")
    assert describe_metric(void) == (
        f"{library}.metrics.MeanIoU(num_classes=3, dtype='float16', ignore_class=255,"
        " sparse_y_pred=False)"
    )
    assert describe_metric(metrics.MeanIoU(2)) == f"{library}.metrics.MeanIoU(num_classes=2)"
    binary = metrics.BinaryIoU(target_class_ids=[1], threshold=0.3)
    assert describe_metric(binary) == (
        f"{library}.metrics.BinaryIoU(target_class_ids=[1], threshold=0.3)"
    )
    assert describe_metric(metrics.MeanIoU) == f"{library}.metrics.MeanIoU"
    found = iou_doctor.check(y_true=MASKS, y_pred=LABELS, metric=metrics.MeanIoU(num_classes=3))
    metric = metrics.MeanIoU(num_classes=3)
    metric.update_state(MASKS, LABELS)
    assert found.metric.value == pytest.approx(float(metric.result()), abs=1e-6)


def test_functions_are_called_by_their_public_name():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    assert describe_metric(metrics.jaccard_score) == "sklearn.metrics.jaccard_score"
    macro = partial(metrics.jaccard_score, average="macro")
    assert describe_metric(macro) == "sklearn.metrics.jaccard_score(average='macro')"
    found = iou_doctor.check(y_true=MASKS, y_pred=LABELS, metric=macro)
    assert found.metric.value == pytest.approx(macro(MASKS.ravel(), LABELS.ravel()))


def test_a_class_of_the_users_own_is_told_to_name_its_base():
    base = type("MulticlassJaccardIndex", (), {"__module__": "torchmetrics.classification"})
    own = type("MyIoU", (base,), {"__module__": "train"})
    for metric in (own, own()):
        with pytest.raises(UsageError, match=r"metric=MyIoU: .* metric='torchmetrics.class"):
            describe_metric(metric)


@pytest.mark.parametrize("metric", [3, len, object(), np.mean, lambda: 0])
def test_other_objects_are_refused(metric):
    with pytest.raises(UsageError, match="does not know this metric; pass the call as text"):
        describe_metric(metric)
