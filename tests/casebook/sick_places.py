"""5xx and 7xx: alignment, and what is true of the data itself."""

from __future__ import annotations

import numpy as np

from casebook.cases import Arrays, Sick, binary, dense, labels, rng
from casebook.scenes import Array, Scene, mean_iou

SCENES = ["street/0.9", "street/0.7", "street-11/0.45", "blobs-square/0.9", "patches-21/0.7"]


def shuffle(s: Scene, how: str) -> Array:
    """Return an order of the samples."""
    if how == "rolled":
        return np.roll(np.arange(s.samples), 2)
    if how == "reversed":
        return np.arange(s.samples)[::-1]
    order = np.arange(s.samples)
    if how == "in batches":
        for start in range(0, s.samples, 4):
            rng(s.name, start).shuffle(order[start : start + 4])
        return order
    return rng(s.name).permutation(order)


def shuffled(s: Scene, how: str) -> Arrays:
    return labels(s, y_pred=s.predicted[shuffle(s, how)])


def shuffled_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax(np.float16)[shuffle(s, "at random")])


def shuffled_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_pred=s.sigmoid()[shuffle(s, "at random")])


def flipped(s: Scene, how: str) -> Arrays:
    axes = {"upside down": (1,), "left to right": (2,), "both": (1, 2)}[how]
    return labels(s, y_pred=np.flip(s.predicted, axes))


def flipped_half(s: Scene) -> Arrays:
    pred = s.predicted
    pred[::2] = pred[::2, :, ::-1]
    return labels(s, y_pred=pred)


def flipped_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax()[:, :, ::-1])


def turned(s: Scene, turns: int) -> Arrays:
    return labels(s, y_pred=np.rot90(s.predicted, turns, (1, 2)))


def moved(values: Array, by: tuple[int, int]) -> Array:
    """Return values moved, the border repeated."""
    for axis, offset in zip((1, 2), by, strict=True):
        places = np.clip(np.arange(values.shape[axis]) - offset, 0, values.shape[axis] - 1)
        values = np.take(values, places, axis)
    return values


def shifted(s: Scene, by: tuple[int, int]) -> Arrays:
    pred = moved(s.predicted, by)
    back = moved(pred, (-by[0], -by[1]))
    return labels(s, y_pred=pred, clean=mean_iou(s.truth, back, s.classes))


def shifted_softmax(s: Scene) -> Arrays:
    pred = moved(s.softmax(), (3, -4))
    back = moved(pred.argmax(-1), (-3, 4))
    return dense(s, y_pred=pred, clean=mean_iou(s.truth, back, s.classes))


def tiles(s: Scene, how: str) -> Arrays:
    """Put tiles of 16 x 16 in other places."""
    return labels(s, y_pred=stitched(s.predicted, (16, 16), how))


def quarters(s: Scene, how: str) -> Arrays:
    """Put the tiles of a grid of 4 x 4 in other places."""
    height, width = s.truth.shape[1:]
    return labels(s, y_pred=stitched(s.predicted, (height // 4, width // 4), how))


def stitched(values: Array, tile: tuple[int, int], how: str) -> Array:
    """Return values with whole tiles moved; what is left over at the far sides stays."""
    samples, rows, columns = len(values), values.shape[1] // tile[0], values.shape[2] // tile[1]
    moved_part = np.s_[:, : rows * tile[0], : columns * tile[1]]
    pieces = values[moved_part].reshape(samples, rows, tile[0], columns, tile[1]).swapaxes(2, 3)
    order = np.arange(rows * columns)
    if how == "permuted":
        order = rng("tiles", rows, columns).permutation(order)
    else:  # written column by column
        order = order.reshape(rows, columns).T.ravel()
    back = pieces.reshape(samples, -1, *tile)[:, order].reshape(pieces.shape).swapaxes(2, 3)
    result = values.copy()
    result[moved_part] = back.reshape(result[moved_part].shape)
    return result


def padded(s: Scene, width: int) -> Arrays:
    sides = ((0, 0), (width, width), (width, width))
    return labels(s, y_true=np.pad(s.truth, sides), y_pred=np.pad(s.predicted, sides), clean=None)


def duplicated(s: Scene, count: int) -> Arrays:
    true = np.concatenate([s.truth, s.truth[:count]])
    return labels(s, y_true=true, y_pred=np.concatenate([s.predicted, s.predicted[:count]]))


def duplicated_softmax(s: Scene) -> Arrays:
    pred = s.softmax()
    pred, true = np.concatenate([pred, pred[-3:]]), np.concatenate([s.truth, s.truth[-3:]])
    return dense(s, y_true=true, y_pred=pred)


def equal(s: Scene) -> Arrays:
    return labels(s, y_pred=s.truth.copy(), clean=None)


def equal_one_hot(s: Scene) -> Arrays:
    return dense(s, y_pred=s.one_hot(np.float32), clean=None)


def as_they_are(s: Scene) -> Arrays:
    return labels(s)


def as_they_are_sigmoid(s: Scene) -> Arrays:
    return binary(s)


def collapsed(s: Scene, label: int) -> Arrays:
    return labels(s, y_pred=np.full_like(s.truth, label), clean=None)


def collapsed_softmax(s: Scene) -> Arrays:
    pred = s.softmax() * 0.2
    pred[..., 0] += 0.8
    return dense(s, y_pred=pred, clean=None)


def collapsed_sigmoid(s: Scene) -> Arrays:
    """Let the scores lie below the threshold, and say nothing of the objects."""
    return binary(s, y_pred=s.sigmoid()[::-1, ::-1, ::-1] * np.float32(0.45), clean=None)


def forgotten(s: Scene, label: int) -> Arrays:
    pred = s.predicted
    return labels(s, y_pred=np.where(pred == label, (label + 1) % s.classes, pred), clean=None)


def forgotten_softmax(s: Scene) -> Arrays:
    pred = s.softmax()
    pred[..., 1] = 0
    return dense(s, y_pred=pred / pred.sum(-1, keepdims=True), clean=None)


TABLE = (
    Sick(
        "shuffled-samples",
        "labels",
        shuffled,
        SCENES,
        ["at random", "rolled", "reversed", "in batches"],
        repairs=True,
    ),
    Sick("shuffled-samples", "softmax", shuffled_softmax, ["street/0.7"], repairs=True),
    Sick("shuffled-samples", "sigmoid", shuffled_sigmoid, ["blobs/0.7"], repairs=True),
    Sick(
        "flipped-samples",
        "labels",
        flipped,
        SCENES,
        ["upside down", "left to right", "both"],
        repairs=True,
    ),
    Sick("flipped-samples", "half of them", flipped_half, SCENES, repairs=True),
    Sick("flipped-samples", "softmax", flipped_softmax, ["street/0.7"], repairs=True),
    Sick(
        "flipped-samples",
        "turned",
        turned,
        ["street-square/0.9", "blobs-square/0.7"],
        [1, 2, 3],
        repairs=True,
    ),
    Sick(
        "shifted-predictions",
        "labels",
        shifted,
        ["street/0.9", "street-11/0.7", "blobs/0.9", "organs/0.9"],
        [(3, 3), (0, 5), (-4, 2)],
        repairs=True,
    ),
    Sick("shifted-predictions", "softmax", shifted_softmax, ["street/0.9"], repairs=True),
    Sick(
        "misplaced-tiles",
        "labels",
        tiles,
        ["street/0.9", "street/0.7", "blobs/0.9", "patches-21/0.9"],
        ["permuted", "by columns"],
    ),
    Sick(
        "misplaced-tiles", "square", tiles, ["blobs-square/0.7", "blobs-square/0.9"], ["permuted"]
    ),
    Sick(
        "misplaced-tiles",
        "4 by 4",
        quarters,
        ["street/0.9", "blobs/0.7", "patches-21/0.7"],
        ["permuted", "by columns"],
    ),
    Sick("shared-padding", "zeros", padded, ["street/0.7", "blobs/0.9"], [16, 24], note=True),
    Sick("duplicated-samples", "labels", duplicated, ["street/0.7", "organs/0.9"], [1, 4]),
    Sick("duplicated-samples", "softmax", duplicated_softmax, ["street/0.9", "volume/0.7"]),
    Sick("predictions-equal-masks", "labels", equal, ["street/0.7", "blobs/0.9", "organs/0.9"]),
    Sick("predictions-equal-masks", "one-hot", equal_one_hot, ["street/0.7", "organs/0.7"]),
    Sick("class-imbalance", "labels", as_they_are, ["specks/0.9", "specks/0.7", "skewed/0.7"]),
    Sick("class-imbalance", "sigmoid", as_they_are_sigmoid, ["specks/0.7", "specks/0.9"]),
    Sick("collapsed-predictions", "labels", collapsed, ["street/0.7", "blobs/0.7"], [0, 1]),
    Sick("collapsed-predictions", "imbalanced", collapsed, ["specks/0.7"], [0]),
    Sick("collapsed-predictions", "softmax", collapsed_softmax, ["street/0.9", "organs/0.9"]),
    Sick("collapsed-predictions", "sigmoid", collapsed_sigmoid, ["blobs/0.7"]),
    Sick("never-predicted-class", "labels", forgotten, ["street/0.7", "organs/0.9"], [1, 2]),
    Sick("never-predicted-class", "softmax", forgotten_softmax, ["street-11/0.7"]),
)
