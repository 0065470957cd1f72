"""The ledger is of the arrays that the report ends with, or there is none."""

from __future__ import annotations

import numpy as np
import pytest

import iou_doctor
from iou_doctor.diagnosis.passes import RecountPairs
from iou_doctor.render import markdown
from iou_doctor.render.console import make_file_console
from iou_doctor.render.terminal import render


def make_pair(seed=0, samples=8):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 3, (samples, 4, 6))
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
    recount = RecountPairs.answer
    monkeypatch.setattr(
        RecountPairs, "answer", lambda self, *rest: passes.append(rest) or recount(self, *rest)
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


def test_classes_that_enough_images_have_get_an_interval():
    masks, predictions = make_pair(samples=24)
    report = iou_doctor.check(y_true=masks, y_pred=predictions)
    row = report.per_class[1]
    assert row["low"] < row["iou"] < row["high"]
    (entry,) = [one for one in report.to_dict()["scores"]["per_class"] if one["id"] == 1]
    assert (entry["interval"]["low"], entry["interval"]["images"]) == (row["low"], 24)
    bounds = f"{row['low']:.4f}-{row['high']:.4f}"
    assert f"| {bounds} |" in markdown.render(report)
    assert bounds in render(report, make_file_console(), verbose=True)
    assert bounds not in str(report)
    few = iou_doctor.check(y_true=masks[:19], y_pred=predictions[:19])
    assert np.isnan(few.per_class["low"]).all()
    shifted = iou_doctor.check(y_true=masks, y_pred=predictions + 1, num_classes=3)
    assert np.isnan(shifted.per_class["low"]).all()  # the table is of the arrays as stored
    (again,) = [one for one in shifted.to_dict()["ledger"]["by_class"] if one["id"] == 1]
    assert again["interval"] == entry["interval"]
    text = " ".join(render(shifted, make_file_console(), verbose=True).split())
    assert "intervals of the classes after the repair: class 0 " in text
    assert f"class 1 {bounds}" in text


def test_the_confidence_is_the_users():
    masks, predictions = make_pair()
    wide, narrow = (
        iou_doctor.check(y_true=masks, y_pred=predictions, confidence=one).interval
        for one in (0.99, 0.5)
    )
    assert (wide.confidence, narrow.confidence) == (0.99, 0.5)
    assert wide.low < narrow.low < narrow.high < wide.high
    comparison = iou_doctor.compare(
        y_true=masks, before=predictions, after=masks, num_classes=3, confidence=0.8
    )
    assert comparison.difference.interval.confidence == 0.8
    with pytest.raises(iou_doctor.errors.UsageError, match="confidence 95: give a share"):
        iou_doctor.check(y_true=masks, y_pred=predictions, confidence=95)


def test_arrays_that_do_not_pair_up_have_no_ledger_in_a_format_that_is_copied_too(tmp_path):
    masks, predictions = make_pair()
    np.savez_compressed(tmp_path / "p.npz", predictions[:, :-1])
    np.savez_compressed(tmp_path / "m.npz", masks)
    report = iou_doctor.check(y_true=tmp_path / "m.npz", y_pred=tmp_path / "p.npz")
    assert report.ledger is None
