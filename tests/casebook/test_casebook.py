"""A slice of the casebook; `python -m casebook` runs all of it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from casebook import combinations, healthy, real, sick
from casebook.both import LEAST_RIGHT, tell
from casebook.scenes import KINDS, mean_iou, scene
from casebook.verdicts import built, listen, see
from iou_doctor.checks import registry

CASES, VARIANTS, PAIRS = 2, 60, 14
"""Sick cases of each rule, healthy variants and pairs of faults, drawn with a fixed seed."""
NOT_HERE = re.compile(r"IOU[68]..|IOU109")
"""Scoring and models: no transform of two arrays alone makes these."""


def drawn(things, count, seed):
    order = np.random.default_rng(seed).permutation(len(things))
    return [things[index] for index in sorted(order[:count])]


def slice_of_cases():
    every = [case for entry in sick.TABLE for case in entry.cases()]
    rules = sorted({case.sick.rule for case in every})
    return [
        case
        for seed, rule in enumerate(rules)
        for case in drawn([case for case in every if case.sick.rule == rule], CASES, seed)
    ]


@pytest.mark.parametrize(
    "case", slice_of_cases(), ids=lambda case: f"{case.sick.rule}: {case.name}"
)
def test_the_root_cause_is_named_and_its_repair_restores_the_score(case):
    assert built(case.sick.rule), "no rule has this name"
    seen = see(case)
    assert seen.right, seen.got
    assert seen.restored or not seen.judged, (seen.repaired, seen.after_all, seen.wanted)


@pytest.mark.parametrize("start", range(0, VARIANTS, 10))
def test_healthy_data_raise_no_error(start):
    variants = drawn(list(healthy.variants()), VARIANTS, 0)[start : start + 10]
    alarms = [alarm for variant in variants if (alarm := listen(variant))]
    assert [alarm for alarm in alarms if (alarm.errors, alarm.off) != ((), None)] == []


@pytest.mark.parametrize(
    "pair", drawn(list(combinations.pairs()), PAIRS, 0), ids=lambda pair: pair.name
)
def test_two_faults_at_once_are_both_found(pair):
    told = tell(pair)
    assert told.found, told.roots
    assert told.right, (told.after_all, told.wanted)


def test_there_are_enough_pairs_of_many_rules():
    pairs = list(combinations.pairs())
    assert len(pairs) > LEAST_RIGHT
    assert len({rule for pair in pairs for rule in pair.rules}) >= 12


def test_every_rule_that_arrays_can_break_has_cases():
    rules = {check.rule for check in registry.load_checks()}
    expected = {rule.name for rule in rules if not NOT_HERE.fullmatch(rule.code)}
    assert expected <= {entry.rule for entry in sick.TABLE}


def test_there_are_enough_cases_and_variants():
    assert sum(len(list(entry.cases())) for entry in sick.TABLE) >= 250
    assert len(list(healthy.variants())) >= 1200


def test_a_case_with_several_true_diagnoses_says_why():
    assert all(bool(entry.also) == bool(entry.why) for entry in sick.TABLE)


def test_scenes_are_the_same_each_time_and_of_the_quality_asked_for():
    for kind in sorted(KINDS):
        first = scene(kind, 0.7)
        scene.cache_clear()
        second = scene(kind, 0.7)
        assert np.array_equal(first.scores, second.scores), kind
        reached = mean_iou(first.truth, first.predicted, first.classes)
        assert reached == pytest.approx(0.7, abs=0.02), kind


def test_real_data_are_never_part_of_the_project():
    assert Path(registry.__file__).parents[2] not in real.FOLDER.resolve().parents
