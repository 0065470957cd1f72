"""2xx: predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from casebook.cases import Arrays, Sick, binary, dense, encoded, labels, rng
from casebook.pictures import colours_of, interpolated, random_palette
from casebook.scenes import Array, Scene

BOTH = (np.float32, np.float16)
HARD = ["street/0.9", "organs/0.45", "patches-21/0.7"]
BLOBS = ["blobs/0.9", "blobs-square/0.7", "specks/0.45"]


def softmax(values: Array, axis: int = -1) -> Array:
    powers = np.exp(values - values.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def probabilities_and_one_hot(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=s.one_hot(), y_pred=s.softmax(dtype))


def probabilities_and_labels(s: Scene) -> Arrays:
    return labels(s, y_true=s.truth[..., None], y_pred=s.softmax())


def saturated(s: Scene) -> Arrays:
    hard = rng(s.name).random(s.truth.shape) < 0.2
    sure = np.eye(s.classes, dtype=np.float32)[s.predicted]
    pred = np.where(hard[..., None], sure, s.softmax())
    return labels(s, y_true=s.one_hot(np.float32), y_pred=pred)


def logits_and_one_hot(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=s.one_hot(), y_pred=s.logits(dtype))


def logits_and_labels(s: Scene) -> Arrays:
    return labels(s, y_pred=s.logits())


def sigmoid_as_labels(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=s.truth[..., None], y_pred=s.sigmoid(dtype)[..., None])


def sigmoid_flat(s: Scene) -> Arrays:
    return labels(s, y_pred=s.sigmoid())


def binary_logits_as_labels(s: Scene) -> Arrays:
    return labels(s, y_pred=s.binary_logits()[..., None])


def wrong_axis(s: Scene, axis: int) -> Arrays:
    return dense(s, y_pred=softmax(s.scores, axis), clean=None)


def wrong_axis_one_hot(s: Scene) -> Arrays:
    return encoded(s, y_pred=softmax(s.scores, 1), clean=None)


def twice_softmax(s: Scene, dtype: Any) -> Arrays:
    return dense(s, y_pred=softmax(s.softmax()).astype(dtype))


def twice_sigmoid(s: Scene, dtype: Any) -> Arrays:
    return binary(s, y_pred=expit(s.sigmoid()).astype(dtype), clean=None)


def all_ones(s: Scene, metric: str) -> Arrays:
    return labels(
        s, y_pred=np.ones((*s.truth.shape, 1), np.float32), options={"metric": metric}, clean=None
    )


def argmax_of_one(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth[..., None], y_pred=s.sigmoid()[..., None])


def nan_sample(s: Scene, value: float) -> Arrays:
    pred = s.softmax()
    pred[s.samples // 2] = value
    return dense(s, y_pred=pred, clean=None)


def nan_scattered(s: Scene) -> Arrays:
    pred = s.logits()
    pred[rng(s.name).random(pred.shape) < 0.01] = np.inf
    return dense(s, y_pred=pred, clean=None)


def nan_labels(s: Scene) -> Arrays:
    pred = s.predicted.astype(np.float32)
    pred[0, :5] = np.nan
    return labels(s, y_pred=pred, clean=None)


def nan_sigmoid(s: Scene) -> Arrays:
    pred = s.sigmoid()
    pred[-1] = np.nan
    return binary(s, y_pred=pred, clean=None)


def argmax_over(s: Scene, axis: int) -> Arrays:
    return labels(s, y_pred=s.softmax().argmax(axis), clean=None)


def sigmoids(s: Scene) -> Arrays:
    return dense(s, y_pred=expit(s.scores - s.scores.mean()).astype(np.float32))


def rescaled(s: Scene) -> Arrays:
    values = s.softmax()
    return dense(s, y_pred=values / values.max(-1, keepdims=True))


def sigmoids_one_hot(s: Scene) -> Arrays:
    return encoded(s, y_pred=expit(s.scores - s.scores.mean()).astype(np.float32))


def powered(s: Scene, power: float) -> Arrays:
    return binary(s, y_pred=s.sigmoid() ** power, clean=None)


def scaled_down(s: Scene, factor: float) -> Arrays:
    return binary(s, y_pred=s.sigmoid() * np.float32(factor), clean=None)


def after_relu(s: Scene) -> Arrays:
    return binary(s, y_pred=expit(np.maximum(s.binary_logits(), 0)), clean=None)


def as_bytes(s: Scene) -> Arrays:
    return binary(s, y_pred=np.rint(s.sigmoid() * 255).astype(np.uint8))


def photographs(s: Scene) -> Arrays:
    """Give the pictures that the model got, in place of what it predicted."""
    noise = rng(5).normal(0, 12, (*s.truth.shape, 3))
    colours = rng(6).integers(30, 220, (s.classes, 3))
    shade = np.linspace(-25, 25, s.truth.shape[-1])[:, np.newaxis]
    pictures = np.clip(colours[s.truth] + shade + noise, 0, 255).astype(np.uint8)
    return labels(s, y_pred=pictures, clean=None)


def weighted(s: Scene, bias: float) -> Arrays:
    """Let the model favour one class, as a heavy class weight does."""
    return binary(s, y_pred=expit(s.binary_logits() + bias), clean=None)


def interpolated_labels(s: Scene) -> Arrays:
    return labels(s, y_pred=interpolated(s.predicted, "fractions"), clean=None)


def rounded_labels(s: Scene) -> Arrays:
    """Round to ids that the model never gives: elsewhere nothing tells them from classes."""
    sparse = s.ids(np.arange(s.classes) * 4, s.classes * 4 - 3)
    return labels(sparse, y_pred=interpolated(sparse.predicted, "rounded"), clean=None)


def coloured(s: Scene, palette: str) -> Arrays:
    return labels(s, y_pred=colours_of(palette)[s.predicted])


def coloured_at_random(s: Scene) -> Arrays:
    return labels(s, y_pred=random_palette(s)[s.predicted])


def labels_for_argmax(s: Scene, trailing: int) -> Arrays:
    pred = s.predicted[..., None] if trailing else s.predicted
    return dense(s, y_pred=pred.astype(np.int32))


def labels_for_one_hot(s: Scene) -> Arrays:
    return encoded(s, y_pred=s.predicted[..., None])


def logits_for_half(s: Scene, dtype: Any) -> Arrays:
    return binary(s, y_pred=s.binary_logits(dtype)[..., None])


TABLE = (
    Sick(
        "unargmaxed-probabilities",
        "and one-hot masks",
        probabilities_and_one_hot,
        ["street/0.9", "blobs/0.7", "organs/0.45", "volume/0.7"],
        BOTH,
        repairs=True,
    ),
    Sick(
        "unargmaxed-probabilities",
        "and labels",
        probabilities_and_labels,
        ["street/0.7", "patches-21/0.9", "wires/0.45", "single/0.7", "patches-150/0.7"],
        repairs=True,
    ),
    Sick(
        "unargmaxed-probabilities",
        "saturated",
        saturated,
        ["wires/0.7", "street/0.7"],
        repairs=True,
    ),
    Sick("unargmaxed-logits", "and one-hot masks", logits_and_one_hot, HARD, BOTH, repairs=True),
    Sick(
        "unargmaxed-logits",
        "and labels",
        logits_and_labels,
        ["street/0.7", "volume/0.9"],
        repairs=True,
    ),
    Sick("unthresholded-sigmoid", "one channel", sigmoid_as_labels, BLOBS, BOTH, repairs=True),
    Sick(
        "unthresholded-sigmoid",
        "no class axis",
        sigmoid_flat,
        ["blobs/0.7", "blobs/0.45"],
        repairs=True,
    ),
    Sick(
        "unthresholded-sigmoid",
        "logits",
        binary_logits_as_labels,
        ["blobs/0.7", "specks/0.9"],
        repairs=True,
    ),
    Sick(
        "softmax-over-wrong-axis",
        "softmax",
        wrong_axis,
        ["street/0.7", "patches-21/0.9", "organs/0.7"],
        [0, 1, 2],
    ),
    Sick("softmax-over-wrong-axis", "beside one-hot masks", wrong_axis_one_hot, ["street-11/0.7"]),
    Sick(
        "double-activation",
        "softmax",
        twice_softmax,
        ["street/0.9", "organs/0.7", "blobs/0.9"],
        BOTH,
    ),
    Sick("double-activation", "sigmoid", twice_sigmoid, ["blobs/0.9", "blobs-square/0.7"], BOTH),
    Sick(
        "single-channel-softmax",
        "ones",
        all_ones,
        ["blobs/0.7", "specks/0.9"],
        ["MeanIoU(2)", "BinaryIoU()", "MeanIoU(2, sparse_y_pred=False)"],
    ),
    Sick(
        "single-channel-softmax",
        "argmax over one channel",
        argmax_of_one,
        ["blobs/0.9", "blobs-square/0.7"],
    ),
    Sick(
        "non-finite-predictions",
        "one sample",
        nan_sample,
        ["street/0.7", "organs/0.9"],
        [np.nan, np.inf],
    ),
    Sick("non-finite-predictions", "scattered", nan_scattered, ["street/0.9"]),
    Sick("non-finite-predictions", "labels", nan_labels, ["street/0.7"]),
    Sick("non-finite-predictions", "sigmoid", nan_sigmoid, ["blobs/0.7"]),
    Sick(
        "argmax-over-wrong-axis",
        "softmax",
        argmax_over,
        ["street/0.9", "organs/0.7", "patches-21/0.7"],
        [1, 2],
    ),
    Sick("channels-not-normalised", "sigmoids", sigmoids, ["street/0.7", "organs/0.9"]),
    Sick("channels-not-normalised", "rescaled", rescaled, ["street/0.7", "patches-21/0.7"]),
    Sick("channels-not-normalised", "beside one-hot masks", sigmoids_one_hot, ["street/0.9"]),
    Sick("threshold-off", "power", powered, ["blobs/0.9", "blobs-square/0.9"], [0.2, 12]),
    Sick("threshold-off", "weight", weighted, ["blobs/0.9", "blobs-square/0.9"], [3, -3, -9, 9]),
    Sick("threshold-off", "scaled", scaled_down, ["blobs/0.7", "blobs/0.9"], [0.45, 0.01]),
    Sick("relu-before-sigmoid", "sigmoid", after_relu, ["blobs/0.7", "blobs-square/0.9"]),
    Sick("images-as-predictions", "RGB", photographs, ["street/0.7", "patches-21/0.9"]),
    Sick("byte-scores", "grey map", as_bytes, ["blobs/0.7", "blobs-square/0.9"]),
    Sick(
        "interpolated-predictions",
        "fractions",
        interpolated_labels,
        ["street/0.9", "street-11/0.7", "patches-21/0.9"],
    ),
    Sick("interpolated-predictions", "rounded", rounded_labels, ["mirror/0.9", "organs/0.9"]),
    Sick("colour-predictions", "VOC", coloured, ["patches-21/0.7"], ["pascal_voc"], repairs=True),
    Sick("colour-predictions", "CamVid", coloured, ["street-11/0.9"], ["camvid"], repairs=True),
    Sick(
        "colour-predictions",
        "Cityscapes",
        coloured,
        ["street-19/0.7"],
        ["cityscapes"],
        repairs=True,
    ),
    Sick(
        "colour-predictions", "colours of its own", coloured_at_random, ["street/0.7", "organs/0.9"]
    ),
    Sick(
        "labels-as-channels",
        "labels",
        labels_for_argmax,
        ["street/0.9", "blobs/0.7", "volume/0.7"],
        [0, 1],
    ),
    Sick("labels-as-channels", "for OneHotMeanIoU", labels_for_one_hot, ["street/0.7"]),
    Sick(
        "logits-thresholded-as-probabilities",
        "logits",
        logits_for_half,
        [*BLOBS, "blobs/0.45"],
        BOTH,
        repairs=True,
    ),
)
