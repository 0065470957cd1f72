"""The Python in the help of the rules on class ids, run on the arrays that it is written for."""

from __future__ import annotations

import re

import numpy as np
import pytest
from build import diagnose, found, logits, names, noisy, one_hot, probabilities, scene, sigmoid
from help_code import run_help

T = scene(1, samples=6, height=32, width=48, classes=5)
P = noisy(T, 2, classes=5)
BORDER = np.zeros(T.shape, bool)
BORDER[:, :, :3] = True
EXCHANGE = np.array([0, 2, 1, 3, 4])
TWO, GUESS = (T > 1).astype(np.uint8), (P > 1).astype(np.uint8)


def with_void(masks, void, dtype=np.int64):
    return np.where(BORDER, void, masks).astype(dtype)


CASES = {
    "permuted bytes": ("permuted-classes", EXCHANGE[T].astype(np.uint8), P, {}),
    "permuted 16 bits": (
        "permuted-classes",
        with_void(EXCHANGE[T], 65535, np.uint16),
        P,
        {"ignore_index": 65535},
    ),
    "permuted, -1 is void": (
        "permuted-classes",
        with_void(EXCHANGE[T], -1, np.int8),
        P,
        {"ignore_index": -1},
    ),
    "permuted floats": ("permuted-classes", EXCHANGE[T].astype(np.float32), P, {}),
    "permuted predictions": ("permuted-classes", one_hot(T, 5), EXCHANGE[P], {}),
    "permuted channels": (
        "permuted-classes",
        one_hot(T, 5),
        probabilities(EXCHANGE[P], 3, classes=5),
        {},
    ),
    "inverted bytes": ("inverted-masks", 1 - TWO, GUESS, {}),
    "inverted bools": ("inverted-masks", TWO == 0, GUESS, {}),
    "inverted floats": ("inverted-masks", (1 - TWO).astype(np.float32), GUESS, {}),
    "inverted with void": (
        "inverted-masks",
        with_void(1 - TWO, 255, np.uint8),
        GUESS,
        {"ignore_index": 255},
    ),
    "inverted, 0 and 255": ("inverted-masks", (1 - TWO) * np.uint8(255), GUESS, {}),
    "inverted channels": ("inverted-masks", one_hot(1 - TWO, 2), logits(GUESS, 3, classes=2), {}),
    "inverted scores": ("inverted-masks", one_hot(TWO, 2), sigmoid(1 - GUESS, 3), {}),
    "from 1": ("labels-off-by-one", (T + 1).astype(np.uint8), P, {"num_classes": 5}),
    "from 1, 0 is void": ("labels-off-by-one", with_void(T + 1, 0, np.uint8), P, {}),
    "from 1, 255 is void": (
        "labels-off-by-one",
        with_void(T + 1, 255, np.uint8),
        P,
        {"num_classes": 5, "ignore_index": 255},
    ),
    "predictions from 1": ("labels-off-by-one", T, (P + 1).astype(np.uint8), {"num_classes": 5}),
    "channels from 1": ("labels-off-by-one", T, probabilities(P + 1, 3, classes=6), {}),
    "reduced": (
        "zero-label-reduced",
        np.where(T == 0, 255, T - 1).astype(np.uint8),
        P,
        {"num_classes": 5},
    ),
    "reduced to -1": (
        "zero-label-reduced",
        np.where(T == 0, -1, T - 1).astype(np.int8),
        P,
        {"num_classes": 5},
    ),
    "grey levels": ("recoded-class-ids", TWO, GUESS * np.uint8(255), {"num_classes": 2}),
    "thousands": (
        "instance-ids",
        with_void(np.where(T > 1, 1000 * T.astype(np.int64) + 7, T), 65535, np.uint16),
        P,
        {"num_classes": 5, "ignore_index": 65535},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_code_of_the_help_removes_the_fault(case):
    rule, masks, predictions, options = CASES[case]
    before = diagnose(y_true=masks, y_pred=predictions, **options)
    help_text = found(before, rule).help
    masks, predictions = run_help(help_text, masks=masks, predictions=predictions)
    if declared := re.search(r"--ignore-index (-?\d+)", help_text):
        options = {**options, "ignore_index": int(declared[1])}
    after = diagnose(y_true=masks, y_pred=predictions, **options)
    assert not {rule, "label-out-of-range", "undeclared-void-label"} & set(names(after))
    assert after.score.mean_iou == pytest.approx(before.verdict.mean_iou_after_all, abs=1e-3)
