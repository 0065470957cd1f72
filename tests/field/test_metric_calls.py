"""Calls as people write them, from public code: each has the right library's number, or a hint."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, one_hot, softmax

from field.arrays import draw_masks, predict
from iou_doctor.errors import UsageError

LONGEST_REFUSAL = 300
RANDOM = np.random.default_rng(0)
MASKS = draw_masks((4, 48, 64), 3)
LABELS = predict(MASKS, 3)
BINARY_MASKS = draw_masks((4, 48, 64), 2)
BINARY = predict(BINARY_MASKS, 2)
ONE_HOT = one_hot(MASKS, 3)
LOGITS = 3.0 * one_hot(LABELS, 3) + RANDOM.normal(size=(*MASKS.shape, 3))
SOFTMAX = softmax(4 * LOGITS)
SIGMOID = np.clip(0.2 + 0.6 * BINARY + RANDOM.normal(0, 0.1, BINARY.shape), 0.01, 0.99)
GUESSED = LOGITS.argmax(-1)


def first(values):
    return np.moveaxis(values, -1, 1)


INPUTS = {
    "labels": (MASKS, LABELS),
    "0/1": (BINARY_MASKS, BINARY),
    "flat": (MASKS.ravel(), LABELS.ravel()),
    "flat 0/1": (BINARY_MASKS.ravel(), BINARY.ravel()),
    "softmax": (ONE_HOT, SOFTMAX),
    "sigmoid": (BINARY_MASKS[:, np.newaxis], SIGMOID[:, np.newaxis].astype(np.float32)),
    "one-hot": (first(ONE_HOT), first(one_hot(LABELS, 3))),
    "logits": (MASKS, first(LOGITS).astype(np.float32)),
}


def ratios(truth, predicted, classes, *, dice=False):
    """Return the IoU or Dice of each class over all pixels."""
    found = []
    for label in range(classes):
        true, said = truth == label, predicted == label
        both, areas = (true & said).sum(), true.sum() + said.sum()
        found.append(2 * both / areas if dice else both / (areas - both))
    return np.array(found)


def sums(truth, scores, *, dice=False):
    """Return the soft IoU or Dice of each channel, the last axis, over all pixels."""
    axes = tuple(range(truth.ndim - 1))
    both, areas = (truth * scores).sum(axes), truth.sum(axes) + scores.sum(axes)
    return 2 * both / areas if dice else both / (areas - both)


IOU, DICE = ratios(MASKS, LABELS, 3), ratios(MASKS, LABELS, 3, dice=True)
BINARY_IOU = ratios(BINARY_MASKS, BINARY, 2)
BINARY_DICE = ratios(BINARY_MASKS, BINARY, 2, dice=True)
ACCURACY = (MASKS == LABELS).mean()
IMAGES = np.array([ratios(*pair, 3, dice=True) for pair in zip(MASKS, LABELS, strict=True)])
RECALLED = MASKS != 0
IGNORING_0 = np.mean(
    [
        (RECALLED & (c == MASKS) & (c == LABELS)).sum()
        / (RECALLED & ((c == MASKS) | (c == LABELS))).sum()
        for c in range(3)
    ]
)
THRESHOLDED = SIGMOID > 0.5
REFUSED = None

CASES = {
    "tf1_mean_iou": (
        "tf.metrics.mean_iou(labels, predictions, num_classes=3)", "labels", IOU.mean()),
    "tf1_streaming": (
        "tf.contrib.metrics.streaming_mean_iou(predictions, labels, 3)", "labels", IOU.mean()),
    "sm_iou_score": ("sm.metrics.iou_score", "softmax", sums(ONE_HOT, SOFTMAX).mean()),
    "sm_f1_score": ("sm.metrics.f1_score", "softmax", sums(ONE_HOT, SOFTMAX, dice=True).mean()),
    "smp_utils_iou": (
        "smp.utils.metrics.IoU(threshold=0.5)", "sigmoid",
        ratios(BINARY_MASKS, THRESHOLDED, 2)[1]),
    "smp_get_stats": (
        'smp.metrics.get_stats(output.long(), mask.long(), mode="multiclass", num_classes=3)',
        "labels", REFUSED),
    "smp_f1_micro": (
        'smp.metrics.f1_score(tp, fp, fn, tn, reduction="micro")', "labels", ACCURACY),
    "tm_iou_old": ("torchmetrics.IoU(num_classes=2)", "0/1", BINARY_IOU.mean()),
    "tm_jaccard_before_task": (
        "torchmetrics.JaccardIndex(num_classes=2)", "0/1", BINARY_IOU.mean()),
    "tm_jaccard_to_device": (
        "torchmetrics.JaccardIndex(task='multiclass', num_classes=3, ignore_index=255).to(device)",
        "labels", IOU.mean()),
    "tm_dice_micro": ("torchmetrics.Dice(average='micro')", "labels", ACCURACY),
    "tm_functional_jaccard": (
        'torchmetrics.functional.jaccard_index(preds, target, task="multiclass", num_classes=3)',
        "labels", IOU.mean()),
    "tm_functional_dice": ("torchmetrics.functional.dice(preds, target)", "labels", ACCURACY),
    "tm_f1_macro": (
        'torchmetrics.F1Score(task="multiclass", num_classes=3, average="macro")',
        "labels", DICE.mean()),
    "lightning_iou_long": (
        "pytorch_lightning.metrics.functional.iou(y_pred, y_true, num_classes=3)",
        "labels", IOU.mean()),
    "sk_similarity": (
        "jaccard_similarity_score(gt_mask, pr_mask)", "flat 0/1",
        (BINARY_MASKS == BINARY).mean()),
    "sk_f1_macro": (
        "sklearn.metrics.f1_score(y_true.flatten(), y_pred.flatten(), average='macro')",
        "flat", DICE.mean()),
    "keras_metrics_list": (
        "metrics=[tf.keras.metrics.MeanIoU(num_classes=3)]", "labels", IOU.mean()),
    "keras_metrics_list_two": (
        "metrics=['accuracy', tf.keras.metrics.MeanIoU(num_classes=3)]", "labels", IOU.mean()),
    "keras_assigned": ("miou = tf.keras.metrics.MeanIoU(num_classes=3)", "labels", IOU.mean()),
    "keras_called": ("MeanIoU(num_classes=3)(y_true, y_pred)", "labels", IOU.mean()),
    "keras_constant": ("MeanIoU(num_classes=NUM_CLASSES)", "labels", IOU.mean()),
    "keras_subclass": ("MyMeanIOU(num_classes=3)", "labels", REFUSED),
    "keras_cv": ("keras_cv.metrics.MeanIoU(3)", "labels", REFUSED),
    "hf_compute": (
        """metric.compute(predictions=pred_labels, references=labels, num_labels=3,
            ignore_index=255, reduce_labels=False)""", "labels", IOU.mean()),
    "hf_underscore_compute": (
        "metric._compute(predictions=pred_labels, references=labels, num_labels=3, ignore_index=0)",
        "labels", IGNORING_0),
    "hf_load_metric": ('load_metric("mean_iou")', "labels", IOU.mean()),
    "mmseg_core_mean_iou": (
        "mmseg.core.evaluation.mean_iou(results, gt_seg_maps, num_classes=3, ignore_index=255)",
        "labels", IOU.mean()),
    "monai_compute_meandice": (
        "monai.metrics.compute_meandice(y_pred, y, include_background=False)", "one-hot",
        IMAGES[:, 1:].mean()),
    "monai_reduction_enum": (
        "DiceMetric(include_background=True, reduction=MetricReduction.MEAN)", "one-hot",
        IMAGES.mean()),
    "fastai_dice_multi": (
        "DiceMulti()", "logits", ratios(MASKS, GUESSED, 3, dice=True).mean()),
    "fastai_jaccard_multi": ("JaccardCoeffMulti()", "logits", ratios(MASKS, GUESSED, 3).mean()),
    "medpy_dc": ("medpy.metric.binary.dc(pred, gt)", "0/1", BINARY_DICE[1]),
    "medpy_jc": ("metric.binary.jc(pred, gt)", "0/1", BINARY_IOU[1]),
    "super_gradients_iou": (
        "super_gradients.training.metrics.IoU(num_classes=3, ignore_index=255)",
        "labels", IOU.mean()),
    "running_score": ("runningScore(3)", "labels", IOU.mean()),
    "evaluator_method": (
        "Evaluator(3).Mean_Intersection_over_Union()", "labels", IOU.mean()),
    "dice_coef_call": ("dice_coef(y_true, y_pred, smooth=1)", "0/1", (
        2 * (BINARY_MASKS & BINARY).sum() + 1) / (BINARY_MASKS.sum() + BINARY.sum() + 1)),
    "bare_dice": ("dice", "labels", REFUSED),
    "bare_miou": ("miou", "labels", REFUSED),
    "numpy_formula": (
        "(y_true*y_pred).sum()/((y_true+y_pred).sum()-(y_true*y_pred).sum())", "0/1",
        BINARY_IOU[1]),
    "numpy_accuracy": ("np.mean(pred == mask)", "labels", ACCURACY),
    "nnunet_command": ("nnUNetv2_evaluate_simple gt pred -l 1 2", "labels", IMAGES[:, 1:].mean()),
}  # fmt: skip


def ask(call, name, **options):
    truth, predicted = INPUTS[name]
    return diagnose(y_true=truth, y_pred=predicted, metric=call, **options)


def refusal(call, **options):
    with pytest.raises(UsageError) as caught:
        ask(call, "labels", **options)
    message = str(caught.value)
    assert len(message) <= LONGEST_REFUSAL
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", CASES)
def test_call_from_the_field(name):
    call, arrays, expected = CASES[name]
    if expected is REFUSED:
        assert "write" in refusal(call) or "name" in refusal(call) or "did you" in refusal(call)
    else:
        assert ask(call, arrays).metric.value == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("reduction", ["micro", "macro", "micro-imagewise", "macro-imagewise"])
def test_smp_takes_rows_for_channels_if_there_are_none(reduction):
    """`get_stats` views (N, H, W) as (N, channels, pixels), which pooled counts do not show."""
    rng = np.random.default_rng(0)
    masks = (rng.random((4, 20, 30)) < 0.4).astype(np.int64)
    predictions = np.where(rng.random(masks.shape) < 0.2, 1 - masks, masks)
    stats = "*smp.metrics.get_stats(o, t, mode='binary', threshold=0.5)"
    call = f"smp.metrics.iou_score({stats}, reduction='{reduction}')"
    flat = diagnose(y_true=masks, y_pred=predictions, metric=call).metric
    channel = diagnose(y_true=masks[:, None], y_pred=predictions[:, None], metric=call).metric
    axes = (1, 2) if reduction.endswith("imagewise") else None
    both, either = (masks & predictions).sum(axes), (masks | predictions).sum(axes)
    assert channel.value == pytest.approx(np.mean(both / either), abs=1e-6)
    if reduction.startswith("macro"):
        axes = (2,) if reduction.endswith("imagewise") else (0, 2)
        both, either = (masks & predictions).sum(axes), (masks | predictions).sum(axes)
        rows = np.where(either == 0, 1, both / np.maximum(either, 1))  # zero_division=1
        assert flat.value == pytest.approx(np.mean(rows), abs=1e-6)
        assert "give it (N, 1, H, W)" in flat.note
    else:
        assert flat.value == channel.value
