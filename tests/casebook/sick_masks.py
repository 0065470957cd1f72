"""3xx: masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from casebook.cases import DENSE, Arrays, Sick, binary, dense, encoded, folder, labels, rng
from casebook.pictures import colours_of, interpolated, jpeg, luma, random_palette
from casebook.scenes import Array, Scene, mean_iou

SOME = ["street/0.9", "organs/0.7", "patches-21/0.45"]
BLOBS = ["blobs/0.9", "blobs-square/0.7", "blobs/0.45"]
KNOWN = {"pascal_voc": "patches-21", "camvid": "street-11", "cityscapes": "street-19"}


def labels_for_one_hot(s: Scene, trailing: int) -> Arrays:
    return encoded(s, y_true=s.truth[..., None] if trailing else s.truth)


def labels_for_argmax(s: Scene) -> Arrays:
    call = f"keras.metrics.MeanIoU({s.classes}, sparse_y_true=False, sparse_y_pred=False)"
    return dense(s, y_true=s.truth[..., None].astype(np.int32), options={"metric": call})


def one_hot_and_labels(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=s.one_hot(dtype))


def one_hot_and_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=s.one_hot())


def one_hot_both(s: Scene) -> Arrays:
    return labels(s, y_true=s.one_hot(), y_pred=np.eye(s.classes, dtype=np.uint8)[s.predicted])


def by_255(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=s.truth.astype(dtype) * np.array(255, dtype))


def by_255_unsaid(s: Scene) -> Arrays:
    return labels(s, y_true=s.truth * np.uint8(255), options={})


def by_255_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_true=(s.truth * np.uint8(255))[..., None])


def by_255_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth * np.uint8(255))


def by_255_files(s: Scene) -> Arrays:
    return labels(s, y_true=folder(s.truth * np.uint8(255)), y_pred=folder(s.predicted))


def divided(s: Scene, dtype: Any) -> Arrays:
    return labels(s, y_true=(s.truth / 255).astype(dtype))


def divided_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=(s.truth / 255).astype(np.float32))


def standardised(s: Scene) -> Arrays:
    return labels(s, y_true=((s.truth - s.truth.mean()) / s.truth.std()).astype(np.float32))


def standardised_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_true=np.where(s.truth == 1, np.float32(2.0), np.float32(-0.5)))


def divided_sigmoid(s: Scene) -> Arrays:
    return binary(s, y_true=(s.truth / 255).astype(np.float32))


def interpolated_masks(s: Scene) -> Arrays:
    return labels(s, y_true=interpolated(s.truth, "fractions"), clean=None)


def interpolated_and_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=interpolated(s.truth, "fractions"), clean=None)


def rounded(s: Scene, encoded_as: str) -> Arrays:
    """Round to ids that are no class of these images: elsewhere nothing tells them from classes."""
    sparse = s.ids(np.arange(s.classes) * 4, s.classes * 4 - 3)
    give = dense if encoded_as == "softmax" else labels
    return give(sparse, y_true=interpolated(sparse.truth, "rounded"), clean=None)


def jpeg_binary(s: Scene, quality: int) -> Arrays:
    return labels(s, y_true=jpeg(s.truth * np.uint8(255), quality), clean=None)


def jpeg_levels(s: Scene, quality: int) -> Arrays:
    level = np.uint8(255 // (s.classes - 1))
    return labels(s, y_true=jpeg(s.truth * level, quality), clean=None)


def coloured(s: Scene, palette: str) -> Arrays:
    return labels(s, y_true=colours_of(palette)[s.truth])


def coloured_and_softmax(s: Scene, palette: str) -> Arrays:
    return dense(s, y_true=colours_of(palette)[s.truth])


def coloured_alpha(s: Scene, palette: str) -> Arrays:
    colours = colours_of(palette)[s.truth]
    return labels(s, y_true=np.concatenate([colours, np.full_like(colours[..., :1], 255)], -1))


def coloured_files(s: Scene, palette: str) -> Arrays:
    return labels(s, y_true=folder(colours_of(palette)[s.truth]), y_pred=folder(s.predicted))


def coloured_at_random(s: Scene) -> Arrays:
    return labels(s, y_true=random_palette(s)[s.truth])


def grey_palette(s: Scene, palette: str) -> Arrays:
    return labels(s, y_true=luma(colours_of(palette))[s.truth], clean=None)


def grey_palette_softmax(s: Scene, palette: str) -> Arrays:
    return dense(s, y_true=luma(colours_of(palette))[s.truth], clean=None)


def stretched(s: Scene, how: str) -> Arrays:
    levels = np.arange(s.classes) * 255 / (s.classes - 1)
    if how == "whole steps":
        levels = np.arange(s.classes) * (255 // (s.classes - 1))
    return labels(s, y_true=np.round(levels).astype(np.uint8)[s.truth])


def stretched_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=s.truth * np.uint8(255 // (s.classes - 1)))


def stretched_each(s: Scene) -> Arrays:
    largest = s.truth.max(axis=(1, 2), keepdims=True).clip(1)
    return labels(s, y_true=np.round(s.truth / largest * 255).astype(np.uint8), clean=None)


def smoothed(s: Scene) -> Array:
    return (s.one_hot(np.float32) * 0.9 + 0.1 / s.classes).astype(np.float32)


def soft_and_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=smoothed(s))


def soft_and_labels(s: Scene) -> Arrays:
    return labels(s, y_true=smoothed(s))


def soft_default(s: Scene) -> Arrays:
    return labels(s, y_true=smoothed(s), y_pred=s.softmax())


def soft_binary(s: Scene) -> Arrays:
    return binary(s, y_true=np.where(s.truth > 0, 0.95, 0.05).astype(np.float32))


def missing(s: Scene, value: float) -> Arrays:
    """Fill a corner with what stands for no data."""
    true = s.truth.astype(np.uint16 if value == 65535 else np.float32)
    true[..., :12, :9] = value
    left = np.where(true == s.truth, s.truth.astype(int), -1)
    return labels(s, y_true=true, clean=mean_iou(left, s.predicted, s.classes))


def missing_and_softmax(s: Scene) -> Arrays:
    made = missing(s, -9999)
    options = {"metric": DENSE.format(s.classes)}
    return Arrays(made.y_true.astype(np.int32), s.softmax(), options, made.clean)


def no_class(s: Scene) -> Arrays:
    true = s.one_hot()
    true[rng(s.name).random(s.truth.shape) < 0.03] = 0
    return encoded(s, y_true=true, clean=None)


def two_classes(s: Scene) -> Arrays:
    true = s.one_hot(np.float32)
    true[rng(s.name).random(s.truth.shape) < 0.03, 1:3] = 1
    return encoded(s, y_true=true, clean=None)


def replicated(s: Scene, channels: int) -> Arrays:
    true = np.repeat(s.truth[..., None], channels, -1)
    true[..., 3:] = 255
    return labels(s, y_true=true)


def replicated_and_softmax(s: Scene) -> Arrays:
    return dense(s, y_true=np.repeat(s.truth[..., None], 3, -1))


def replicated_files(s: Scene) -> Arrays:
    grey = np.repeat(s.truth[..., None], 3, -1)
    return labels(s, y_true=folder(grey), y_pred=folder(s.predicted))


KNOWN_WHERE = [(palette, f"{kind}/0.7") for palette, kind in KNOWN.items()]
NO_ARGMAX = "the masks are smoothed and the predictions never argmaxed: both are true"
SOFT = frozenset({"unargmaxed-probabilities"})
TABLE = (
    Sick("missing-one-hot", "for OneHotMeanIoU", labels_for_one_hot, SOME, [0, 1], repairs=True),
    Sick("missing-one-hot", "for argmax", labels_for_argmax, ["street/0.7"], repairs=True),
    Sick("missing-one-hot", "binary", labels_for_one_hot, ["blobs/0.7"], [1], repairs=True),
    Sick(
        "one-hot-masks",
        "and labels",
        one_hot_and_labels,
        SOME,
        [np.uint8, np.float32],
        repairs=True,
    ),
    Sick("one-hot-masks", "and softmax", one_hot_and_softmax, [*SOME, "volume/0.7"], repairs=True),
    Sick("one-hot-masks", "both", one_hot_both, ["street/0.7", "blobs/0.9"], repairs=True),
    Sick(
        "masks-0-255",
        "labels",
        by_255,
        [*BLOBS, "specks/0.7"],
        [np.uint8, np.float32, np.int32],
        repairs=True,
    ),
    Sick("masks-0-255", "no num_classes", by_255_unsaid, ["blobs/0.7"], repairs=True),
    Sick("masks-0-255", "sigmoid", by_255_sigmoid, BLOBS, repairs=True),
    Sick("masks-0-255", "softmax", by_255_softmax, ["blobs/0.7", "blobs/0.45"], repairs=True),
    Sick("masks-0-255", "files", by_255_files, ["blobs/0.9"], repairs=True),
    Sick(
        "masks-divided-by-255",
        "labels",
        divided,
        [*SOME, "blobs/0.7"],
        [np.float32, np.float64],
        repairs=True,
    ),
    Sick(
        "masks-divided-by-255",
        "softmax",
        divided_softmax,
        ["street/0.7", "volume/0.7", "blobs/0.9"],
        repairs=True,
    ),
    Sick("masks-divided-by-255", "sigmoid", divided_sigmoid, ["blobs/0.7"], repairs=True),
    Sick("normalised-masks", "labels", standardised, ["street/0.9", "organs/0.7"], repairs=True),
    Sick("normalised-masks", "sigmoid", standardised_sigmoid, ["blobs/0.7"], repairs=True),
    Sick(
        "interpolated-masks",
        "labels",
        interpolated_masks,
        ["street/0.9", "street-11/0.7", "patches-21/0.9"],
    ),
    Sick("interpolated-masks", "softmax", interpolated_and_softmax, ["street/0.7", "organs/0.9"]),
    Sick(
        "interpolated-masks",
        "rounded",
        rounded,
        ["organs/0.9", "mirror/0.9", "patches-21/0.9", "street/0.9"],
        ["labels", "softmax"],
    ),
    Sick("jpeg-masks", "0 and 255", jpeg_binary, ["blobs/0.9", "blobs-square/0.7"], [75, 95]),
    Sick("jpeg-masks", "three levels", jpeg_levels, ["wires/0.9", "mirror/0.7"], [90]),
    *(Sick("colour-masks", p, coloured, [at], [p], repairs=True) for p, at in KNOWN_WHERE),
    *(
        Sick("colour-masks", f"{p} and softmax", coloured_and_softmax, [at], [p], repairs=True)
        for p, at in KNOWN_WHERE
    ),
    *(
        Sick("colour-masks", f"{p} with alpha", coloured_alpha, [at], [p], repairs=True)
        for p, at in KNOWN_WHERE
    ),
    Sick("colour-masks", "files", coloured_files, ["street-19/0.9"], ["cityscapes"], repairs=True),
    Sick("colour-masks", "ADE20K", coloured, ["patches-150/0.7"], ["ade20k"], repairs=True),
    Sick("colour-masks", "of its own", coloured_at_random, ["street/0.9", "organs/0.7"]),
    *(Sick("palette-read-as-grey", p, grey_palette, [at], [p]) for p, at in KNOWN_WHERE),
    *(
        Sick("palette-read-as-grey", f"{p} and softmax", grey_palette_softmax, [at], [p])
        for p, at in KNOWN_WHERE
    ),
    Sick(
        "stretched-labels",
        "labels",
        stretched,
        [*SOME, "wires/0.7"],
        ["whole steps", "rounded"],
        repairs=True,
    ),
    Sick("stretched-labels", "softmax", stretched_softmax, ["street-11/0.7"], repairs=True),
    Sick("stretched-labels", "each image alone", stretched_each, ["street/0.9", "street-11/0.7"]),
    Sick("soft-masks", "and softmax", soft_and_softmax, ["street/0.9", "organs/0.7"], repairs=True),
    Sick("soft-masks", "and labels", soft_and_labels, ["street/0.7", "wires/0.45"], repairs=True),
    Sick(
        "soft-masks",
        "and softmax, no argmax",
        soft_default,
        ["street/0.7", "organs/0.9"],
        also=SOFT,
        why=NO_ARGMAX,
    ),
    Sick("soft-masks", "and sigmoid", soft_binary, ["blobs/0.7"]),
    Sick(
        "non-finite-masks",
        "labels",
        missing,
        ["street/0.7", "blobs/0.9"],
        [np.nan, np.inf, -9999, 65535],
    ),
    Sick("non-finite-masks", "and softmax", missing_and_softmax, ["street/0.9", "volume/0.7"]),
    Sick("invalid-one-hot", "no class", no_class, ["street/0.7", "organs/0.9", "patches-21/0.7"]),
    Sick("invalid-one-hot", "two classes", two_classes, ["street/0.9", "organs/0.45"]),
    Sick("replicated-grey-masks", "labels", replicated, SOME, [3, 4], repairs=True),
    Sick(
        "replicated-grey-masks",
        "and softmax",
        replicated_and_softmax,
        ["street/0.7", "wires/0.7"],
        repairs=True,
    ),
    Sick("replicated-grey-masks", "files", replicated_files, ["street/0.9"], repairs=True),
)
