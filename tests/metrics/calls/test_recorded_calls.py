"""Each call gives the number that the real library gave for the same arrays; see README.md."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from build import diagnose
from metrics.calls.inputs import INPUTS

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text())


def ask_doctor(call: str, name: str) -> float | str:
    """Return the number that the doctor replays, "raises" or "NaN", or why there is none."""
    truth, predicted, classes = INPUTS[name]
    report = diagnose(
        y_true=truth, y_pred=predicted, metric=call.format(n=classes), num_classes=classes
    )
    if report.metric.error:
        return "raises"
    if report.metric.value is None:
        return "NaN" if report.metric.note == "NaN" else str(report.metric.note)
    return report.metric.value


def is_same(answer: float | str, said: float | str) -> bool:
    if isinstance(answer, str) or isinstance(said, str):
        return answer == said
    return math.isclose(answer, said, abs_tol=2e-6)


@pytest.mark.parametrize("group", ANSWERS)
def test_calls_have_the_answers_of_the_library(group):
    different = {}
    for call, name, answer in ANSWERS[group]:
        said = ask_doctor(call, name)
        if not is_same(answer, said):
            different[call, name] = (answer, said)
    assert different == {}
