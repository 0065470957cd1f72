"""The recorded answers of Keras 3.15.1, which need no Keras to be compared with."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from iou_doctor.checkup import check
from iou_doctor.reading import Options
from iou_doctor.source import Pair
from iou_doctor.sources import ArraySource

RECORDED = json.loads((Path(__file__).parent / "golden_keras.json").read_text(encoding="utf-8"))
CASES = [
    pytest.param(fixture, call, value, id=f"{fixture['id']}-{call.removeprefix('keras.metrics.')}")
    for fixture in RECORDED["fixtures"]
    for call, value in fixture["expect"]
]


def array(recorded):
    data, dtype = recorded["data"], recorded["dtype"]
    if isinstance(data, str):
        values = np.frombuffer(base64.b64decode(data), np.dtype(dtype).newbyteorder("<"))
    else:
        values = np.array(data, dtype)
    return values.reshape(recorded["shape"])


@pytest.mark.parametrize(("fixture", "call", "value"), CASES)
def test_a_recorded_answer_of_keras_is_reported(fixture, call, value):
    pair = Pair(
        y_true=ArraySource(array(fixture["y_true"]), "y_true"),
        y_pred=ArraySource(array(fixture["y_pred"]), "y_pred"),
    )
    metric = check(pair, Options(), metric_call=call).metric
    if value is None:
        assert metric.value is None
        assert metric.error is not None
    else:
        assert metric.value == pytest.approx(value, abs=2e-6)
        assert metric.error is None


def test_every_recorded_contract_is_there():
    assert len(CASES) == 201
