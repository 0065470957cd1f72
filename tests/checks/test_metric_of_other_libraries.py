"""The rules judge the arrays for the metric that the user names, whatever its library."""

import numpy as np
import pytest
from build import diagnose, errors, found, noisy, one_hot, probabilities, scene

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.file_repair.run import repair_files
from iou_doctor.metrics.registry import CONTRACTS

TRUTH = scene(1, samples=4)
PREDICTED = noisy(TRUTH, 2)
SOFTMAX = probabilities(PREDICTED, 3, classes=3)
FIRST = np.moveaxis(SOFTMAX, -1, 1)
ONE_HOT = one_hot(TRUTH, 3)
ONE_HOT_FIRST = np.moveaxis(ONE_HOT, -1, 1)
HARD_FIRST = np.moveaxis(one_hot(PREDICTED, 3), -1, 1)
BINARY, SCORES = (TRUTH > 0).astype(np.uint8), np.clip(SOFTMAX[..., 1:].sum(-1), 0.01, 0.99)

JACCARD = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3)"
SEGMENTATION = "torchmetrics.segmentation.MeanIoU(num_classes=3, input_format='{}')"
MONAI = "monai.metrics.MeanIoU()"
SKLEARN = "sklearn.metrics.jaccard_score(y_true, y_pred, average='macro')"
SM = "sm.metrics.IOUScore({})"

HEALTHY = {
    "labels, torchmetrics": (TRUTH, PREDICTED, JACCARD),
    "labels, weighted": (TRUTH, PREDICTED, JACCARD[:-1] + ", average='weighted')"),
    "labels, none": (TRUTH, PREDICTED, JACCARD[:-1] + ", average='none')"),
    "channels at axis 1": (TRUTH, FIRST, JACCARD),
    "one mean for each image": (TRUTH, PREDICTED, SEGMENTATION.format("index")),
    "one-hot at axis 1": (ONE_HOT_FIRST, HARD_FIRST, SEGMENTATION.format("one-hot")),
    "scores at axis 1": (ONE_HOT_FIRST, FIRST, SEGMENTATION.format("one-hot")),
    "mixed": (TRUTH, FIRST, SEGMENTATION.format("mixed")),
    "MONAI": (ONE_HOT_FIRST, HARD_FIRST, MONAI),
    "MONAI, one channel": (BINARY[:, None], BINARY[:, None], MONAI),
    "sklearn": (TRUTH, PREDICTED, SKLEARN),
    "sklearn, two classes": (BINARY, BINARY, "jaccard_score(y_true.ravel(), y_pred.ravel())"),
    "mmseg": (TRUTH, PREDICTED, "IoUMetric(iou_metrics=['mIoU'], ignore_index=255)"),
    "evaluate": (
        TRUTH,
        PREDICTED,
        "evaluate.load('mean_iou').compute(num_labels=3, ignore_index=255)",
    ),
    "smp": (TRUTH, PREDICTED, "smp.metrics.iou_score(tp, fp, fn, tn, reduction='macro-imagewise')"),
    "smp, scores": (BINARY, SCORES, "smp.metrics.iou_score(tp, fp, fn, tn, reduction='micro')"),
    "soft sums": (ONE_HOT, SOFTMAX, SM.format("")),
    "thresholded sums": (ONE_HOT, SOFTMAX, SM.format("threshold=0.5, per_image=True")),
    "ultralytics": (TRUTH, PREDICTED, "SemanticMetrics(nc=3)"),
    "detectron2": (TRUTH, PREDICTED, "SemSegEvaluator('name')"),
    "ignite": (TRUTH, FIRST, "ignite.metrics.mIoU(cm, ignore_index=0)"),
    "ignite, none": (TRUTH, FIRST, "ignite.metrics.IoU(cm)"),
    "ignite, Dice": (TRUTH, FIRST, "DiceCoefficient(ConfusionMatrix(num_classes=3))"),
    "ignite, accuracy": (TRUTH, FIRST, "ignite.metrics.confusion_matrix.cmAccuracy(cm)"),
    "kornia": (TRUTH, PREDICTED, "kornia.metrics.mean_iou(pred, target, 3)"),
    "PaddleSeg": (TRUTH, PREDICTED, "paddleseg.utils.metrics.mean_iou(*areas)"),
    "PaddleSeg, Dice": (TRUTH, PREDICTED, "paddleseg.utils.metrics.dice(i, p, l)"),
    "nnU-Net": (
        TRUTH,
        PREDICTED,
        "compute_metrics_on_folder_simple(gt, pred, labels=(0, 1, 2), ignore_label=None)",
    ),
    "nnU-Net, in full": (
        TRUTH,
        PREDICTED,
        "compute_metrics_on_folder(gt, pred, out, rw, '.png', [1, 2])",
    ),
    "torchvision": (TRUTH, PREDICTED, "utils.ConfusionMatrix(3)"),
    "binary scores": (BINARY, SCORES, "torchmetrics.JaccardIndex(task='binary', threshold=0.5)"),
    "multilabel": (
        ONE_HOT_FIRST,
        FIRST,
        "torchmetrics.classification.MultilabelJaccardIndex(num_labels=3)",
    ),
    "generalised": (
        TRUTH,
        PREDICTED,
        "torchmetrics.segmentation.GeneralizedDiceScore(3, input_format='index')",
    ),
    "binary logits": (BINARY, np.log(SCORES / (1 - SCORES)), "BinaryJaccardIndex()"),
}
SICK = {
    "IOU103": (TRUTH, SOFTMAX, JACCARD, "channels-first"),
    "IOU103, both": (ONE_HOT, one_hot(PREDICTED, 3), MONAI, "channels-first"),
    "IOU103, first": (ONE_HOT_FIRST, FIRST, SM.format(""), "channels-first"),
    "IOU201, sklearn": (TRUTH, SOFTMAX, SKLEARN, "unargmaxed-probabilities"),
    "IOU201, axis 1": (TRUTH, FIRST, SKLEARN, "unargmaxed-probabilities"),
    "IOU201, MONAI": (ONE_HOT_FIRST, FIRST, MONAI, "unargmaxed-probabilities"),
    "IOU201, index": (TRUTH, FIRST, SEGMENTATION.format("index"), "unargmaxed-probabilities"),
    "IOU203": (BINARY, SCORES, "jaccard_score(y_true, y_pred)", "unthresholded-sigmoid"),
    "IOU203, MONAI": (BINARY[:, None], SCORES[:, None], MONAI, "unthresholded-sigmoid"),
    "IOU206": (
        BINARY[:, None],
        SCORES[:, None],
        "torchmetrics.segmentation.MeanIoU(num_classes=1)",
        "single-channel-softmax",
    ),
    "IOU301": (TRUTH, HARD_FIRST, MONAI, "missing-one-hot"),
    "IOU301, one-hot": (TRUTH, FIRST, SEGMENTATION.format("one-hot"), "missing-one-hot"),
    "IOU302": (ONE_HOT_FIRST, FIRST, JACCARD, "one-hot-masks"),
    "IOU103, ignite": (TRUTH, SOFTMAX, "ignite.metrics.mIoU(cm)", "channels-first"),
    "IOU201, kornia": (
        TRUTH,
        FIRST,
        "kornia.metrics.mean_iou(p, t, 3)",
        "unargmaxed-probabilities",
    ),
    "IOU213": (ONE_HOT, PREDICTED, SM.format(""), "labels-as-channels"),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_arrays_as_the_metric_wants_them_are_healthy(case):
    truth, predicted, metric = HEALTHY[case]
    report = diagnose(y_true=truth, y_pred=predicted, metric=metric)
    assert errors(report) == []
    assert report.metric.error is None
    assert (report.metric.value is None) == ("none" in case)


@pytest.mark.parametrize("case", SICK)
def test_the_misfit_is_the_one_error(case):
    truth, predicted, metric, name = SICK[case]
    report = diagnose(y_true=truth, y_pred=predicted, metric=metric, num_classes=None)
    assert report.verdict.primary == name
    assert found(report, name)


def test_an_average_of_its_own_is_no_fault():
    metric = SEGMENTATION.format("index")
    report = diagnose(y_true=TRUTH, y_pred=PREDICTED, metric=metric)
    assert report.metric.value != pytest.approx(report.mean_iou, abs=1e-3)
    assert errors(report) == []


@pytest.mark.parametrize(
    ("truth", "predicted", "metric", "shape"),
    [
        (TRUTH, SOFTMAX, JACCARD, (4, 3, 12, 18)),
        (ONE_HOT_FIRST, FIRST, SM.format(""), (4, 12, 18, 3)),
        (TRUTH, HARD_FIRST, MONAI, None),
    ],
)
def test_fix_leaves_the_classes_where_the_metric_looks(tmp_path, truth, predicted, metric, shape):
    np.save(tmp_path / "masks.npy", truth)
    np.save(tmp_path / "preds.npy", predicted)
    request = CheckRequest(
        masks=str(tmp_path / "masks.npy"),
        predictions=str(tmp_path / "preds.npy"),
        options=Options(num_classes=3),
        metric=metric,
    )
    fixed = repair_files(request, output_dir=tmp_path / "repaired")
    assert errors(fixed.report) == []
    assert shape is None or np.load(fixed.predictions).shape == shape
    assert np.load(fixed.masks).shape == (
        truth.shape if shape == (4, 3, 12, 18) else np.load(fixed.predictions).shape
    )


@pytest.mark.parametrize("binary", [True, False])
def test_every_contract_answers_to_its_name(binary):
    arrays = {"y_true": BINARY, "y_pred": BINARY}
    if not binary:
        arrays = {"y_true": TRUTH, "y_pred": PREDICTED, "num_classes": 3}
    called = [contract.name for contract in CONTRACTS if contract.binary is binary]
    assert called
    assert [diagnose(**arrays, metric=name).metric.name for name in called] == called


def test_what_is_ignored_is_ignored_by_a_metric_without_such_an_option():
    truth = np.where(PREDICTED == 1, 255, TRUTH)
    report = diagnose(
        y_true=truth, y_pred=PREDICTED, metric=SKLEARN, num_classes=3, ignore_index=255
    )
    assert errors(report) == []


def test_no_help_names_an_option_that_the_metric_lacks():
    truth = np.where(TRUTH == 1, 255, TRUTH)
    report = diagnose(y_true=truth, y_pred=PREDICTED, metric=SKLEARN, num_classes=3)
    (finding,) = (one for one in report.findings if one.rule.name == "undeclared-void-label")
    assert finding.help.endswith("since jaccard_score cannot ignore a label")


@pytest.mark.parametrize("metric", ["SemanticMetrics(nc=3)", "mmseg.IoUMetric[ignore_index=255]"])
def test_a_metric_that_ignores_255_by_default_needs_no_option(metric):
    truth = np.where((TRUTH == 1) & (PREDICTED == 1), 255, TRUTH)
    report = diagnose(y_true=truth, y_pred=PREDICTED, metric=metric)
    assert "undeclared-void-label" not in [one.rule.name for one in report.findings]
    assert report.reading.ignore_index == 255
