"""1xx: shapes and axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from casebook.cases import DENSE, ONE_HOT, Arrays, Sick, binary, dense, encoded, folder, labels
from casebook.scenes import Array, Scene, mean_iou

BOTH = (np.float32, np.float16)


def first(values: Array) -> Array:
    return np.moveaxis(values, -1, 1)


def cropped(s: Scene, cut: tuple[int, int]) -> Arrays:
    part = (..., slice(cut[0], None), slice(cut[1], None))
    return labels(s, y_pred=s.predicted[part], clean=None)


def cropped_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax()[:, 3:, :-2], clean=None)


def cropped_folders(s: Scene) -> Arrays:
    predicted = list(s.predicted)
    predicted[2] = predicted[2][:-7]
    return labels(s, y_true=folder(s.truth), y_pred=folder(predicted), clean=None)


def fewer_predictions(s: Scene, count: int) -> Arrays:
    return labels(s, y_pred=s.predicted[:-count], clean=None)


def fewer_masks(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth[1:], clean=None)


def missing_files(s: Scene) -> Arrays:
    names = [f"frame_{index:03d}" for index in range(s.samples)]
    pred = folder(s.predicted[3:], names[3:])
    return labels(s, y_true=folder(s.truth, names), y_pred=pred, clean=None)


def channels_first(s: Scene, dtype: Any) -> Arrays:
    return dense(s, y_pred=first(s.softmax(dtype)))


def channels_first_logits(s: Scene) -> Arrays:
    return dense(s, y_pred=first(s.logits()))


def channels_first_axis(s: Scene) -> Arrays:
    call = f"keras.metrics.MeanIoU({s.classes}, sparse_y_pred=False, axis=1)"
    return dense(s, y_pred=first(s.softmax()), options={"metric": call})


def channels_first_both(s: Scene) -> Arrays:
    return encoded(s, y_true=first(s.one_hot()), y_pred=first(s.softmax()))


def channels_first_default(s: Scene) -> Arrays:
    """Give them to a metric that reads labels: the axis comes before the encoding."""
    return labels(s, y_pred=first(s.softmax()))


def channels_first_narrow(s: Scene) -> Arrays:
    """Make the width equal to the number of classes: only channel sums tell the axes apart."""
    pred, true = s.softmax()[:, :, : s.classes], s.truth[:, :, : s.classes]
    score = mean_iou(true, pred.argmax(-1), s.classes)
    return dense(s, y_true=true, y_pred=first(pred), clean=score)


def reshaped(s: Scene, dtype: Any) -> Arrays:
    values = s.softmax(dtype)
    return dense(s, y_pred=first(values).reshape(values.shape))


def reshaped_to_last(s: Scene) -> Arrays:
    values = s.softmax()
    return encoded(s, y_pred=first(values).reshape(values.shape))


def transposed(s: Scene) -> Arrays:
    return labels(s, y_pred=s.predicted.swapaxes(-1, -2))


def transposed_masks(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth.swapaxes(-1, -2))


def transposed_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax().swapaxes(1, 2))


def transposed_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_pred=s.sigmoid()[..., None].swapaxes(1, 2))


def transposed_flat(s: Scene) -> Arrays:
    flat = s.predicted.swapaxes(1, 2).reshape(s.samples, -1)
    return labels(s, y_pred=flat)


def extra_last(s: Scene) -> Arrays:
    return labels(s, y_pred=s.predicted[..., None])


def extra_torch(s: Scene) -> Arrays:
    return labels(s, y_pred=s.predicted[:, None])


def extra_masks(s: Scene) -> Arrays:
    return labels(s, y_true=s.truth[..., None].astype(np.int32))


def no_sample_axis(s: Scene) -> Arrays:
    return labels(s, y_pred=s.predicted[0])


def small(s: Scene, factor: int) -> Arrays:
    middle = factor // 2
    few = s.predicted[:, middle::factor, middle::factor]
    restored = few.repeat(factor, 1).repeat(factor, 2)
    return labels(s, y_pred=few, clean=mean_iou(s.truth, restored, s.classes))


def small_softmax(s: Scene) -> Arrays:
    few = s.softmax()[:, 1::4, 1::4]
    restored = few.argmax(-1).repeat(4, 1).repeat(4, 2)
    return dense(s, y_pred=few, clean=mean_iou(s.truth, restored, s.classes))


def large(s: Scene) -> Arrays:
    return labels(s, y_pred=s.predicted.repeat(2, 1).repeat(2, 2))


def swapped_softmax(s: Scene) -> Arrays:
    return Arrays(s.softmax(), s.truth, {"metric": DENSE.format(s.classes)}, mean_of(s))


def swapped_default(s: Scene) -> Arrays:
    return Arrays(s.softmax(), s.truth, {"num_classes": s.classes}, mean_of(s))


def swapped_one_hot(s: Scene) -> Arrays:
    return Arrays(s.softmax(), s.one_hot(), {"metric": ONE_HOT.format(s.classes)}, mean_of(s))


def swapped_sigmoid(s: Scene) -> Arrays:
    return Arrays(s.sigmoid(), s.truth, {"num_classes": 2}, mean_of(s))


def mean_of(s: Scene) -> float:
    return mean_iou(s.truth, s.predicted, s.classes)


TABLE = (
    Sick(
        "shape-mismatch",
        "cropped labels",
        cropped,
        ["street/0.7", "blobs/0.9"],
        [(3, 5), (0, 1), (7, 0)],
    ),
    Sick("shape-mismatch", "cropped softmax", cropped_softmax, ["street-11/0.7"]),
    Sick("shape-mismatch", "one cropped file", cropped_folders, ["street/0.7"]),
    Sick(
        "sample-count-mismatch",
        "predictions missing",
        fewer_predictions,
        ["street/0.7", "volume/0.7"],
        [1, 2],
    ),
    Sick("sample-count-mismatch", "a mask missing", fewer_masks, ["organs/0.9", "blobs/0.7"]),
    Sick("sample-count-mismatch", "files missing", missing_files, ["street-11/0.7"]),
    Sick(
        "channels-first",
        "softmax",
        channels_first,
        ["street/0.9", "blobs/0.7", "volume/0.7", "patches-21/0.45", "single/0.7"],
        BOTH,
        repairs=True,
    ),
    Sick(
        "channels-first",
        "logits",
        channels_first_logits,
        ["street/0.45", "organs/0.7"],
        repairs=True,
    ),
    Sick("channels-first", "axis=1", channels_first_axis, ["street-11/0.7"], repairs=True),
    Sick(
        "channels-first",
        "both sides",
        channels_first_both,
        ["street/0.7", "organs/0.9"],
        repairs=True,
    ),
    Sick(
        "channels-first",
        "for a label metric",
        channels_first_default,
        ["street/0.7", "wires/0.9"],
        repairs=True,
    ),
    Sick(
        "channels-first",
        "as wide as C",
        channels_first_narrow,
        ["patches-21/0.7", "street-19/0.9"],
        repairs=True,
    ),
    Sick(
        "reshaped-not-transposed",
        "softmax",
        reshaped,
        ["street/0.9", "organs/0.7", "patches-21/0.45", "blobs/0.7", "volume/0.7"],
        BOTH,
        repairs=True,
    ),
    Sick(
        "reshaped-not-transposed",
        "beside one-hot masks",
        reshaped_to_last,
        ["street/0.7", "wires/0.9"],
        repairs=True,
    ),
    Sick(
        "height-width-swapped",
        "labels",
        transposed,
        ["street/0.7", "street-square/0.9", "street-square/0.45", "blobs-square/0.7", "blobs/0.9"],
        repairs=True,
    ),
    Sick(
        "height-width-swapped",
        "masks",
        transposed_masks,
        ["street-square/0.7", "patches-21/0.7"],
        repairs=True,
    ),
    Sick(
        "height-width-swapped",
        "softmax",
        transposed_softmax,
        ["street/0.9", "street-square/0.7"],
        repairs=True,
    ),
    Sick(
        "height-width-swapped",
        "sigmoid",
        transposed_sigmoid,
        ["blobs/0.7", "blobs-square/0.9"],
        repairs=True,
    ),
    Sick(
        "height-width-swapped",
        "flattened",
        transposed_flat,
        ["street/0.7", "blobs/0.9"],
        repairs=True,
    ),
    Sick("extra-axis", "last", extra_last, ["street/0.9", "blobs/0.7"], repairs=True),
    Sick("extra-axis", "axis 1", extra_torch, ["street/0.7", "organs/0.45"], repairs=True),
    Sick("extra-axis", "masks", extra_masks, ["street-11/0.7"], repairs=True),
    Sick("extra-axis", "no sample axis", no_sample_axis, ["single/0.7", "single/0.9"]),
    Sick(
        "resolution-mismatch",
        "labels",
        small,
        ["street/0.9", "street-11/0.7", "blobs/0.7"],
        [2, 4],
        repairs=True,
    ),
    Sick("resolution-mismatch", "softmax", small_softmax, ["street/0.7"], repairs=True),
    Sick("resolution-mismatch", "larger", large, ["street/0.7", "organs/0.9"], repairs=True),
    Sick("inputs-swapped", "softmax, argmaxed", swapped_softmax, ["street/0.7", "organs/0.9"]),
    Sick("inputs-swapped", "softmax", swapped_default, ["street/0.7", "wires/0.45"]),
    Sick("inputs-swapped", "one-hot", swapped_one_hot, ["street-11/0.7", "blobs/0.9"]),
    Sick("inputs-swapped", "sigmoid", swapped_sigmoid, ["blobs/0.7", "blobs-square/0.9"]),
)
