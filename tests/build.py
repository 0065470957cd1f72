"""Small arrays and the whole flow in one call, for tests of checks and readings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.model import ModelFacts
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.interpret import infer_layout
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Outcome, Severity
from iou_doctor.report.report import Report
from iou_doctor.sources.memory.array import ArraySource

Array = NDArray[Any]
ASKED = {
    "minimums",
    "expected",
    "all_implementations",
    "batch_size",
    "score_to_explain",
    "details",
}
"""Keyword arguments of `diagnose` that belong to the request itself."""


@dataclass(frozen=True)
class Known:
    """Stands for a model that has predicted `y_pred`."""

    known: ModelFacts

    def collect_facts(self) -> ModelFacts:
        return self.known


def pair_of(*, y_true: ArrayLike, y_pred: ArrayLike) -> Pair:
    return Pair(
        y_true=ArraySource(np.asarray(y_true), "y_true"),
        y_pred=ArraySource(np.asarray(y_pred), "y_pred"),
    )


def diagnose(
    *,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    metric: str | None = None,
    baseline: Baseline | None = None,
    model: ModelFacts | None = None,
    **options: Any,
) -> Report:
    pair = pair_of(y_true=y_true, y_pred=y_pred)
    pair = replace(pair, model=None if model is None else Known(model))
    asked = {name: options.pop(name) for name in ASKED & options.keys()}
    request = CheckRequest(options=Options(**options), metric=metric, baseline=baseline, **asked)
    return check_pair(pair, request)


def layout_of(
    *,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    num_classes: int | None = None,
    layout: str | None = None,
) -> Layout:
    pair = pair_of(y_true=y_true, y_pred=y_pred)
    return infer_layout(pair, Options(layout=layout, num_classes=num_classes))


def names(report: Report) -> list[str]:
    return [finding.rule.name for finding in report.findings]


def found(report: Report, name: str) -> Finding:
    """Return the one finding of a rule."""
    (finding,) = [finding for finding in report.findings if finding.rule.name == name]
    return finding


def roots(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.rule.name not in report.consequences]


def errors(report: Report) -> list[str]:
    return [f.rule.name for f in report.findings if f.severity is Severity.ERROR]


def after(report: Report, name: str) -> float | None:
    """Return the doctor's score after the repair of a rule's one finding."""
    repair = found(report, name).repair
    assert repair is not None
    return repair.mean_iou_after


def outcome(report: Report, name: str) -> Outcome:
    (result,) = [outcome for outcome in report.outcomes if outcome.rule.name == name]
    return result


def scene(
    seed: int, *, samples: int = 2, height: int = 12, width: int = 18, classes: int = 3
) -> Array:
    """Return (samples, height, width) labels: each class as some boxes on a background of 0."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((samples, height, width), dtype=np.uint8)
    for image in labels:
        for label in range(1, classes):
            top, left = rng.integers(0, height - 2), rng.integers(0, width - 2)
            rows, columns = rng.integers(2, height // 2 + 2), rng.integers(2, width // 2 + 2)
            image[top : top + rows, left : left + columns] = label
    # each class has at least one pixel, so that none is absent by accident
    labels.reshape(-1)[:classes] = np.arange(classes)
    return labels


def noisy(labels: Array, seed: int, *, share: float = 0.2, classes: int = 3) -> Array:
    """Return labels of which a share is drawn anew."""
    rng = np.random.default_rng(seed)
    anew = rng.random(labels.shape) < share
    return np.where(anew, rng.integers(0, classes, labels.shape), labels).astype(labels.dtype)


def one_hot(labels: ArrayLike, classes: int, dtype: Any = np.uint8) -> Array:
    """Return labels with a class axis behind; a label outside the classes has all channels 0."""
    return (np.asarray(labels)[..., np.newaxis] == np.arange(classes)).astype(dtype)


def logits(labels: Array, seed: int, *, classes: int, dtype: Any = np.float32) -> Array:
    """Return class scores with channels last whose argmax is `labels`; they do not sum to 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1, (*labels.shape, classes))
    scores += (scores.max() - scores.min() + 1) * one_hot(labels, classes)
    return (scores - scores.mean()).astype(dtype)


def softmax(scores: Array, dtype: Any = np.float32) -> Array:
    powers = np.exp((scores - scores.max(axis=-1, keepdims=True)) / 4.0)
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(dtype)


def probabilities(labels: Array, seed: int, *, classes: int, dtype: Any = np.float32) -> Array:
    """Return channels in [0, 1] that sum to 1 and whose argmax is `labels`."""
    return softmax(logits(labels, seed, classes=classes, dtype=np.float64), dtype)


def sigmoid(labels: Array, seed: int, dtype: Any = np.float32) -> Array:
    """Return scores in (0, 1) that are at least 0.5 exactly where `labels` is 1."""
    rng = np.random.default_rng(seed)
    return np.where(
        labels == 1, rng.uniform(0.55, 0.95, labels.shape), rng.uniform(0.05, 0.45, labels.shape)
    ).astype(dtype)


def mean_iou(y_true: Array, y_pred: Array, classes: int) -> float:
    """Return the mean IoU of two label maps, written as simply as can be."""
    scores = []
    for label in range(classes):
        union = ((y_true == label) | (y_pred == label)).sum()
        if union:
            scores.append(((y_true == label) & (y_pred == label)).sum() / union)
    return float(np.mean(scores))
