"""Every recorded answer of every library, from the counts alone and through the whole flow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from metrics.golden import NAN, RAISES, Answer, Fixture, agrees, fixtures
from metrics.handed import given_of_fixture

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import Questions, check
from iou_doctor.metrics.registry import CONTRACTS, evaluate
from iou_doctor.metrics.score import ContractScore
from iou_doctor.sources.memory.array import ArraySource

FIXTURES = {fixture.id: fixture for fixture in fixtures()}
BY_NAME = {contract.name: contract for contract in CONTRACTS}
CASES = [
    pytest.param(fixture, name, id=f"{fixture.id}-{name}")
    for fixture in FIXTURES.values()
    for name in dict.fromkeys(answer.contract for answer in fixture.answers)
]
CALLS = [
    pytest.param(
        fixture, fixture.calls[answer.contract], answer, id=f"{fixture.id}-{answer.contract}"
    )
    for fixture in FIXTURES.values()
    for answer in fixture.answers
    if answer.contract in fixture.calls
]

MAKE_NO_SENSE = {
    "labels": {"keras.MeanIoU[sparse_y_pred=False]", "keras.OneHotMeanIoU"},
    "one-channel": {"keras.MeanIoU[sparse_y_pred=False]", "keras.OneHotMeanIoU"},
    "channels-last": {
        "keras.MeanIoU[sparse_y_true=False,sparse_y_pred=False]",
        "keras.OneHotMeanIoU",
        "keras.BinaryIoU",
        "keras.BinaryIoU[target=1]",
    },
}
"""Calls that nobody makes with such arrays: argmax over one channel, channels read as labels."""


def pair_of(fixture: Fixture) -> Pair:
    return Pair(ArraySource(fixture.y_true, "masks.npy"), ArraySource(fixture.y_pred, "preds.npy"))


def assert_is(score: ContractScore, answer: Answer) -> None:
    assert agrees(score.value, answer), (score.value, answer.value, score.error or score.note)
    assert (score.error is not None) == (answer.value == RAISES)
    if answer.value == NAN:
        assert score.note == "NaN"
    if answer.per_class is not None:
        assert score.per_class == pytest.approx(answer.per_class, abs=2e-6)


@pytest.mark.parametrize(("fixture", "name"), CASES)
def test_a_contract_gives_the_recorded_answer(fixture, name):
    for answer in fixture.answers:
        for batch_size in fixture.splits(answer) if answer.contract == name else ():
            handed = replace(given_of_fixture(fixture), batch_size=batch_size)
            assert_is(evaluate(BY_NAME[name], handed), answer)


def test_nothing_that_was_recorded_is_left_out():
    assert len(FIXTURES) == 62 + 16
    assert sum(len(fixture.answers) for fixture in FIXTURES.values()) == 2624 + 802 + 462
    assert len(CALLS) == 201 + 62 + 32  # Keras 3.15, tf-keras, Keras 3.15


@pytest.mark.parametrize(("fixture", "call", "answer"), CALLS)
def test_the_metric_as_called_gives_the_recorded_answer(fixture, call, answer):
    metric = check(pair_of(fixture), Options(), Questions(metric_call=call)).metric
    assert agrees(metric.value, answer), metric
    assert (metric.error is not None) == (answer.value == RAISES)


@pytest.mark.parametrize("fixture", FIXTURES.values(), ids=FIXTURES.keys())
def test_the_whole_flow_gives_the_recorded_answers(fixture):
    options = Options(num_classes=fixture.num_classes, ignore_index=fixture.ignore_index)
    missing = set()
    for batch_size in (None, *fixture.batch_sizes[:1]):
        report = check(
            pair_of(fixture), options, Questions(all_implementations=True, batch_size=batch_size)
        )
        told = {score.name: score for score in report.contracts}
        for answer in fixture.answers:
            if batch_size not in fixture.splits(answer):
                continue
            if answer.contract in told:
                assert_is(told[answer.contract], answer)
            else:
                missing.add(answer.contract)
    assert missing <= MAKE_NO_SENSE.get(fixture.layout, set())
