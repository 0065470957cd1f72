"""Healthy arrays of many kinds: no rule may speak, but for what is true of the data itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from build import diagnose, logits, noisy, one_hot, probabilities, scene, sigmoid

from iou_doctor.report.finding import Severity

VARIANTS = 400
TRUE_OF_THE_DATA = {"class-imbalance", "never-predicted-class", "unlabelled-class-predicted"}
DTYPES = (np.uint8, np.int32, np.int64, np.float32)


@dataclass
class Healthy:
    """Arrays, and the metric or the options that fit them."""

    y_true: Any
    y_pred: Any
    options: dict[str, Any]


def map_of(rng, *, classes):
    """Return a label map of one of some kinds that look like a fault at first sight."""
    samples, height, width = rng.integers(1, 5), rng.integers(8, 40), rng.integers(8, 40)
    kind = rng.choice(["boxes", "thin", "ordered", "unequal", "video", "square", "as wide as C"])
    seed = int(rng.integers(2**31))
    if kind == "square":
        width = height
    if kind == "as wide as C":
        width = max(classes, 3)
    labels = scene(seed, samples=samples, height=height, width=width, classes=classes)
    if kind == "thin":
        labels[:] = 0
        labels[:, :, width // 2] = 1
        labels[:, height // 2] = classes - 1
    elif kind == "ordered":
        labels[:] = (np.arange(width) * classes // width).astype(np.uint8)
    elif kind == "unequal":
        labels = np.where(rng.random(labels.shape) < 0.97, 0, labels)
        labels[0, 0, :2] = (0, 1)
    elif kind == "video":
        labels = labels[:1].repeat(samples, axis=0)
        labels[-1, -1, -1] = 0
    return labels.astype(np.uint8)


def with_void(rng, labels):
    """Return labels with void borders of the boxes, and the void label."""
    void = int(rng.choice([255, 254, 200]))
    border = labels != np.roll(labels, 1, axis=-1)
    border[:, 0, :2] = False
    return np.where(border, void, labels), void


def label_maps(rng):
    classes = int(rng.integers(2, 13))
    labels = map_of(rng, classes=classes)
    predicted = noisy(labels, int(rng.integers(2**31)), share=rng.uniform(0, 0.6), classes=classes)
    options: dict[str, Any] = {"num_classes": classes}
    if rng.random() < 0.4:
        labels, options["ignore_index"] = with_void(rng, labels)
        if rng.random() < 0.3:
            predicted = np.where(labels == options["ignore_index"], 255, predicted)
    if rng.random() < 0.3:
        call = ", ".join(
            f"{name}={value}"
            for name, value in zip(("num_classes", "ignore_class"), options.values(), strict=False)
        )
        options = {"metric": f"tf.keras.metrics.MeanIoU({call})"}
    if rng.random() < 0.3:
        labels, predicted = labels[..., None], predicted[..., None]
    true, pred = rng.choice(DTYPES), rng.choice(DTYPES)
    return Healthy(labels.astype(true), predicted.astype(pred), options)


def undeclared(rng):
    healthy = label_maps(rng)
    while "ignore_index" in healthy.options or "ignore_class" in str(healthy.options):
        healthy = label_maps(rng)
    return Healthy(healthy.y_true, healthy.y_pred, {})


def softmax(rng):
    classes = int(rng.integers(2, 13))
    labels = map_of(rng, classes=classes)
    predicted = noisy(labels, 1, share=rng.uniform(0, 0.6), classes=classes)
    ignore = ""
    if rng.random() < 0.4:
        labels, void = with_void(rng, labels)
        ignore = f", ignore_class={void}"
    scores = logits if rng.random() < 0.3 else probabilities
    dense = scores(predicted, 2, classes=classes, dtype=rng.choice([np.float16, np.float32]))
    labels = labels[..., None] if rng.random() < 0.5 else labels
    metric = f"keras.metrics.MeanIoU({classes}{ignore}, sparse_y_pred=False)"
    return Healthy(labels, dense, {"metric": metric})


def one_hot_masks(rng):
    classes = int(rng.integers(2, 13))
    labels = map_of(rng, classes=classes)
    predicted = noisy(labels, 1, share=rng.uniform(0, 0.6), classes=classes)
    dense = probabilities(predicted, 2, classes=classes)
    masks = one_hot(labels, classes, rng.choice([np.uint8, np.float32, np.bool_]))
    if rng.random() < 0.3:
        masks = masks * 0.9 + 0.1 / classes
    return Healthy(masks, dense, {"metric": f"keras.metrics.OneHotMeanIoU(num_classes={classes})"})


def sigmoid_scores(rng):
    labels = map_of(rng, classes=2)
    predicted = noisy(labels, 1, share=rng.uniform(0, 0.6), classes=2)
    scores = sigmoid(predicted, 2, rng.choice([np.float16, np.float32, np.float64]))
    if rng.random() < 0.3:
        scores[: len(scores) // 2] = predicted[: len(scores) // 2]  # saturated
    if rng.random() < 0.5:
        labels, scores = labels[..., None], scores[..., None]
    threshold = float(rng.choice([0.5, 0.48, 0.52]))
    metric = f"keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold={threshold})"
    return Healthy(labels.astype(rng.choice(DTYPES)), scores, {"metric": metric})


KINDS = (label_maps, undeclared, softmax, one_hot_masks, sigmoid_scores)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_healthy_arrays_raise_no_alarm(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    for variant in range(VARIANTS // len(KINDS)):
        healthy = kind(rng)
        report = diagnose(y_true=healthy.y_true, y_pred=healthy.y_pred, **healthy.options)
        alarms = [
            (finding.rule.name, finding.message)
            for finding in report.findings
            if finding.severity is not Severity.NOTE and finding.rule.name not in TRUE_OF_THE_DATA
        ]
        shapes = healthy.y_true.shape, healthy.y_pred.shape
        assert alarms == [], (variant, shapes, healthy.options)
        assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)
