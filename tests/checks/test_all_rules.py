from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from build import diagnose, logits, noisy, one_hot, probabilities, scene, sigmoid
from checks.alignment.test_misplaced_tiles import shuffled
from checks.masks.test_interpolated_masks import IDS, halved, nearest
from checks.masks.test_jpeg_masks import ringing
from scenes import boxes, model

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.checks import registry
from iou_doctor.report.baseline import Baseline, BaselineInput
from iou_doctor.report.finding import Severity

# code, name, severity: public, and never changed
BUILT = """
IOU101 shape-mismatch error
IOU102 sample-count-mismatch error
IOU103 channels-first error
IOU104 reshaped-not-transposed error
IOU105 height-width-swapped error
IOU106 extra-axis warning
IOU107 resolution-mismatch error
IOU108 inputs-swapped warning
IOU109 reading-drift error
IOU201 unargmaxed-probabilities error
IOU202 unargmaxed-logits error
IOU203 unthresholded-sigmoid error
IOU204 softmax-over-wrong-axis error
IOU205 double-activation warning
IOU206 single-channel-softmax error
IOU207 non-finite-predictions error
IOU208 argmax-over-wrong-axis error
IOU209 channels-not-normalised warning
IOU210 threshold-off warning
IOU211 interpolated-predictions error
IOU212 colour-predictions error
IOU213 labels-as-channels error
IOU214 logits-thresholded-as-probabilities error
IOU301 missing-one-hot error
IOU302 one-hot-masks error
IOU303 masks-0-255 error
IOU304 masks-divided-by-255 error
IOU305 interpolated-masks error
IOU306 jpeg-masks warning
IOU307 colour-masks error
IOU308 palette-read-as-grey error
IOU309 stretched-labels error
IOU310 soft-masks error
IOU311 non-finite-masks error
IOU312 invalid-one-hot warning
IOU313 replicated-grey-masks error
IOU401 label-out-of-range error
IOU402 prediction-out-of-range error
IOU403 channel-count-mismatch error
IOU404 labels-off-by-one error
IOU405 zero-label-reduced error
IOU406 undeclared-void-label warning
IOU407 permuted-classes error
IOU408 foreign-label-ids error
IOU409 inverted-masks error
IOU410 instance-ids error
IOU411 ignored-class-in-range warning
IOU412 num-classes-too-large warning
IOU501 shuffled-samples error
IOU502 flipped-samples error
IOU503 shifted-predictions warning
IOU504 misplaced-tiles warning
IOU505 shared-padding note
IOU506 duplicated-samples warning
IOU507 predictions-equal-masks warning
IOU601 absent-class note
IOU602 unlabelled-class-predicted warning
IOU603 counter-overflow warning
IOU604 index-overflow note
IOU605 dropped-pixels warning
IOU606 averaging-gap note
IOU607 suspicious-perfect-score warning
IOU608 metric-misreads-arrays error
IOU609 score-regression error
IOU701 class-imbalance warning
IOU702 collapsed-predictions error
IOU703 never-predicted-class warning
IOU801 model-output-mismatch error
IOU802 model-without-activation note
IOU803 constant-output error
IOU804 unsafe-model-file error
"""
TABLE = [tuple(line.split()) for line in BUILT.split("\n") if line]
ALL_NAMES = {name for _, name, _ in TABLE}

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
D = boxes(1, height=48, width=64)
E = model(D, 2)
RGB = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]], np.uint8)
GREYS = np.array([0, 38, 75, 113, 15], np.uint8)
C = scene(1, samples=3, height=24, width=30, classes=5)
B = scene(1, samples=3, height=48, width=60, classes=2)
SICK = [
    {"y_true": halved(IDS).astype(np.float32), "y_pred": nearest(IDS), "num_classes": 10},
    {"y_true": ringing(99 * B, 1), "y_pred": noisy(B, 2, classes=2), "num_classes": 150},
    {"y_true": RGB[C], "y_pred": noisy(C, 2, classes=5), "num_classes": 21},
    {"y_true": C, "y_pred": RGB[noisy(C, 2, classes=5)], "num_classes": 21},
    {"y_true": GREYS[C], "y_pred": noisy(C, 2, classes=5), "num_classes": 21},
    {"y_true": C * np.uint8(63), "y_pred": noisy(C, 2, classes=5), "num_classes": 5},
    {"y_true": one_hot(T, 3) * 0.9 + 0.1 / 3, "y_pred": one_hot(P, 3), "num_classes": 3},
    {"y_true": one_hot(V, 3), "y_pred": SCORES, "metric": "OneHotMeanIoU(3)"},
    {"y_true": np.repeat(C[..., None], 3, axis=-1), "y_pred": noisy(C, 2, classes=5)},
    {"y_true": D, "y_pred": E[[3, 0, 7, 1, 6, 2, 4, 5]]},
    {"y_true": D, "y_pred": E[:, :, ::-1]},
    {"y_true": D, "y_pred": np.roll(E, (5, -4), (1, 2))},
    {"y_true": D, "y_pred": shuffled(E, 4, 5)},
    {"y_true": np.pad(D, ((0, 0), (9, 9), (0, 0))), "y_pred": np.pad(E, ((0, 0), (9, 9), (0, 0)))},
    {"y_true": D[[0, 1, 2, 0]], "y_pred": E[[0, 1, 2, 0]]},
    {"y_true": D, "y_pred": D},
    {"y_true": T, "y_pred": np.moveaxis(SCORES, -1, 1).reshape(SCORES.shape)},
    {"y_true": SCORES, "y_pred": T},
    {"y_true": T, "y_pred": ODDS / ODDS.sum(axis=1, keepdims=True)},
    {"y_true": T, "y_pred": TWICE / TWICE.sum(axis=-1, keepdims=True)},
    {"y_true": T > 0, "y_pred": np.ones((*T.shape, 1), np.float32)},
    {"y_true": T, "y_pred": SCORES.argmax(axis=1), "num_classes": 3},
    {"y_true": T, "y_pred": SCORES / 2, "metric": OF_THE_CLASSES},
    {"y_true": TWO, "y_pred": sigmoid(TWO, 3) ** 3, "metric": "BinaryIoU()"},
    {"y_true": T, "y_pred": np.where(P == 2, 1.5, P)},
    {"y_true": T, "y_pred": P, "metric": OF_THE_CLASSES},
    {"y_true": T > 0, "y_pred": logits(P > 0, 3, classes=2)[..., 1], "metric": "BinaryIoU()"},
    {"y_true": S + 1, "y_pred": S},
    {"y_true": np.where(S == 0, 255, S - 1), "y_pred": S, "num_classes": 5},
    {"y_true": S, "y_pred": np.array([0, 2, 1, 3, 4])[S]},
    {"y_true": np.array([7, 8, 11, 26, 24])[S], "y_pred": np.array([0, 1, 2, 13, 11])[S]},
    {"y_true": S > 1, "y_pred": S <= 1, "num_classes": 2},
    {"y_true": OBJECTS, "y_pred": OBJECTS % 2, "num_classes": 2},
    {"y_true": S, "y_pred": S, "num_classes": 12},
    {
        "y_true": T,
        "y_pred": one_hot(np.where(np.arange(18) == 5, 3, P), 3),
        "metric": "MeanIoU(3, sparse_y_pred=False)",
    },
    {"y_true": T, "y_pred": P, "baseline": BASELINE},
    {"y_true": T, "y_pred": P, "num_classes": 4, "baseline": BASELINE},
    {"y_true": T.clip(0, 1), "y_pred": P, "num_classes": 3},
    {"y_true": MANY, "y_pred": MANY, "num_classes": 21},
    {"y_true": LARGE, "y_pred": HALF, "metric": "tf_keras.metrics.MeanIoU(2)"},
    {"y_true": T * 0, "y_pred": T * 0, "num_classes": 2},
    {"y_true": np.stack([T[0], T[0] * 0]), "y_pred": np.stack([P[0], T[0] * 0])},
    {"y_true": T, "y_pred": P[:, :-1]},
    {"y_true": T, "y_pred": P[:1]},
    {"y_true": T, "y_pred": np.moveaxis(probabilities(P, 3, classes=3), -1, 1)},
    {"y_true": T, "y_pred": P.swapaxes(1, 2)},
    {"y_true": T, "y_pred": P[..., None]},
    {"y_true": T, "y_pred": P[:, ::2, ::2]},
    {"y_true": one_hot(T, 3), "y_pred": probabilities(P, 3, classes=3)},
    {"y_true": T, "y_pred": logits(P, 3, classes=3)},
    {"y_true": T > 0, "y_pred": sigmoid(P > 0, 3)},
    {"y_true": np.where(T == 2, np.nan, T), "y_pred": np.where(T == 1, np.inf, P)},
    {"y_true": (T > 0) * 255, "y_pred": P > 0, "num_classes": 2},
    {"y_true": T / 255, "y_pred": P},
    {"y_true": T, "y_pred": P, "num_classes": 2},
    {"y_true": T > 0, "y_pred": P, "num_classes": 2},
    {"y_true": T, "y_pred": probabilities(P, 3, classes=3), "num_classes": 4},
    {"y_true": V, "y_pred": P},
    {"y_true": np.where(T == 1, -9999, T.astype(int)), "y_pred": P},
    {"y_true": T, "y_pred": P, "num_classes": 3, "ignore_index": 0},
    {"y_true": T, "y_pred": np.zeros_like(T), "num_classes": 3},
    {"y_true": [[[0] * 97 + [1] * 3]], "y_pred": [[[0] * 98 + [1] * 2]]},
    {"y_true": T, "y_pred": P.clip(0, 1), "num_classes": 3},
    {"y_true": T, "y_pred": P[:, :-1], "model": ModelFacts("SavedModel", "output_0")},
    {"y_true": T, "y_pred": logits(P, 3, classes=3), "model": ModelFacts("Keras model", "head")},
    {"y_true": T, "y_pred": P[[0, 0]], "model": ModelFacts("SavedModel", "x", constant=True)},
    {"y_true": T, "y_pred": P, "model": ModelFacts("SavedModel", "x", unsafe=("PyFunc",))},
]


def rules():
    return [check.rule for check in registry.load_checks()]


@pytest.fixture(scope="module")
def findings():
    return [finding for arrays in SICK for finding in diagnose(**arrays).findings]


def test_codes_names_and_severities_are_the_public_ones():
    assert [(rule.code, rule.name, str(rule.severity)) for rule in rules()] == TABLE


def test_codes_and_names_are_unique():
    assert (
        len({rule.code for rule in rules()}) == len({rule.name for rule in rules()}) == len(TABLE)
    )


def test_each_rule_has_a_file_of_its_name_and_a_test_of_its_name():
    files = {path.stem for path in Path(registry.__file__).parent.glob("*/[!_]*.py")}
    assert files == {rule.name.replace("-", "_") for rule in rules()}
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("*/test_*.py")}
    assert files <= tests


@pytest.mark.parametrize("check", registry.load_checks(), ids=lambda check: check.rule.code)
def test_each_rule_has_a_manual_that_opens_with_one_sentence(check):
    lines = check.manual.splitlines()
    assert len(lines) >= 5
    assert re.fullmatch(r"[A-Z`].*[^.]\.", lines[0])
    assert ". " not in lines[0]
    assert lines[1] == ""


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_each_claim_ends_a_sentence(rule):
    assert rule.claim[0].islower()
    assert not rule.claim.endswith(".")


def test_every_rule_is_among_the_findings_checked_here(findings):
    assert {finding.rule.name for finding in findings} == {rule.name for rule in rules()}


def test_messages_and_helps_are_facts_not_sentences(findings):
    for finding in findings:
        for text in (finding.message, finding.help, finding.evidence or "first"):
            assert text == text.strip()
            assert "\n" not in text
            assert not text.endswith(".")
            # lower case, unless it starts with code (`np.`, `--`, a call) or a class name
            assert text[0].islower() or re.match(r"[A-Z][a-z]+[A-Z]|--|\d|`", text), text


def test_facts_are_json(findings):
    for finding in findings:
        assert json.loads(json.dumps(finding.facts, allow_nan=False)) == finding.facts


def test_repairs_are_in_the_imperative_and_worth_something(findings):
    for finding in findings:
        if finding.repair:
            assert finding.repair.name
            assert finding.repair.mean_iou_after is None or 0 <= finding.repair.mean_iou_after <= 1


def test_errors_are_the_severity_of_their_rule(findings):
    assert {f.severity for f in findings} <= {Severity.ERROR, Severity.WARNING, Severity.NOTE}
    # what the user trusts is a note
    others = [f for f in findings if f.rule.name != "unsafe-model-file"]
    assert all(f.severity is f.rule.severity for f in others)
