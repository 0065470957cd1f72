"""The cases of `bench.gpu`: arrays, and the contestants that count them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts

CLASSES = 21


@dataclass(frozen=True)
class Case:
    """One kind of predictions. Masks beside labels have the same dtype, others are uint8."""

    dtype: str
    channels: int | None = None
    """`None`: labels; 1: scores without a class axis, thresholded at 0.5."""
    first: bool = False
    """Whether the class axis comes before the spatial axes."""
    wanted: float = 0.5
    """The share of the copy bandwidth that the kernels should reach."""

    @property
    def per_class(self) -> bool:
        """Whether there is a class axis."""
        return (self.channels or 1) > 1


CASES = {
    "labels": Case("uint8", wanted=0.4),
    "int64": Case("int64", wanted=0.4),
    "dense": Case("float32", CLASSES),
    "half": Case("float16", CLASSES),
    "first": Case("float32", CLASSES, first=True),
    "half first": Case("float16", CLASSES, first=True),
    "three": Case("float32", 3),
    "single": Case("float32", 1),
}


def arrays(case: Case, shape: list[int]) -> tuple[Any, Any]:
    """Return masks and predictions, created on the device in use."""
    import tensorflow as tf

    classes = max(2, case.channels or CLASSES)
    true = tf.cast(tf.random.uniform(shape, 0, classes, tf.int32, seed=1), tf.uint8)
    if case.channels is None:
        other = tf.cast(tf.random.uniform(shape, 0, classes, tf.int32, seed=2), tf.uint8)
        pred = tf.where(tf.random.uniform(shape, seed=3) < 0.15, other, true)
        return tf.cast(true, case.dtype), tf.cast(pred, case.dtype)
    if case.channels == 1:
        return true, tf.cast(tf.random.uniform(shape, seed=2), case.dtype)
    pred = tf.nn.softmax(tf.random.normal([*shape, case.channels], seed=2))
    pred = tf.transpose(pred, [0, 3, 1, 2]) if case.first else pred
    return true, tf.cast(pred, case.dtype)


def _kernels(case: Case, true: Any, pred: Any) -> tuple[Any, Pairing]:
    from iou_doctor.scan.tensorflow.kernels import Kernels, list_gpus
    from iou_doctor.scan.tensorflow.on_device import SPREAD

    decoding = LabelDecoding.BINS if case.channels == 1 else LabelDecoding.LABELS
    pairings = [Pairing(LabelDecoding.LABELS, decoding)]
    if case.per_class:
        pairings = [Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX)]
    elif case.channels == 1:  # a pass of scores asks for their labels too
        pairings.append(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    spatial = (2, 3) if case.first else (1, 2)
    channel = (1 if case.first else 3) if case.per_class else None
    sides = (
        Axes(tuple(true.shape), True, (1, 2), None),
        Axes(tuple(pred.shape), True, spatial, channel),
    )
    replicas = SPREAD if list_gpus() else 1
    return Kernels(Layout(*sides, Relation.EQUAL), pairings, 0.5, replicas=replicas), pairings[0]


def contestants(case: Case, true: Any, pred: Any) -> dict[str, Callable[[], Any]]:
    """Return what each runs; all return the matrix of counts, truth by prediction."""
    import keras
    import tensorflow as tf

    kernels, pairing = _kernels(case, true, pred)
    samples = np.arange(true.shape[0])
    classes = max(2, case.channels or CLASSES)

    def ours() -> Any:
        found = kernels.count(y_true=true, y_pred=pred, samples=samples)
        return _matrix(found.tables[pairing], classes, single=case.channels == 1)

    def of_keras() -> Any:
        if case.channels == 1:
            metric = keras.metrics.BinaryIoU(threshold=0.5)
        else:
            sparse = case.first or not case.per_class
            metric = keras.metrics.MeanIoU(classes, sparse_y_pred=sparse)
        metric.update_state(true, tf.argmax(pred, 1) if case.first else pred)
        return np.asarray(metric.total_cm).astype(np.int64)

    runs = {"iou-doctor": ours, "keras": of_keras}
    try:
        import torch
        from torchmetrics.classification import MulticlassConfusionMatrix
    except ImportError:
        return runs
    if not torch.cuda.is_available() or case.channels == 1:
        return runs
    # a copy of its own, by way of the host: born before the clock runs
    theirs = torch.from_numpy(true.numpy()).cuda(), torch.from_numpy(pred.numpy()).cuda()
    scores = theirs[1] if case.per_class else theirs[1].long()
    if case.per_class and not case.first:
        scores = scores.movedim(-1, 1).contiguous()

    def of_torchmetrics() -> Any:
        metric = MulticlassConfusionMatrix(classes, validate_args=False).cuda()
        metric.update(scores, theirs[0].long())
        return metric.compute().cpu().numpy()

    return {**runs, "torchmetrics": of_torchmetrics}


def _matrix(table: PairCounts, classes: int, *, single: bool) -> Any:
    pooled = table.pool()
    matrix = np.zeros((classes, classes), np.int64)
    # the code of a score says last how it compares with the threshold: below, equal, above
    predictions = (pooled.prediction % 3 >= 1).astype(int) if single else pooled.prediction
    np.add.at(matrix, (pooled.truth, predictions), pooled.count)
    return matrix
