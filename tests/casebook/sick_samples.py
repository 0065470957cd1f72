"""Volumes in another orientation, and faults of some samples only."""

from __future__ import annotations

import numpy as np

from casebook.cases import Arrays, Sick, binary, dense, labels
from casebook.scenes import Array, Scene

EVERY_FOURTH = slice(1, None, 4)


def transposed(s: Scene, order: tuple[int, ...]) -> Arrays:
    """Return volumes whose spatial axes stand in another order in the predictions."""
    return labels(s, y_pred=s.predicted.transpose(0, *order))


def transposed_softmax(s: Scene) -> Arrays:
    return dense(s, y_pred=s.softmax().transpose(0, 3, 2, 1, 4))


def flipped_volume(s: Scene, axes: tuple[int, ...]) -> Arrays:
    return labels(s, y_pred=np.flip(s.predicted, axes))


def some_masks(s: Scene, how: str) -> Arrays:
    """Return masks of which every fourth has other ids."""
    true = s.truth.astype(int)
    some = true[EVERY_FOURTH]
    changed: dict[str, Array] = {
        "times 255": some * 255,
        "stretched": some * (255 // (s.classes - 1)),
        "inverted": s.classes - 1 - some,
        "one too high": some + 1,
    }
    true[EVERY_FOURTH] = changed[how]
    return labels(s, y_true=true.astype(np.uint8))


def some_masks_beside_softmax(s: Scene) -> Arrays:
    masks = some_masks(s, "stretched").y_true
    return dense(s, y_true=masks)


def one_flipped(s: Scene, sample: int) -> Arrays:
    pred = s.predicted
    pred[sample] = pred[sample, :, ::-1]
    return labels(s, y_pred=pred)


def one_predicted_twice(s: Scene, sample: int) -> Arrays:
    """Return predictions of which one was saved a second time, in place of the next one."""
    pred = s.predicted
    pred[sample + 1] = pred[sample]
    return labels(s, y_pred=pred)


def one_mask_twice(s: Scene, sample: int) -> Arrays:
    true = s.truth.copy()
    true[sample + 1] = true[sample]
    return labels(s, y_true=true)


def some_scores(s: Scene, factor: float) -> Arrays:
    """Return sigmoid scores of which every fourth sample is on another scale."""
    scores = s.sigmoid()
    scores[EVERY_FOURTH] *= factor
    return binary(s, y_pred=scores)


def some_masks_divided(s: Scene) -> Arrays:
    true = s.truth.astype(np.float32)
    true[EVERY_FOURTH] /= 255
    return labels(s, y_true=true)


def each_moved(s: Scene, least: int) -> Arrays:
    """Return predictions that are rolled far, each one by a step of its own."""
    steps = least + 5 * np.arange(len(s.predicted)) % 17
    moved = [
        np.roll(one, (step, -step), (0, 1)) for one, step in zip(s.predicted, steps, strict=True)
    ]
    return labels(s, y_pred=np.stack(moved))


TABLE = (
    Sick(
        "axes-permuted",
        "labels",
        transposed,
        ["volume/0.9", "volume/0.7", "volume/0.45"],
        [(3, 2, 1), (2, 1, 3), (2, 3, 1)],
        repairs=True,
    ),
    Sick("axes-permuted", "softmax", transposed_softmax, ["volume/0.7"], repairs=True),
    Sick(
        "flipped-samples",
        "volumes",
        flipped_volume,
        ["volume/0.9", "volume/0.7"],
        [(1,), (1, 2), (1, 2, 3)],
        repairs=True,
    ),
    Sick("flipped-samples", "one", one_flipped, ["organs/0.9", "organs/0.7"], [0], repairs=True),
    Sick(
        "faulty-samples",
        "two classes",
        some_masks,
        ["blobs/0.9", "blobs/0.7", "blobs-square/0.7"],
        ["times 255", "inverted"],
        repairs=True,
    ),
    Sick(
        "faulty-samples",
        "four classes",
        some_masks,
        ["organs/0.9", "organs/0.7"],
        ["stretched", "one too high"],
        repairs=True,
    ),
    Sick("faulty-samples", "softmax", some_masks_beside_softmax, ["organs/0.9"], repairs=True),
    Sick(
        "faulty-samples",
        "scores",
        some_scores,
        ["blobs/0.9", "blobs-square/0.7"],
        [100, 255],
        repairs=True,
    ),
    Sick(
        "masks-divided-by-255",
        "some",
        some_masks_divided,
        ["organs/0.7", "blobs/0.9"],
        repairs=True,
    ),
    Sick("outlying-samples", "one twice", one_predicted_twice, ["organs/0.9", "organs/0.7"], [2]),
    Sick("outlying-samples", "one mask twice", one_mask_twice, ["organs/0.9", "organs/0.7"], [2]),
    Sick(
        "weak-agreement",
        "each moved",
        each_moved,
        ["blobs/0.9", "blobs/0.7", "street/0.7"],
        [20],
        note=True,
    ),
)
