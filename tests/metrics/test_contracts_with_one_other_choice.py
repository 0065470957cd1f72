"""Contracts that were read and not run, and differ from a recorded one by a single choice."""

import numpy as np
import pytest
from metrics.build_inputs import build_inputs

from iou_doctor.metrics.registry import CONTRACTS, evaluate

BY_NAME = {contract.name: contract for contract in CONTRACTS}
TRUTH = np.array([[0, 0, 1, 1], [0, 1, 1, 1]])
PREDICTED = np.array([[0, 1, 1, 1], [0, 0, 1, 1]])


def value(name, classes, truth=TRUTH):
    inputs = build_inputs(y_true=truth, y_pred=PREDICTED, num_classes=classes)
    return evaluate(BY_NAME[name], inputs).value


def test_torchmetrics_before_1_0_counts_an_absent_class_as_0():
    now = value("torchmetrics.JaccardIndex[macro]", 3)
    assert now == pytest.approx((2 / 4 + 4 / 6) / 2)
    assert value("torchmetrics.JaccardIndex[macro]@0.11", 3) == pytest.approx(now * 2 / 3)
    assert value("torchmetrics.JaccardIndex[macro]@0.11", 2) == now


def test_ultralytics_reports_class_1_alone_where_there_is_one():
    assert value("ultralytics.SemanticMetrics[nc=1]", 2) == pytest.approx(4 / 6)
    assert value("ultralytics.SemanticMetrics[nc=1]", 2, np.zeros_like(TRUTH)) == 0
