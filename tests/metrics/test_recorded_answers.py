"""Every known answer of every library, from the counts alone and through the whole flow.

A test goes through all arrays of a contract, a call or a layout, and lists the rows that fail.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from metrics.answers import NOT_RECORDED, collect_answers, describe_difference
from metrics.build_inputs import build_fixture_inputs
from metrics.golden import RAISES, Answer, Fixture, agrees, fixtures

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.metrics.registry import CONTRACTS, evaluate
from iou_doctor.sources.memory.array import ArraySource

FIXTURES = fixtures()
LAYOUTS = sorted({fixture.layout for fixture in FIXTURES})
BY_NAME = {one.name: one for one in CONTRACTS if one.name not in NOT_RECORDED}
CALLED = [
    (fixture, answer)
    for fixture in FIXTURES
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


def list_rows(failed: list[str]) -> str:
    """Return the rows that failed as a message, one a line."""
    return "\n".join([f"{len(failed)} rows differ", *failed])


def describe_row(fixture: Fixture, answer: Answer, size: int | None, difference: str) -> str:
    return f"{fixture.id}, {answer.contract}, batch size {size}: {difference}"


def test_nothing_that_was_recorded_is_left_out():
    assert len(FIXTURES) == 62 + 16
    assert sum(len(fixture.answers) for fixture in FIXTURES) == 2624 + 802 + 462
    assert len(CALLED) == 201 + 62 + 32  # Keras 3.15, tf-keras, Keras 3.15
    assert collect_answers().keys() == BY_NAME.keys()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_contract_gives_every_known_answer(name):
    known = collect_answers()[name]
    assert len(known) >= 3
    failed = []
    for fixture, answer, size in known:
        score = evaluate(BY_NAME[name], replace(build_fixture_inputs(fixture), batch_size=size))
        if difference := describe_difference(score, answer):
            failed.append(describe_row(fixture, answer, size, difference))
    assert not failed, list_rows(failed)


@pytest.mark.parametrize("name", dict.fromkeys(answer.contract for _, answer in CALLED))
def test_the_metric_as_called_gives_every_recorded_answer(name):
    failed = []
    for fixture, answer in CALLED:
        if answer.contract == name:
            call = fixture.calls[name]
            metric = check_pair(pair_of(fixture), CheckRequest(metric=call)).metric
            raises = (metric.error is not None) == (answer.value == RAISES)
            if not agrees(metric.value, answer) or not raises:
                failed.append(f"{fixture.id}, {call}: {metric}, not {answer.value}")
    assert not failed, list_rows(failed)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_whole_flow_gives_every_recorded_answer(layout):
    failed, missing = [], set()
    for fixture in (one for one in FIXTURES if one.layout == layout):
        options = Options(num_classes=fixture.num_classes, ignore_index=fixture.ignore_index)
        for size in (None, *fixture.batch_sizes[:1]):
            request = CheckRequest(options=options, all_implementations=True, batch_size=size)
            scores = {one.name: one for one in check_pair(pair_of(fixture), request).contracts}
            for answer in fixture.answers:
                if size not in fixture.splits(answer):
                    continue
                if answer.contract not in scores:
                    missing.add(answer.contract)
                elif difference := describe_difference(scores[answer.contract], answer):
                    failed.append(describe_row(fixture, answer, size, difference))
    assert not failed, list_rows(failed)
    assert missing <= MAKE_NO_SENSE.get(layout, set())
