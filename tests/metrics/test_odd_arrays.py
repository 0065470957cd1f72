"""Arrays that few people have: fractions in label maps, empty ones, void labels in one byte."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.interpretation import Encoding

EVALUATE = "evaluate.load('mean_iou').compute(num_labels={n}, ignore_index=255)"
MMSEG = "mmseg.core.evaluation.mean_iou(p, t, {n}, ignore_index=255)"
JACCARD = "torchmetrics.JaccardIndex(task='multiclass', num_classes={n}, ignore_index={void})"
BINARY = "torchmetrics.JaccardIndex(task='binary', ignore_index={void})"
F1 = "torchmetrics.F1Score(task='multiclass', num_classes=2, average='{average}', ignore_index=255)"
SKLEARN = "sklearn.metrics.{name}(y_true, y_pred{rest})"


def ask(call, truth, predicted, **options):
    """Return the number of a metric, or the type of its error."""
    metric = diagnose(y_true=truth, y_pred=predicted, metric=call, **options).metric
    return metric.value if metric.error is None else metric.error.partition(":")[0]


def histogram_iou(truth, predicted, classes):
    """Return what `intersect_and_union` of evaluate gives."""
    kept = truth != 255
    truth, predicted = truth[kept], predicted[kept]
    counts = [
        np.histogram(values, bins=classes, range=(0, classes - 1))[0]
        for values in (predicted[predicted == truth], truth, predicted)
    ]
    both, true, said = (count.astype(float) for count in counts)
    with np.errstate(invalid="ignore"):
        return np.nanmean(both / (true + said - both))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(2, 6),
    step=st.sampled_from([0.5, 0.25, 0.3, 1.0]),
    call=st.sampled_from([EVALUATE, MMSEG]),
    side=st.sampled_from(["truth", "prediction", "both"]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_fractions_are_put_into_bins(seed, classes, step, call, side, dtype):
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (2, 5, 6)).astype(dtype)
    truth[0, 0, 0], truth[0, 0, 1] = 0, 255
    steps = random.integers(0, 3, truth.shape) * step
    predicted = np.where(random.random(truth.shape) < 0.7, truth, 1).astype(dtype)
    predicted += (steps if side != "truth" else 0) + 0 * predicted
    truth = np.where(truth == 255, 255, truth + (steps if side != "prediction" else 0))
    truth, predicted = truth.astype(dtype), predicted.astype(dtype)
    said = ask(call.format(n=classes), truth, predicted, num_classes=classes, layout="NHW")
    assert said == pytest.approx(histogram_iou(truth, predicted, classes), abs=2e-6)


def test_many_fractions_are_not_worked_out():
    truth = np.zeros((1, 1024, 513), dtype=np.uint8)
    predicted = np.full(truth.shape, 0.5, dtype=np.float32)
    predicted[0, 0] = 2
    call = EVALUATE.format(n=3)
    report = diagnose(y_true=truth, y_pred=predicted, metric=call, predictions_as=Encoding.LABELS)
    assert report.metric.value is None
    assert "bins fractions" in report.metric.note


TRUTH = np.array([[[0, 1, 1, 0, 1, 0]]])
SAID = np.array([[[0, 1, 0, 0, 1, 1]]])
VOID = np.array([[[0, 1, 255, 0, 1, 255]]])


@pytest.mark.parametrize(
    ("call", "truth", "predicted", "answer"),
    [
        (JACCARD.format(n=2, void=255), VOID.astype(np.int8), SAID, 1.0),  # 255 is -1 in int8
        (JACCARD.format(n=2, void=-1), VOID.astype(np.uint8), SAID, 1.0),
        (MMSEG.format(n=2), VOID.astype(np.int8), SAID, 1.0),
        (EVALUATE.format(n=2), TRUTH.astype(np.int8), SAID, "ValueError"),
        (EVALUATE.format(n=2), TRUTH, SAID.astype(np.int8), "ValueError"),
        # the predictions may hold one value more than there are classes if a label is ignored
        (JACCARD.format(n=2, void=255), VOID, np.where(VOID == 255, 255, SAID), 1.0),
        (JACCARD.format(n=2, void=None), TRUTH, [[[0, 1, 0, 0, 1, 255]]], "RuntimeError"),
        (BINARY.format(void=255), VOID, np.where(VOID == 255, 255, SAID), "RuntimeError"),
        (BINARY.format(void=255), VOID, SAID, 1.0),
        (BINARY.format(void=None), TRUTH * 0.5, SAID, "RuntimeError"),
        # whole numbers in floats are scores, and one outside [0, 1] makes them logits
        (BINARY.format(void=None), TRUTH, SAID * np.float32(2), 0.5),
        (JACCARD.format(n=1, void=None), TRUTH, SAID, "ValueError"),
        ("keras.metrics.MeanIoU(1)", TRUTH, SAID, 1.0),
        ("tf_keras.metrics.MeanIoU(1)", TRUTH, SAID, "InvalidArgumentError"),
        ("kornia.metrics.mean_iou(p, t, 1)", TRUTH, SAID, "ValueError"),
        (EVALUATE.format(n=1), TRUTH, SAID, 0.5),
        (F1.format(average="macro"), TRUTH * 0 + 255, SAID, 0.0),
        (F1.format(average="weighted"), TRUTH * 0 + 255, SAID, 0.0),
        # medpy divides NumPy numbers by 0, which raises nothing that it would catch
        ("medpy.metric.binary.dc(p, t)", TRUTH * 0, SAID * 0, None),
        ("medpy.metric.binary.jc(p, t)", TRUTH * 0, SAID * 0, 1.0),
        ("medpy.metric.binary.recall(p, t)", TRUTH * 0, SAID, None),
        ("medpy.metric.binary.precision(p, t)", TRUTH, SAID * 0, None),
        (SKLEARN.format(name="jaccard_score", rest=""), TRUTH * 0.5, SAID, "ValueError"),
        (SKLEARN.format(name="accuracy_score", rest=""), TRUTH * 0.5, SAID, "ValueError"),
        (SKLEARN.format(name="f1_score", rest=", average='micro'"), TRUTH * 1.0, SAID, 4 / 6),
    ],
)
def test_answer_of_the_library(call, truth, predicted, answer):
    said = ask(call, np.asarray(truth), np.asarray(predicted), layout="NHW")
    assert said == (pytest.approx(answer, abs=1e-6) if isinstance(answer, float) else answer)


IDS = np.array([[0, 0, 2, 2], [0, 2, 2, 0]]).reshape(2, 1, 1, 4)
CHANNELS = np.moveaxis(np.eye(4, dtype=np.float32)[[[0, 2, 2, 2], [0, 2, 2, 1]]], -1, 1)[:, :, None]


@pytest.mark.parametrize(
    ("arguments", "value", "per_class"),
    [
        # the mean over images; 0 for a class that no mask holds; the background is left out
        ("", None, (0, (4 / 5 + 1) / 2, 0)),
        ("include_background=True", None, ((2 / 3 + 2 / 3) / 2, 0, (4 / 5 + 1) / 2, 0)),
        ("reduction='mean'", (4 / 5 + 1) / 2, None),
        ("sigmoid=True, reduction='mean'", ((2 / 3 + 4 / 5) / 2 + (2 / 3 + 1) / 2) / 2, None),
    ],
)
def test_dice_helper_takes_one_channel_of_ids(arguments, value, per_class):
    call = f"monai.metrics.DiceHelper({arguments})"
    report = diagnose(y_true=IDS, y_pred=CHANNELS, metric=call, num_classes=4, layout="NCHW,NCHW")
    assert report.metric.value == (value if value is None else pytest.approx(value))
    if per_class is not None:
        assert report.metric.per_class == pytest.approx(per_class)


def test_a_class_on_all_pixels_of_one_hot_masks_is_no_colour():
    masks = np.zeros((2, 4, 6, 7), np.float32)
    masks[:, 3] = 1
    report = diagnose(
        y_true=masks, y_pred=masks, metric="monai.metrics.DiceMetric()", layout="NCHW,NCHW"
    )
    assert report.metric.value == 1.0
