from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from build import diagnose, logits, noisy, one_hot, probabilities, scene, sigmoid

from iou_doctor import checks
from iou_doctor.finding import Severity

# code, name, severity: public, and never changed
BUILT = """
IOU101 shape-mismatch error
IOU102 sample-count-mismatch error
IOU103 channels-first error
IOU105 height-width-swapped error
IOU106 extra-axis warning
IOU107 resolution-mismatch error
IOU201 unargmaxed-probabilities error
IOU202 unargmaxed-logits error
IOU203 unthresholded-sigmoid error
IOU207 non-finite-predictions error
IOU301 missing-one-hot error
IOU302 one-hot-masks error
IOU303 masks-0-255 error
IOU304 masks-divided-by-255 error
IOU311 non-finite-masks error
IOU401 label-out-of-range error
IOU402 prediction-out-of-range error
IOU403 channel-count-mismatch error
IOU406 undeclared-void-label warning
IOU605 dropped-pixels warning
IOU608 metric-misreads-arrays error
IOU701 class-imbalance warning
IOU702 collapsed-predictions error
IOU703 never-predicted-class warning
"""
NOT_YET_BUILT = """
reshaped-not-transposed inputs-swapped reading-drift softmax-over-wrong-axis double-activation
single-channel-softmax argmax-over-wrong-axis channels-not-normalised threshold-off
interpolated-predictions colour-predictions labels-as-channels logits-thresholded-as-probabilities
interpolated-masks jpeg-masks colour-masks palette-read-as-grey stretched-labels soft-masks
invalid-one-hot replicated-grey-masks labels-off-by-one zero-label-reduced permuted-classes
foreign-label-ids inverted-masks instance-ids ignored-class-in-range num-classes-too-large
shuffled-samples flipped-samples shifted-predictions misplaced-tiles shared-padding
duplicated-samples predictions-equal-masks absent-class unlabelled-class-predicted counter-overflow
index-overflow averaging-gap suspicious-perfect-score score-regression model-output-mismatch
model-without-activation constant-output unsafe-model-file
"""
TABLE = [tuple(line.split()) for line in BUILT.split("\n") if line]
ALL_NAMES = {name for _, name, _ in TABLE} | set(NOT_YET_BUILT.split())

T = scene(1)
P = noisy(T, 2)
V = np.where(np.arange(18) == 5, 255, T.astype(np.int64))
SICK = [
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
]


def rules():
    return [check.rule for check in checks.all_checks()]


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
    files = {path.stem for path in Path(checks.__file__).parent.glob("[!_]*.py")}
    assert files == {rule.name.replace("-", "_") for rule in rules()}
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert files <= tests


@pytest.mark.parametrize("check", checks.all_checks(), ids=lambda check: check.rule.code)
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


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_explained_rules_exist_and_are_other_rules(rule):
    assert rule.explains <= ALL_NAMES - {rule.name}


def test_no_two_rules_explain_each_other():
    pairs = {(rule.name, name) for rule in rules() for name in rule.explains}
    assert not pairs & {(two, one) for one, two in pairs}


def test_every_rule_is_among_the_findings_looked_at_here(findings):
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
    assert {f.level for f in findings} <= {Severity.ERROR, Severity.WARNING, Severity.NOTE}
    assert all(f.level is f.rule.severity for f in findings)
