from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from build import diagnose
from checks.sick_arrays import SICK

from iou_doctor.checks import registry
from iou_doctor.report.finding import Severity

# Code, name and severity of the published rules, which never change. A new rule is added here when
# it is published.
PUBLISHED = """
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
IOU215 byte-scores error
IOU216 images-as-predictions error
IOU217 relu-before-sigmoid warning
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
IOU314 normalised-masks error
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
TABLE = [tuple(line.split()) for line in PUBLISHED.split("\n") if line]


def rules():
    return [check.rule for check in registry.load_checks()]


@pytest.fixture(scope="module")
def findings():
    return [finding for arrays in SICK.values() for finding in diagnose(**arrays).findings]


def test_codes_names_and_severities_are_the_published_ones():
    assert set(TABLE) <= {(rule.code, rule.name, str(rule.severity)) for rule in rules()}


def test_codes_and_names_are_unique():
    codes, names = {rule.code for rule in rules()}, {rule.name for rule in rules()}
    assert len(codes) == len(names) == len(rules())


def test_each_rule_has_a_file_of_its_name_and_a_test_of_its_name():
    files = {path.stem for path in Path(registry.__file__).parent.glob("*/[!_]*.py")}
    assert files == {rule.name.replace("-", "_") for rule in rules()}
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("*/test_*.py")}
    assert files <= tests


def test_each_rule_has_a_manual_that_opens_with_one_sentence():
    for check in registry.load_checks():
        lines = check.manual.splitlines()
        assert len(lines) >= 5, check.rule.code
        assert re.fullmatch(r"[A-Z`].*[^.]\.", lines[0]), check.rule.code
        assert ". " not in lines[0], check.rule.code
        assert lines[1] == "", check.rule.code


def test_each_claim_ends_a_sentence():
    for rule in rules():
        assert rule.claim[0].islower(), rule.code
        assert not rule.claim.endswith("."), rule.code


def test_each_rule_has_sick_arrays():
    assert list(SICK) == [rule.code for rule in rules()]


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
    # what the user trusts is a note, and what the arrays prove is an error
    exempt = {"unsafe-model-file", "inputs-swapped", "faulty-samples"}
    others = [f for f in findings if f.rule.name not in exempt]
    assert all(f.severity is f.rule.severity for f in others)
