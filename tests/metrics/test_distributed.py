"""Contracts of evaluation by several processes, compared with answers of torch.distributed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from build import diagnose, noisy, scene
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.metrics.libraries import distributed
from iou_doctor.metrics.sharding import Sharding
from iou_doctor.report.score_lookup import parse_score

GOLDEN = json.loads(Path(__file__).with_name("golden_distributed.json").read_text("utf-8"))
MASKS = scene(1, samples=7)
LABELS = noisy(MASKS, 2, share=0.3)


def evaluate(name, masks, predictions, classes, batch_size=None):
    report = diagnose(
        y_true=masks,
        y_pred=predictions,
        num_classes=classes,
        metric=name,
        batch_size=batch_size,
    )
    return report.metric.value


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{len(case['masks'])} samples")
def test_recorded_answers_are_reproduced(case):
    masks, predictions = (np.array(case[name]) for name in ("masks", "predictions"))
    wrong = [
        (name, size, answer, value)
        for name, size, answer in case["expect"]
        if (value := evaluate(name, masks, predictions, case["classes"], size))
        != pytest.approx(answer, abs=1e-7)
    ]
    assert wrong == []
    assert len(case["expect"]) > 30


def test_every_contract_of_2_to_4_processes_was_recorded():
    recorded = {row[0] for case in GOLDEN for row in case["expect"]}
    names = {contract.name for contract in distributed.CONTRACTS if "ranks=8" not in contract.name}
    assert names == recorded


@given(st.integers(1, 30), st.integers(1, 9), st.booleans())
def test_all_processes_get_as_many_samples(samples, ranks, drops):
    dealt = Sharding(ranks, drops).deal(samples, None)
    sizes = {len(own) for own in dealt}
    assert sizes == {samples // ranks if drops else -(-samples // ranks)}
    found = set(np.concatenate(dealt).tolist())
    assert found <= set(range(samples))
    if not drops:
        assert found == set(range(samples))


@pytest.mark.parametrize(
    ("sharding", "samples", "batch_size", "changes"),
    [
        (Sharding(2), 8, None, False),
        (Sharding(2), 7, None, True),
        (Sharding(2, drops=True), 8, None, False),
        (Sharding(2, averages=True), 8, None, True),
        (Sharding(8), 7, None, False),
        (Sharding(1, drops_last_batch=True), 8, 4, False),
        (Sharding(1, drops_last_batch=True), 7, 4, True),
        (Sharding(1, drops_last_batch=True), 7, 8, False),
    ],
)
def test_some_dealings_change_nothing(sharding, samples, batch_size, changes):
    assert sharding.changes(samples, batch_size) is changes


@pytest.mark.parametrize(
    ("name", "batch_size", "words"),
    [
        ("distributed.mean_iou[ranks=2]", None, "repeats the first samples"),
        ("distributed.mean_iou[ranks=3, drop_last]", None, "leaves out the last samples"),
        ("distributed.mean_dice[ranks=4, mean]", None, "mean over the values of 4 processes"),
        ("distributed.mean_iou[last batch dropped]", 4, "last, smaller batch is left out"),
        ("distributed.mean_iou[last batch dropped, mean]", 2, "last, smaller batch is left out"),
    ],
)
def test_why_finds_them(name, batch_size, words):
    value = evaluate(name, MASKS, LABELS, 3, batch_size)
    lookup = diagnose(
        y_true=MASKS,
        y_pred=LABELS,
        num_classes=3,
        batch_size=batch_size,
        score_to_explain=parse_score(f"{value:.4f}"),
    ).lookup
    first = [suspect for match in lookup.matches for suspect in match.suspects][:3]
    assert any(words in suspect.cause.claim for suspect in first), first
    assert any(name in suspect.contracts for suspect in first)
