"""The ledger is of the arrays that the report ends with, or there is none."""

from __future__ import annotations

import numpy as np
import pytest

import iou_doctor
from iou_doctor.diagnosis.passes import Passes


def make_pair(seed=0):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 3, (8, 4, 6))
    masks = cells.repeat(8, 1).repeat(8, 2).astype(np.uint8)
    wrong = rng.random(masks.shape) < 0.15
    return masks, np.where(wrong, rng.integers(0, 3, masks.shape), masks).astype(np.uint8)


def test_a_healthy_pair_has_the_ledger_of_the_stored_arrays():
    masks, predictions = make_pair()
    report = iou_doctor.check(y_true=masks, y_pred=predictions)
    assert report.ledger.of == "as-stored"
    assert report.ledger.missing == 1 - report.mean_iou
    assert report.interval.low < report.mean_iou < report.interval.high
    assert report.interval.images == 8


def test_a_repaired_pair_has_the_ledger_of_the_arrays_after_the_repair(monkeypatch):
    passes = []
    recount = Passes.recount
    monkeypatch.setattr(
        Passes, "recount", lambda self, *rest: passes.append(rest) or recount(self, *rest)
    )
    masks, predictions = make_pair()
    right = iou_doctor.check(y_true=masks, y_pred=predictions)
    flipped = iou_doctor.check(y_true=masks, y_pred=predictions[:, ::-1])
    assert flipped.primary.rule.name == "flipped-samples"
    assert flipped.ledger.of == "after-repair"
    assert flipped.ledger.pairs == right.ledger.pairs
    assert flipped.interval == right.interval
    assert len(passes) == 1  # the ledger needs no pass of its own


@pytest.mark.parametrize("fault", ["no repair", "overlapping channels"])
def test_arrays_that_stay_misread_have_no_ledger(fault):
    masks, predictions = make_pair()
    metric = None
    if fault == "no repair":
        predictions = predictions.astype(np.float32)
        predictions[0, 0, 0] = np.nan
    else:
        masks, predictions = (
            np.stack([labels > 0, labels > 1, labels == 1], axis=1).astype(np.uint8)
            for labels in (masks, predictions)
        )
        metric = "MultilabelJaccardIndex(num_labels=3)"
    report = iou_doctor.check(y_true=masks, y_pred=predictions, metric=metric)
    assert report.ledger is None
    assert report.interval is None


def test_a_model_that_predicts_one_class_has_a_ledger():
    masks, _ = make_pair()
    report = iou_doctor.check(y_true=masks, y_pred=np.zeros_like(masks), num_classes=3)
    assert report.primary.rule.name == "collapsed-predictions"
    assert {pair.prediction for pair in report.ledger.pairs} == {0}
