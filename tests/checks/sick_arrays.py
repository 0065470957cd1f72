"""Small arrays with the fault of each rule, for the tests of all rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from build import logits, noisy, one_hot, probabilities, scene, sigmoid
from checks.alignment.test_misplaced_tiles import shuffled
from checks.masks.test_interpolated_masks import IDS, halved, nearest
from checks.masks.test_jpeg_masks import ringing
from field.arrays import draw_masks
from scenes import boxes, model

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.report.baseline import Baseline, BaselineInput
from iou_doctor.report.minimums import Minimums

T = scene(1)
P = noisy(T, 2)
V = np.where(np.arange(18) == 5, 255, T.astype(np.int64))
S = scene(1, samples=6, height=32, width=48, classes=5)
OBJECTS = np.arange(4)[:, None, None] * 36 + np.kron(
    np.arange(36).reshape(6, 6), np.ones((8, 8), int)
)
LABELS = BaselineInput("labels", None)
BASELINE = Baseline("baseline.json", 3, None, LABELS, LABELS, 0.99, {0: 0.99})
MANY = np.arange(21, dtype=np.uint8).reshape(1, 3, 7)
LARGE = np.zeros((2, 4000, 2500), dtype=np.uint8)
HALF = np.concatenate([LARGE[:1], LARGE[:1] | (np.arange(2500) < 400).astype(np.uint8)])
SCORES = probabilities(P, 3, classes=3)
ODDS = np.exp(logits(P, 3, classes=3) / 4)
TWICE = np.exp(one_hot(P, 3, np.float32))
OF_THE_CLASSES = "MeanIoU(3, sparse_y_pred=False)"
TWO = scene(1, samples=3, height=60, width=60, classes=2)
VOLUME = draw_masks((1, 14, 16, 10), 3, smoothness=3)[0]
D = boxes(1, height=48, width=64)
E = model(D, 2)
RGB = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]], np.uint8)
GREYS = np.array([0, 38, 75, 113, 15], np.uint8)
C = scene(1, samples=3, height=24, width=30, classes=5)
B = scene(1, samples=3, height=48, width=60, classes=2)
SPARSE = np.arange(T.size).reshape(T.shape) % 16 == 0
PHOTOGRAPHS = np.random.default_rng(0).integers(0, 256, (*TWO.shape, 3), dtype=np.uint8)
SICK: dict[str, dict[str, Any]] = {
    "IOU101": {"y_true": T, "y_pred": P[:, :-1]},
    "IOU102": {"y_true": T, "y_pred": P[:1]},
    "IOU103": {"y_true": T, "y_pred": np.moveaxis(probabilities(P, 3, classes=3), -1, 1)},
    "IOU104": {"y_true": T, "y_pred": np.moveaxis(SCORES, -1, 1).reshape(SCORES.shape)},
    "IOU105": {"y_true": T, "y_pred": P.swapaxes(1, 2)},
    "IOU106": {"y_true": T, "y_pred": P[..., None]},
    "IOU107": {"y_true": T, "y_pred": P[:, ::2, ::2]},
    "IOU108": {"y_true": SCORES, "y_pred": T},
    "IOU109": {"y_true": T, "y_pred": P, "num_classes": 4, "baseline": BASELINE},
    "IOU110": {"y_true": VOLUME, "y_pred": noisy(VOLUME, 2).transpose(2, 1, 0)},
    "IOU201": {"y_true": one_hot(T, 3), "y_pred": probabilities(P, 3, classes=3)},
    "IOU202": {"y_true": T, "y_pred": logits(P, 3, classes=3)},
    "IOU203": {"y_true": T > 0, "y_pred": sigmoid(P > 0, 3)},
    "IOU204": {"y_true": T, "y_pred": ODDS / ODDS.sum(axis=1, keepdims=True)},
    "IOU205": {"y_true": T, "y_pred": TWICE / TWICE.sum(axis=-1, keepdims=True)},
    "IOU206": {"y_true": T > 0, "y_pred": np.ones((*T.shape, 1), np.float32)},
    "IOU207": {"y_true": np.where(T == 2, np.nan, T), "y_pred": np.where(T == 1, np.inf, P)},
    "IOU208": {"y_true": T, "y_pred": SCORES.argmax(axis=1), "num_classes": 3},
    "IOU209": {"y_true": T, "y_pred": SCORES / 2, "metric": OF_THE_CLASSES},
    "IOU210": {"y_true": TWO, "y_pred": sigmoid(TWO, 3) ** 3, "metric": "BinaryIoU()"},
    "IOU211": {"y_true": T, "y_pred": np.where(P == 2, 1.5, P)},
    "IOU212": {"y_true": C, "y_pred": RGB[noisy(C, 2, classes=5)], "num_classes": 21},
    "IOU213": {"y_true": T, "y_pred": P, "metric": OF_THE_CLASSES},
    "IOU214": {
        "y_true": T > 0,
        "y_pred": logits(P > 0, 3, classes=2)[..., 1],
        "metric": "BinaryIoU()",
    },
    "IOU215": {"y_true": TWO, "y_pred": (sigmoid(TWO, 3) * 255).astype(np.uint8)},
    "IOU216": {"y_true": TWO, "y_pred": PHOTOGRAPHS, "num_classes": 2},
    "IOU217": {"y_true": TWO, "y_pred": np.where(TWO == 1, 0.9, 0.5), "metric": "BinaryIoU()"},
    "IOU301": {"y_true": T, "y_pred": one_hot(P, 3), "num_classes": 3},
    "IOU302": {"y_true": one_hot(T, 3), "y_pred": P, "num_classes": 3},
    "IOU303": {"y_true": (T > 0) * 255, "y_pred": P > 0, "num_classes": 2},
    "IOU304": {"y_true": T / 255, "y_pred": P},
    "IOU305": {"y_true": halved(IDS).astype(np.float32), "y_pred": nearest(IDS), "num_classes": 10},
    "IOU306": {"y_true": ringing(99 * B, 1), "y_pred": noisy(B, 2, classes=2), "num_classes": 150},
    "IOU307": {"y_true": RGB[C], "y_pred": noisy(C, 2, classes=5), "num_classes": 21},
    "IOU308": {"y_true": GREYS[C], "y_pred": noisy(C, 2, classes=5), "num_classes": 21},
    "IOU309": {"y_true": C * np.uint8(63), "y_pred": noisy(C, 2, classes=5), "num_classes": 5},
    "IOU310": {"y_true": one_hot(T, 3) * 0.9 + 0.1 / 3, "y_pred": one_hot(P, 3), "num_classes": 3},
    "IOU311": {"y_true": np.where(T == 1, -9999, T.astype(int)), "y_pred": P},
    "IOU312": {"y_true": one_hot(V, 3), "y_pred": SCORES, "metric": "OneHotMeanIoU(3)"},
    "IOU313": {"y_true": np.repeat(C[..., None], 3, axis=-1), "y_pred": noisy(C, 2, classes=5)},
    "IOU314": {"y_true": (T - 0.5) / 0.7, "y_pred": P, "num_classes": 3},
    "IOU401": {"y_true": T, "y_pred": P, "num_classes": 2},
    "IOU402": {"y_true": T, "y_pred": np.where(SPARSE, 3, P), "num_classes": 3},
    "IOU403": {"y_true": T, "y_pred": probabilities(P, 3, classes=3), "num_classes": 4},
    "IOU404": {"y_true": S + 1, "y_pred": S},
    "IOU405": {"y_true": np.where(S == 0, 255, S - 1), "y_pred": S, "num_classes": 5},
    "IOU406": {"y_true": V, "y_pred": P},
    "IOU407": {"y_true": S, "y_pred": np.array([0, 2, 1, 3, 4])[S]},
    "IOU408": {"y_true": np.array([7, 8, 11, 26, 24])[S], "y_pred": np.array([0, 1, 2, 13, 11])[S]},
    "IOU409": {"y_true": S > 1, "y_pred": S <= 1, "num_classes": 2},
    "IOU410": {"y_true": OBJECTS, "y_pred": OBJECTS % 2, "num_classes": 2},
    "IOU411": {"y_true": T, "y_pred": P, "num_classes": 3, "ignore_index": 0},
    "IOU412": {"y_true": S, "y_pred": S, "num_classes": 12},
    "IOU413": {"y_true": np.array([0, 1, 2, 4, 8], np.uint8)[S], "y_pred": noisy(S, 2, classes=5)},
    "IOU414": {"y_true": S > 0, "y_pred": one_hot(S, 5)[..., 1:]},
    "IOU501": {"y_true": D, "y_pred": E[[3, 0, 7, 1, 6, 2, 4, 5]]},
    "IOU502": {"y_true": D, "y_pred": E[:, :, ::-1]},
    "IOU503": {"y_true": D, "y_pred": np.roll(E, (5, -4), (1, 2))},
    "IOU504": {"y_true": D, "y_pred": shuffled(E, 4, 5)},
    "IOU505": {
        "y_true": np.pad(D, ((0, 0), (9, 9), (0, 0))),
        "y_pred": np.pad(E, ((0, 0), (9, 9), (0, 0))),
    },
    "IOU506": {"y_true": D[[0, 1, 2, 0]], "y_pred": E[[0, 1, 2, 0]]},
    "IOU507": {"y_true": D, "y_pred": D},
    "IOU508": {
        "y_true": np.where(np.arange(6)[:, None, None] == 3, 255 * (S > 1), S > 1),
        "y_pred": noisy((S > 1).astype(int), 2, share=0.1, classes=2),
    },
    "IOU510": {
        "y_true": D,
        "y_pred": np.where(np.arange(8)[:, None, None] == 3, np.roll(E, (24, 30), (1, 2)), E),
    },
    "IOU601": {"y_true": T * 0, "y_pred": T * 0, "num_classes": 2},
    "IOU602": {"y_true": T.clip(0, 1), "y_pred": P, "num_classes": 3},
    "IOU603": {"y_true": LARGE, "y_pred": HALF, "metric": "tf_keras.metrics.MeanIoU(2)"},
    "IOU604": {"y_true": MANY, "y_pred": MANY, "num_classes": 21},
    "IOU605": {"y_true": T > 0, "y_pred": P, "num_classes": 2},
    "IOU606": {"y_true": np.stack([T[0], T[0] * 0]), "y_pred": np.stack([P[0], T[0] * 0])},
    "IOU607": {"y_true": T * 0, "y_pred": T * 0, "num_classes": 2},
    "IOU608": {
        "y_true": T,
        "y_pred": one_hot(np.where(np.arange(18) == 5, 3, P), 3),
        "metric": "MeanIoU(3, sparse_y_pred=False)",
    },
    "IOU609": {"y_true": T, "y_pred": P, "baseline": BASELINE},
    "IOU610": {"y_true": T, "y_pred": P, "minimums": Minimums(mean=0.9)},
    "IOU611": {"y_true": np.where(SPARSE, T, 255), "y_pred": P, "ignore_index": 255},
    "IOU701": {"y_true": [[[0] * 97 + [1] * 3]], "y_pred": [[[0] * 98 + [1] * 2]]},
    "IOU702": {"y_true": T, "y_pred": np.zeros_like(T), "num_classes": 3},
    "IOU703": {"y_true": T, "y_pred": P.clip(0, 1), "num_classes": 3},
    "IOU704": {
        "y_true": D,
        "y_pred": np.stack([np.roll(one, (20 + 7 * i, 3 * i)) for i, one in enumerate(E)]),
    },
    "IOU801": {"y_true": T, "y_pred": P[:, :-1], "model": ModelFacts("SavedModel", "output_0")},
    "IOU802": {
        "y_true": T,
        "y_pred": logits(P, 3, classes=3),
        "model": ModelFacts("Keras model", "head"),
    },
    "IOU803": {
        "y_true": T,
        "y_pred": P[[0, 0]],
        "model": ModelFacts("SavedModel", "x", constant=True),
    },
    "IOU804": {
        "y_true": T,
        "y_pred": P,
        "model": ModelFacts("SavedModel", "x", unsafe=("PyFunc",)),
    },
}
"""For each rule, the arguments of `diagnose` with which it fires."""
