"""Odd arrays of every kind: the doctor may refuse them by name, but never crash or warn."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, noisy, one_hot, scene

from iou_doctor.errors import IouDoctorError

CASES = 500
SPATIAL = [(), (1,), (1, 1), (1, 9), (7, 1), (2, 2), (3, 5), (16, 24), (2, 3, 4), (600,)]
CLASSES = [2, 3, 4, 21, 150]
WHOLE = [np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint16, np.uint32, np.uint64, np.bool_]
FLOATS = [np.float16, np.float32, np.float64]
EXTREMES = [0.0, -0.0, 1.0, 0.5, -1.0, 65504.0, 6e-8, np.nan, np.inf, -np.inf]
HUGE = [1e300, -1e300, 1e19, 3e38, np.nan, 0.0]
CALLS = [
    "MeanIoU(num_classes={c}{i})",
    "MeanIoU(num_classes={c}{i}, sparse_y_pred=False)",
    "MeanIoU(num_classes={c}{i}, sparse_y_true=False, sparse_y_pred=False)",
    "IoU(num_classes={c}, target_class_ids=[0, 1]{i})",
    "OneHotMeanIoU(num_classes={c}{i})",
    "OneHotIoU(num_classes={c}, target_class_ids=[1]{i})",
    "BinaryIoU(target_class_ids=[0, 1], threshold=0.5)",
    "BinaryIoU(target_class_ids=[1], threshold=0)",
]


def labels(rng, shape, classes):
    """Return label maps, some of them odd."""
    values = {
        "classes": range(classes),
        "one": [rng.integers(classes)],
        "void": [255],
        "classes and void": [*range(classes), 255],
        "0 and 255": [0, 255],
        "few of many": rng.integers(0, classes, 2),
        "negative": [-1, -2, 0, -128, 3],
        "limits": [0, 2**63 - 1, -(2**63), 2**40, 65535, -9999],
        "bytes": range(256),
        "instances": range(1000, 1000 * classes, 500),
    }
    kind = rng.choice(list(values))
    drawn = rng.choice(np.array(list(values[kind]), dtype=np.int64), shape)
    return np.asarray(drawn).astype(rng.choice(WHOLE + FLOATS[1:]))


def limits_of_unsigned(rng, shape, classes):
    return rng.choice(np.array([0, 1, classes, 2**64 - 1], dtype=np.uint64), shape)


def scores(rng, shape, classes):
    """Return class scores, some of them odd; channels last or first."""
    shape = (*shape, classes)
    values = rng.normal(0, rng.choice([0.1, 5, 80]), shape)
    kind = rng.choice(["logits", "softmax", "sigmoid", "one-hot", "zeros", "ones"])
    if kind in {"softmax", "sigmoid"}:
        powers = np.exp(values - values.max(-1, keepdims=True))
        values = powers / (powers.sum(-1, keepdims=True) if kind == "softmax" else 1 + powers)
    elif kind == "one-hot":
        values = one_hot(values.argmax(-1), classes)
        values[rng.random(shape[:-1]) < 0.3] = 0
    elif kind in {"zeros", "ones"}:
        values = np.full(shape, kind == "ones")
    if rng.random() < 0.3:
        values = np.moveaxis(values, -1, min(1, values.ndim - 1))
    return values.astype(rng.choice(FLOATS))


def one_channel(rng, shape, _):
    values = rng.choice([0.05, 0.95], shape) if rng.random() < 0.3 else rng.random(shape)
    return np.asarray(values).astype(rng.choice(FLOATS))


def odd(rng, shape, classes):
    """Return what no one wants: constants, extremes, NaN; with a class axis or without."""
    shape = (*shape, classes) if rng.random() < 0.5 else shape
    kind = rng.choice(["extremes", "huge", "constant"])
    if kind == "huge":
        return np.asarray(rng.choice(HUGE, shape)).astype(np.float64)
    values = (
        rng.choice(EXTREMES, shape) if kind == "extremes" else np.full(shape, rng.choice(EXTREMES))
    )
    return np.asarray(values).astype(rng.choice(FLOATS))


def colours(rng, shape, classes):
    palette = rng.integers(0, 256, (classes, rng.choice([3, 4])))
    if rng.random() < 0.3:
        palette[:] = palette[:, :1]
    return np.asarray(palette[rng.integers(0, classes, shape)]).astype(
        rng.choice([np.uint8, np.int64, np.float32])
    )


def damaged(rng, ids, classes):
    """Return a label map after one or two faults of those that rules look for."""
    faults = [
        lambda a: a.astype(np.uint8) + np.uint8(1),
        lambda a: a.astype(np.uint8) - np.uint8(1),
        lambda a: a * 255,
        lambda a: (a / 255).astype(np.float32),
        lambda a: np.where(rng.random(a.shape) < 0.1, 255, a),
        lambda a: rng.permutation(256)[a.astype(np.int64) % 256],
        lambda a: np.where(rng.random(a.shape) < 0.05, np.nan, a).astype(np.float32),
        lambda a: a[::-1],
        lambda a: a[..., ::-1],
        lambda a: np.roll(a, 2, -1),
        lambda a: np.repeat(a, 2, -1),
        lambda a: a.reshape(len(a), -1),
        lambda a: np.swapaxes(a, -1, -2) if a.ndim > 2 else a,
        lambda a: a.astype(np.int64) * 1000 + rng.integers(0, 9, a.shape),
        lambda a: (a + np.roll(a, 1, -1)) / 2,
        lambda a: one_hot(a, classes, np.float16),
        lambda a: np.log(one_hot(a, classes, np.float32) + np.float32(0.1)),
        lambda a: one_hot(a, classes, np.float64) * 0.9 + 0.1 / classes,
        lambda a: rng.integers(0, 256, (256, 3), dtype=np.uint8)[a.astype(np.int64) % 256],
        lambda a: np.zeros_like(a),
    ]
    for _ in range(rng.integers(0, 3)):
        with np.errstate(all="ignore"):
            ids = faults[rng.integers(len(faults))](ids)
        if ids.size > 200_000 or ids.dtype.kind == "f":
            break
    return ids


def agreeing(rng, shape, classes):
    """Return masks and predictions of the same scene, each with faults of its own."""
    truth = scene(
        int(rng.integers(2**31)),
        samples=shape[0],
        height=int(rng.integers(4, 30)),
        width=int(rng.integers(4, 30)),
        classes=min(classes, 12),
    )
    said = noisy(truth, int(rng.integers(2**31)), share=rng.choice([0, 0.1, 0.5]), classes=classes)
    return [damaged(rng, truth, classes), damaged(rng, said, classes)]


KINDS = [labels, labels, limits_of_unsigned, scores, scores, one_channel, odd, colours]


def case(seed):
    """Return two arrays and options."""
    rng = np.random.default_rng(seed)
    classes = int(rng.choice(CLASSES, p=[0.3, 0.3, 0.2, 0.1, 0.1]))
    shape = (int(rng.choice([1, 1, 2, 5, 20])), *SPATIAL[rng.integers(len(SPATIAL))])
    arrays = [KINDS[rng.integers(len(KINDS))](rng, shape, classes) for _ in range(2)]
    if rng.random() < 0.5:
        arrays = agreeing(rng, shape, classes)
    for index in range(2):
        if rng.random() < 0.2:
            arrays[index] = arrays[index][..., None]
        if rng.random() < 0.05:
            arrays[index] = arrays[index][..., ::2]
    ignore = rng.choice([None, None, 0, 1, 255, -1, classes])
    options = {}
    if rng.random() < 0.6:
        said = "" if ignore is None else f", ignore_class={ignore}"
        options["metric"] = rng.choice(CALLS).format(c=classes, i=said)
    elif rng.random() < 0.6:
        options = {"num_classes": classes, "ignore_index": ignore}
    return arrays[0], arrays[1], options


@pytest.mark.parametrize("start", range(0, CASES, 50))
def test_odd_arrays_are_diagnosed_or_refused(start):
    refused = 0
    for seed in range(start, start + 50):
        y_true, y_pred, options = case(seed)
        try:
            diagnose(y_true=y_true, y_pred=y_pred, **options)
        except IouDoctorError:
            refused += 1
        except Exception as error:
            note = f"seed {seed}: {y_true.dtype} {y_true.shape}, {y_pred.dtype} {y_pred.shape}"
            error.add_note(f"{note}, {options}")
            raise
    assert refused < 25


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("class_axis", [1, 3])
def test_channels_without_a_finite_value_are_not_called_one_hot(bad, class_axis):
    masks = np.moveaxis(np.full((2, 3, 5, 4), bad, np.float32), -1, class_axis)
    labels = np.random.default_rng(0).integers(0, 4, (2, 3, 5))
    report = diagnose(y_true=masks, y_pred=labels, num_classes=4)
    found = {finding.rule.name for finding in report.findings}
    assert "non-finite-masks" in found
    assert "one-hot-masks" not in found
