"""The recorded answers of Keras 3.15.1 and tf-keras 2.21.0, compared without either of them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from iou_doctor.checkup import Questions, check
from iou_doctor.reading import Options
from iou_doctor.source import Pair
from iou_doctor.sources import ArraySource


def recorded(name):
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


KERAS, TF_KERAS = recorded("golden_keras.json"), recorded("golden_tf_keras.json")["expect"]
CASES = [
    pytest.param(fixture, call, value, id=f"{fixture['id']}-{call.replace('.metrics', '')}")
    for fixture in KERAS["fixtures"]
    for call, value in fixture["expect"] + TF_KERAS[fixture["id"]]
]


def array(stored):
    data, dtype = stored["data"], stored["dtype"]
    if isinstance(data, str):
        values = np.frombuffer(base64.b64decode(data), np.dtype(dtype).newbyteorder("<"))
    else:
        values = np.array(data, dtype)
    return values.reshape(stored["shape"])


@pytest.mark.parametrize(("fixture", "call", "value"), CASES)
def test_a_recorded_answer_is_reported(fixture, call, value):
    pair = Pair(
        y_true=ArraySource(array(fixture["y_true"]), "y_true"),
        y_pred=ArraySource(array(fixture["y_pred"]), "y_pred"),
    )
    metric = check(pair, Options(), Questions(metric_call=call)).metric
    if value is None:
        assert metric.value is None
        assert metric.error is not None
    else:
        assert metric.value == pytest.approx(value, abs=2e-6)
        assert metric.error is None


def test_every_recorded_contract_is_there():
    assert len(CASES) == 201 + 62
