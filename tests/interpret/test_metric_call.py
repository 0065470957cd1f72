from __future__ import annotations

import pytest
from build import diagnose

from iou_doctor.contracts.keras import SIGNATURES
from iou_doctor.errors import UsageError
from iou_doctor.interpret import parse_call


def parse(text):
    signature, arguments = parse_call(text, SIGNATURES)
    return signature.name, arguments


@pytest.mark.parametrize(
    "text",
    [
        "keras.metrics.MeanIoU(num_classes=3)",
        "tf.keras.metrics.MeanIoU(num_classes=3)",
        "tensorflow.keras.metrics.MeanIoU(num_classes=3)",
        "metrics.MeanIoU(num_classes=3)",
        "MeanIoU(num_classes=3)",
        "MeanIoU(3)",
        "MeanIoU(3, 'miou')",
        "MeanIoU(3, name=f'{prefix}_miou', dtype=tf.float32)",
        "MeanIoU(3, NAME, tf.float32)",
        "  keras.metrics.MeanIoU(\n    num_classes=3,\n)  ",
    ],
)
def test_one_call_in_many_spellings(text):
    name, arguments = parse(text)
    assert name == "keras.metrics.MeanIoU"
    assert arguments["num_classes"] == 3
    assert arguments["sparse_y_true"] is True
    assert arguments["axis"] == -1


@pytest.mark.parametrize("text", ["keras.metrics.MeanIoU", "MeanIoU", "MeanIoU()"])
def test_a_bare_name_has_its_defaults(text):
    name, arguments = parse(text)
    assert name == "keras.metrics.MeanIoU"
    assert arguments["num_classes"] is None


def test_keywords_and_other_metrics():
    _, arguments = parse("MeanIoU(3, sparse_y_pred=False, ignore_class=255, axis=1)")
    assert (arguments["sparse_y_pred"], arguments["ignore_class"], arguments["axis"]) == (
        False,
        255,
        1,
    )
    assert parse("IoU(3, [0, 2])")[1]["target_class_ids"] == [0, 2]
    assert parse("BinaryIoU(threshold=0.3)")[1]["threshold"] == 0.3
    assert parse("OneHotIoU(num_classes=3, target_class_ids=(1,))")[1]["sparse_y_pred"] is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keras.metrics.MeanIou(3)", "did you mean keras.metrics.MeanIoU?"),
        ("OneHotMeanIOU", "did you mean keras.metrics.OneHotMeanIoU?"),
        ("torchmetrics.Nonsense(3)", "is not known .known: keras.metrics.BinaryIoU"),
        ("MeanIoU(num_class=3)", "has no argument num_class; did you mean num_classes?"),
        ("MeanIoU(3, zzz=1)", "has no argument zzz .it has num_classes"),
        ("MeanIoU(3, num_classes=3)", "has no argument num_classes"),
        ("MeanIoU(**options)", "has no argument [*][*]"),
        ("MeanIoU(num_classes=NUM_CLASSES)", "must be a literal value, not `NUM_CLASSES`"),
        ("MeanIoU(len(names))", "must be a literal value, not `len.names.`"),
        ("MeanIoU(*args)", "must be a literal value"),
        ("MeanIoU(1, 2, 3, 4, 5, 6, 7, 8)", "takes at most 7 arguments"),
        ("MeanIoU(3", "is not a Python call"),
        ("", "is not a Python call"),
        ("metric = MeanIoU(3)", "is not a Python call"),
        ("MeanIoU(3).result()", "does not name a metric"),
        ("3", "does not name a metric"),
        ("__import__('os').system('true')", "does not name a metric"),
    ],
)
def test_what_is_no_call_of_a_known_metric(text, message):
    with pytest.raises(UsageError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("MeanIoU(3)", {"num_classes": 4}, "--num-classes 4 and num_classes=3"),
        ("MeanIoU(3, ignore_class=0)", {"ignore_index": 255}, "--ignore-index 255"),
        ("BinaryIoU(threshold=0.3)", {"threshold": 0.6}, "--threshold 0.6 and threshold=0.3"),
        ("MeanIoU(1)", {}, "num_classes=2"),
        ("MeanIoU(num_classes='3')", {}, "num_classes must be a whole number, not '3'"),
        ("IoU(3)", {}, "needs target_class_ids"),
        ("IoU(3, [3])", {}, "must lie in 0..num_classes-1"),
        (None, {"num_classes": 1}, "use --num-classes 2"),
    ],
)
def test_values_that_cannot_work(metric, options, message):
    with pytest.raises(UsageError, match=message):
        diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric=metric, **options)


def test_the_call_serves_where_the_option_is_not_given():
    reading = diagnose(
        y_true=[[0, 1, 5]], y_pred=[[0, 1, 1]], metric="MeanIoU(4, ignore_class=5)"
    ).reading
    assert (reading.num_classes, reading.ignore_index) == (4, 5)
    assert reading.num_classes_declared
