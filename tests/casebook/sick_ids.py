"""4xx: class ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from scipy.special import expit

from casebook.cases import DENSE, ONE_HOT, Arrays, Sick, binary, clean, dense, folder, labels, rng
from casebook.scenes import Array, Scene, mean_iou
from iou_doctor import datasets

SOME = ["street/0.9", "street-11/0.7", "patches-21/0.7", "organs/0.9", "street/0.45"]


def fewer_classes(s: Scene, count: int) -> Arrays:
    return labels(s, options={"num_classes": s.classes - count})


def stray(s: Scene) -> Arrays:
    true = s.truth.copy()
    true[..., 3:12, 5:20] = 70 + np.arange(15)  # a single label would be void
    return labels(s, y_true=true, clean=None)


def stray_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=stray(s).y_true, clean=None)


def stray_predictions(s: Scene) -> Arrays:
    away = rng(s.name).random(s.truth.shape) < 0.3
    return labels(s, y_pred=np.where(away, s.classes + 4, s.predicted), clean=None)


def negative_predictions(s: Scene) -> Arrays:
    pred = s.predicted.astype(np.int16)
    pred[..., :8] = -3
    return labels(s, y_pred=pred, clean=None)


def extra_channel(s: Scene) -> Arrays:
    values = s.softmax()
    pred = np.concatenate([values, np.zeros_like(values[..., :1])], -1)
    return dense(s, y_pred=pred)


def extra_channel_one_hot(s: Scene) -> Arrays:
    pred = np.concatenate([s.softmax(), np.zeros((*s.truth.shape, 1), np.float32)], -1)
    return Arrays(s.one_hot(), pred, {"metric": ONE_HOT.format(s.classes)}, clean(s))


def missing_channel(s: Scene) -> Arrays:
    return dense(s, options={"metric": DENSE.format(s.classes + 1)})


def shifted(s: Scene, side: str) -> Arrays:
    if side == "masks":
        return labels(s, y_true=s.truth + np.uint8(1))
    return labels(s, y_pred=s.predicted + np.uint8(1))


def shifted_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth + np.uint8(1))


def shifted_with_nothing(s: Scene) -> Arrays:
    """Give masks 0..C where 0 is nothing, as ADE20K's."""
    border = borders(s.truth)
    true = np.where(border, 0, s.truth + np.uint8(1)).astype(np.uint8)
    left = np.where(border, -1, s.truth.astype(int))
    return dense(s, y_true=true, clean=mean_iou(left, s.predicted, s.classes))


def reduced(labels_: Array) -> Array:
    return np.where(labels_ == 0, 255, labels_ - np.uint8(1)).astype(np.uint8)


def reduced_masks(s: Scene) -> Arrays:
    return labels(s, y_true=reduced(s.truth))


def reduced_ignored(s: Scene) -> Arrays:
    options = {"num_classes": s.classes, "ignore_index": 255}
    return labels(s, y_true=reduced(s.truth), options=options)


def reduced_softmax(s: Scene) -> Arrays:
    call = f"keras.metrics.MeanIoU({s.classes}, ignore_class=255, sparse_y_pred=False)"
    return dense(s, y_true=reduced(s.truth), options={"metric": call})


def reduced_predictions(s: Scene) -> Arrays:
    return labels(s, y_pred=reduced(s.predicted))


def borders(truth: Array) -> Array:
    """Return where a pixel or its neighbour is of another class."""
    size = (1, *[3] * (truth.ndim - 1))
    return ndimage.maximum_filter(truth, size) != ndimage.minimum_filter(truth, size)


def void(s: Scene, label: int) -> Arrays:
    true = np.where(borders(s.truth), label, s.truth.astype(np.int16))
    return labels(s, y_true=true, clean=mean_iou(_left(s), s.predicted, s.classes))


def _left(s: Scene) -> Array:
    return np.where(borders(s.truth), -1, s.truth.astype(int))


def two_voids(s: Scene) -> Arrays:
    """Return masks whose borders are 255 in one half and 254 in the other."""
    true = void(s, 255).y_true
    half = np.indices(true.shape)[-1] % 2 == 1
    true = np.where((true == 255) & half, 254, true)
    return labels(s, y_true=true, clean=mean_iou(_left(s), s.predicted, s.classes))


def void_next(s: Scene) -> Arrays:
    return void(s, s.classes)


def void_softmax(s: Scene, label: int) -> Arrays:
    true = np.where(borders(s.truth), label, s.truth.astype(np.int16))
    return dense(s, y_true=true, clean=mean_iou(_left(s), s.predicted, s.classes))


def void_files(s: Scene) -> Arrays:
    true = np.where(borders(s.truth), 255, s.truth).astype(np.uint8)
    score = mean_iou(_left(s), s.predicted, s.classes)
    return labels(s, y_true=folder(true), y_pred=folder(s.predicted), clean=score)


def order(classes: int, how: str) -> Array:
    """Return a permutation of the class ids that is no shift."""
    ids = np.arange(classes)
    if how == "two swapped":
        ids[[1, 2]] = 2, 1
    elif how == "reversed":
        ids = ids[::-1].copy()
    else:
        ids = rng(classes).permutation(classes)
    return ids.astype(np.uint8)


def permuted(s: Scene, how: str) -> Arrays:
    return labels(s, y_pred=order(s.classes, how)[s.predicted])


def permuted_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax()[..., order(s.classes, "shuffled")])


def permuted_masks(s: Scene) -> Arrays:
    return labels(s, y_true=order(s.classes, "shuffled")[s.truth])


def foreign_ids(name: str) -> Array:
    """Return, for each train id, the first id of the data set that has it."""
    train = datasets.load_data_set(name).train_ids
    void_ids = datasets.load_data_set(name).void
    pairs = {new: old for old, new in sorted(train.items(), reverse=True) if old not in void_ids}
    return np.array([pairs[index] for index in range(len(pairs))], dtype=np.uint8)


def foreign(s: Scene, name: str) -> Arrays:
    return labels(s, y_true=foreign_ids(name)[s.truth])


def foreign_softmax(s: Scene, name: str) -> Arrays:
    return dense(s, y_true=foreign_ids(name)[s.truth])


def foreign_predictions(s: Scene, name: str) -> Arrays:
    return labels(s, y_pred=foreign_ids(name)[s.predicted])


def inverted(s: Scene, side: str) -> Arrays:
    if side == "masks":
        return labels(s, y_true=1 - s.truth)
    return labels(s, y_pred=1 - s.predicted)


def inverted_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_pred=1 - s.sigmoid())


def inverted_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=1 - s.truth)


def numbered(s: Scene, *, start_again: bool) -> Array:
    """Return the number of each blob, background 0; from 1 on in each image or in all."""
    numbers, last = np.zeros(s.truth.shape, np.int32), 0
    for image, here in zip(s.truth, numbers, strict=True):
        last = 0 if start_again else last
        for label in range(1, s.classes):
            blobs, count = ndimage.label(image == label)
            here[blobs > 0] = blobs[blobs > 0] + last
            last += count
    return numbers


def instances(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=numbered(s, start_again=True).astype(dtype), clean=None)


def instances_of_all(s: Scene) -> Arrays:
    return labels(s, y_true=numbered(s, start_again=False), clean=None)


def instances_cut(s: Scene) -> Arrays:
    """Cut the numbers of all objects to 8 bits: 256 becomes 0."""
    return labels(s, y_true=numbered(s, start_again=False).astype(np.uint8), clean=None)


def instances_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=numbered(s, start_again=True), clean=None)


def segments(s: Scene, dtype: Any) -> Arrays:
    """Number the segments of all classes in each image, class by class."""
    true = np.zeros(s.truth.shape, dtype)
    for image, numbers in zip(s.truth, true, strict=True):
        last = 0
        for label in np.unique(image):
            blobs, count = ndimage.label(image == label)
            numbers[blobs > 0] = last + blobs[blobs > 0]
            last += count
    return labels(s, y_true=true, clean=None)


def instances_1000(s: Scene) -> Arrays:
    blobs = np.stack([ndimage.label(image > 0)[0] for image in s.truth])
    return labels(s, y_true=(s.truth.astype(np.int32) * 1000 + blobs % 1000))


def recode(labels_: Array, codes: str) -> Array:
    """Return ids with gaps, multiples, or codes in no order."""
    ids = np.arange(labels_.max() + 1)
    if codes == "multiples":
        return 3 * labels_.astype(np.int32)
    if codes == "gaps":
        return (ids + ids // 3)[labels_].astype(np.int32)
    return (rng("codes").permutation(200)[ids] + 21)[labels_].astype(np.int32)


def recoded(s: Scene, codes: str) -> Arrays:
    return labels(s, y_true=recode(s.truth, codes))


def recoded_predictions(s: Scene, codes: str) -> Arrays:
    return labels(s, y_pred=recode(s.predicted, codes))


def recoded_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=recode(s.truth, "codes"))


def stacked(s: Scene, side: str) -> Arrays:
    """Give each class but the first a channel, beside one mask of all of them."""
    own, other = (s.truth, s.predicted) if side == "masks" else (s.predicted, s.truth)
    stack, single = np.eye(s.classes, dtype=np.uint8)[own][..., 1:], (other > 0).astype(np.uint8)
    right = mean_iou((s.truth > 0).astype(int), (s.predicted > 0).astype(int), 2)
    arrays = (stack, single) if side == "masks" else (single, stack)
    return Arrays(*arrays, {}, right)


def without_background(s: Scene, kind: str) -> Arrays:
    """Give a sigmoid for each class but the first, beside class ids."""
    scores = s.scores[..., 1:] - s.scores[..., :1]
    largest = scores.argmax(-1) + 1
    right = mean_iou(s.truth, np.where(scores.max(-1) > 0, largest, 0), s.classes)
    given = scores if kind == "logits" else expit(scores)
    return Arrays(s.truth, np.moveaxis(given, -1, 1).astype(np.float32), {}, right)


def nested(s: Scene, kind: str) -> Arrays:
    """Give a region for each class and all that follow, of which no mask holds the last."""
    powers = s.softmax()
    regions = [powers[..., label:].sum(-1) for label in range(1, s.classes)]
    scores = np.stack([*regions[:-1], regions[-1] * 0.1], axis=1)
    truth = np.minimum(s.truth, s.classes - 2)
    found, true = scores > 0.5, [truth >= label for label in range(1, s.classes - 1)]
    ious = [
        (own & one).sum() / (own | one).sum()
        for own, one in zip(true, found.swapaxes(0, 1), strict=False)
    ]
    given = np.round(255 * scores).astype(np.uint8) if kind == "bytes" else scores
    return Arrays(truth, given, {}, float(np.mean(ious)))


def ignored(s: Scene, label: int) -> Arrays:
    options = {"num_classes": s.classes, "ignore_index": label}
    return labels(s, options=options, clean=None)


def ignored_softmax(s: Scene) -> Arrays:
    call = f"keras.metrics.MeanIoU({s.classes}, ignore_class=0, sparse_y_pred=False)"
    return dense(s, options={"metric": call}, clean=None)


def more_classes(s: Scene, times: int) -> Arrays:
    """Say so many times as many classes; a few more could just be absent from the data."""
    return labels(s, options={"num_classes": s.classes * times})


TABLE = (
    Sick("label-out-of-range", "num_classes too small", fewer_classes, SOME[:4], [1, 2]),
    Sick("label-out-of-range", "stray label", stray, ["street/0.9", "blobs/0.7", "volume/0.7"]),
    Sick("label-out-of-range", "stray label, softmax", stray_softmax, ["street/0.7"]),
    Sick("prediction-out-of-range", "high", stray_predictions, ["street/0.9", "organs/0.7"]),
    Sick("prediction-out-of-range", "negative", negative_predictions, ["street/0.7", "blobs/0.9"]),
    Sick("channel-count-mismatch", "one more", extra_channel, [*SOME[:4], "blobs/0.7"]),
    Sick("channel-count-mismatch", "one more, one-hot", extra_channel_one_hot, ["street/0.7"]),
    Sick("channel-count-mismatch", "one less", missing_channel, ["street/0.7", "organs/0.9"]),
    Sick(
        "objects-as-channels",
        "one mask on the other side",
        stacked,
        ["organs/0.9", "volume/0.7"],
        ["masks", "predictions"],
        repairs=True,
    ),
    Sick(
        "objects-as-channels",
        "no channel for background",
        without_background,
        ["organs/0.9", "organs/0.7"],
        ["logits", "sigmoid"],
    ),
    Sick(
        "objects-as-channels",
        "regions inside each other, one in no mask",
        nested,
        ["organs/0.9"],
        ["scores", "bytes"],
    ),
    Sick("labels-off-by-one", "labels", shifted, SOME, ["masks", "predictions"], repairs=True),
    Sick("labels-off-by-one", "binary", shifted, ["blobs/0.9"], ["masks"], repairs=True),
    Sick(
        "labels-off-by-one",
        "softmax",
        shifted_softmax,
        ["street/0.7", "patches-150/0.7", "volume/0.9"],
        repairs=True,
    ),
    Sick(
        "labels-off-by-one",
        "0 is nothing",
        shifted_with_nothing,
        ["street-11/0.7", "patches-150/0.7"],
        repairs=True,
    ),
    Sick("zero-label-reduced", "masks", reduced_masks, SOME, repairs=True),
    Sick("zero-label-reduced", "255 ignored", reduced_ignored, SOME[:3], repairs=True),
    Sick("zero-label-reduced", "softmax", reduced_softmax, SOME[:3], repairs=True),
    Sick("zero-label-reduced", "predictions", reduced_predictions, SOME[:3], repairs=True),
    Sick("undeclared-void-label", "labels", void, SOME, [255, -1, 250, -100, 100], repairs=True),
    Sick("undeclared-void-label", "two", two_voids, SOME, repairs=True),
    Sick("undeclared-void-label", "next id", void_next, ["street-11/0.7"], repairs=True),
    Sick("undeclared-void-label", "binary", void, ["blobs/0.7"], [255], repairs=True),
    Sick(
        "undeclared-void-label",
        "softmax",
        void_softmax,
        ["street/0.7", "volume/0.9", "blobs/0.9"],
        [255],
        repairs=True,
    ),
    Sick("undeclared-void-label", "files", void_files, ["street/0.7"], repairs=True),
    Sick(
        "permuted-classes",
        "labels",
        permuted,
        ["street/0.9", "street-11/0.9", "patches-21/0.7", "wires/0.9"],
        ["two swapped", "reversed", "shuffled"],
        repairs=True,
    ),
    Sick(
        "permuted-classes", "softmax", permuted_softmax, ["street/0.7", "volume/0.9"], repairs=True
    ),
    Sick("permuted-classes", "masks", permuted_masks, ["street-11/0.9"], repairs=True),
    Sick(
        "foreign-label-ids",
        "Cityscapes",
        foreign,
        ["street-19/0.9", "street-19/0.45"],
        ["cityscapes"],
        repairs=True,
    ),
    Sick(
        "foreign-label-ids",
        "Cityscapes, softmax",
        foreign_softmax,
        ["street-19/0.7"],
        ["cityscapes"],
        repairs=True,
    ),
    Sick(
        "foreign-label-ids",
        "Cityscapes, predictions",
        foreign_predictions,
        ["street-19/0.7"],
        ["cityscapes"],
    ),
    Sick("foreign-label-ids", "CamVid, 32", foreign, ["street-11/0.7"], ["camvid_32"]),
    Sick(
        "inverted-masks",
        "labels",
        inverted,
        ["blobs/0.9", "blobs-square/0.7", "specks/0.9"],
        ["masks", "predictions"],
        repairs=True,
    ),
    Sick("inverted-masks", "sigmoid", inverted_sigmoid, ["blobs/0.7", "blobs/0.9"], repairs=True),
    Sick("inverted-masks", "softmax", inverted_softmax, ["blobs/0.7"], repairs=True),
    Sick("instance-ids", "each image", instances, ["cells/0.9", "cells/0.7"], [np.uint8, np.int32]),
    Sick("instance-ids", "all images", instances_of_all, ["cells/0.9", "street/0.7"]),
    Sick("instance-ids", "cut to 8 bits", instances_cut, ["cells/0.9", "cells/0.45"]),
    Sick("instance-ids", "segments", segments, ["street-square/0.9", "wires/0.7"], [np.uint8]),
    Sick("instance-ids", "softmax", instances_softmax, ["cells/0.7"]),
    Sick("instance-ids", "1000 * class", instances_1000, ["street/0.7", "organs/0.9"]),
    Sick(
        "recoded-class-ids",
        "masks",
        recoded,
        SOME,
        ["multiples", "gaps", "codes"],
        repairs=True,
    ),
    Sick(
        "recoded-class-ids",
        "predictions",
        recoded_predictions,
        ["street/0.9", "patches-21/0.7"],
        ["multiples", "gaps", "codes"],
        repairs=True,
    ),
    Sick(
        "recoded-class-ids", "softmax", recoded_softmax, ["street/0.7", "organs/0.9"], repairs=True
    ),
    Sick("ignored-class-in-range", "labels", ignored, ["street/0.7", "blobs/0.9"], [0, 1]),
    Sick("ignored-class-in-range", "softmax", ignored_softmax, ["street/0.9", "organs/0.7"]),
    Sick("num-classes-too-large", "labels", more_classes, SOME[:4], [2, 5]),
    Sick("num-classes-too-large", "binary", more_classes, ["blobs/0.7"], [5]),
)
