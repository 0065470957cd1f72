from __future__ import annotations

import pytest
from build import diagnose

from iou_doctor.errors import UsageError
from iou_doctor.metrics.calls.parse_call import parse_call
from iou_doctor.metrics.libraries.keras import SIGNATURES
from iou_doctor.metrics.registry import list_signatures


def parse(text):
    found = parse_call(text, SIGNATURES)
    return found.signature.name, found.arguments


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
        ("torchmetrics.Nonsense(3)", "torchmetrics.Nonsense is not known .`iou-doctor metrics`"),
        ("MeanIoU(num_class=3)", "has no argument num_class; did you mean num_classes?"),
        ("MeanIoU(3, zzz=1)", "has no argument zzz .it has num_classes"),
        ("MeanIoU(3, num_classes=3)", "is given num_classes twice"),
        ("MeanIoU(**options)", "write the arguments in place of `[*][*]options`"),
        (
            "MeanIoU(3, ignore_class=VOID)",
            "ignore_class=`VOID` is not a value; give --ignore-index",
        ),
        ("MeanIoU(3, axis=AXIS)", "axis=`AXIS` is not a value; write its value in place"),
        ("MeanIoU(*args)", "write the arguments in place of `[*]`"),
        ("MeanIoU(1, 2, 3, 4, 5, 6, 7, 8)", "takes at most 7 arguments"),
        ("MeanIoU(3 4", "is not a Python call"),
        ("", "is not a Python call"),
        ("3", "does not name a metric"),
        ("__import__('os').system('true')", "__import__ is not known"),
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
        ("MeanIoU(num_classes='3')", {}, "num_classes must be an integer, not '3'"),
        ("keras.metrics.IoU(3)", {}, "needs target_class_ids"),
        ("IoU(3, [3])", {}, "must lie in 0..num_classes-1"),
        (None, {"num_classes": 1}, "use --num-classes 2"),
    ],
)
def test_values_that_cannot_work(metric, options, message):
    with pytest.raises(UsageError, match=message):
        diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric=metric, **options)


def test_the_call_serves_where_the_option_is_not_given():
    interpretation = diagnose(
        y_true=[[0, 1, 5]], y_pred=[[0, 1, 1]], metric="MeanIoU(4, ignore_class=5)"
    ).reading
    assert (interpretation.num_classes, interpretation.ignore_index) == (4, 5)
    assert interpretation.num_classes_declared


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("torchmetrics.JaccardIndex(task='binary')", "torchmetrics.classification.JaccardIndex"),
        ("MeanIoU(3, input_format='index')", "torchmetrics.segmentation.MeanIoU"),
        ("MeanIoU(ignore_empty=False)", "monai.metrics.MeanIoU"),
        ("MeanIoU(3)", "keras.metrics.MeanIoU"),
        ("metrics.MeanIoU(3)", "keras.metrics.MeanIoU"),
        ("smp.metrics.iou_score(tp, fp, fn, tn)", "segmentation_models_pytorch.metrics.iou_score"),
        ("sm.metrics.IOUScore()", "segmentation_models.metrics.IOUScore"),
        ("dict(type='IoUMetric', iou_metrics=['mDice'])", "mmseg.evaluation.IoUMetric"),
        ("jaccard_score(a.ravel(), b[k], labels=range(3))", "sklearn.metrics.jaccard_score"),
        (
            "evaluate.load('mean_iou').compute(predictions=p, references=r, ignore_index=255)",
            "evaluate.mean_iou",
        ),
    ],
)
def test_calls_of_other_libraries(call, name):
    assert parse_call(call, list_signatures()).signature.name == name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("jaccard_score(y, p, average='samples')", "average='samples' .* works: 'binary', 'macro'"),
        ("monai.metrics.MeanIoU(reduction='sum')", "what works: 'mean', 'mean_batch'"),
        ("torchmetrics.JaccardIndex()", "needs task"),
        ("JaccardIndex(task='many')", "task='many' .* 'binary', 'multiclass', 'multilabel'"),
        ("jaccard_score(y, p, labels=range(1000000000))", "more than 4096"),
        ("jaccard_score(y, p, labels=range('a'))", "labels cannot be read from"),
        ("jaccard_score(y, p, labels=range(0, 3, 0))", "labels cannot be read from"),
        ("IoUMetric(iou_metrics='mIoU')", "iou_metrics must be a list"),
        ("IOUScore(class_weights=[1, 2])", "class_weights=.1, 2. is not supported"),
        ("iou_score(tp, fp, fn, tn, reduction='weighted')", "'weighted' is not supported"),
    ],
)
def test_what_is_not_worked_out_says_what_is(call, message):
    with pytest.raises(UsageError, match=message):
        diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric=call)


def test_a_name_that_several_metrics_have_is_told_as_a_guess():
    guesses = diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric="MeanIoU(2)").reading.assumed
    (guess,) = [guess for guess in guesses if guess.field == "metric"]
    assert guess.value == "keras.metrics.MeanIoU"
    assert "torchmetrics.segmentation.MeanIoU" in guess.why
    full = diagnose(y_true=[[0, 1]], y_pred=[[0, 1]], metric="keras.metrics.MeanIoU(2)")
    assert not [guess for guess in full.reading.assumed if guess.field == "metric"]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("JaccardIndex(task='multiclass', num_classes=2)", "torchmetrics.JaccardIndex[macro]"),
        ("MulticlassJaccardIndex(2, average='micro')", "torchmetrics.JaccardIndex[micro]"),
        ("jaccard_score(y, p, average='weighted')", "sklearn.jaccard_score[weighted]"),
        ("smp.metrics.iou_score(tp, fp, fn, tn, reduction='macro')", "smp.iou_score[macro]"),
        ("smp.metrics.iou_score(tp, fp, fn, tn)", "smp.iou_score"),
    ],
)
def test_a_metric_has_the_name_of_the_contract_that_its_arguments_choose(call, name):
    assert diagnose(y_true=[[0, 1, 1]], y_pred=[[0, 1, 0]], metric=call).metric.name == name
