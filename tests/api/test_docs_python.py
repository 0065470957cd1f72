"""The code on the page about Python does what the page says."""

from __future__ import annotations

import numpy as np
import pytest
from build import noisy, one_hot, probabilities, scene
from pages import find_python

import iou_doctor

MASKS = scene(1)


@pytest.fixture
def names():
    """Return the names that the code of the page takes for given."""
    predictions = probabilities(MASKS, 2, classes=3)
    return {"iou_doctor": iou_doctor, "masks": one_hot(MASKS, 3), "predictions": predictions}


def test_a_report_turns_into_files_and_tables(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names["report"] = iou_doctor.check(y_true=MASKS, y_pred=noisy(MASKS, 2), num_classes=3)
    exec(find_python("tables"), names)
    assert (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_test_asserts_that_the_format_is_right(names):
    with pytest.raises(AssertionError, match="never argmaxed"):
        exec(find_python("assert"), names)
    exec(find_python("assert"), {**names, "masks": MASKS, "predictions": noisy(MASKS, 2)})


def test_a_metric_object_is_read(names):
    names["keras"] = pytest.importorskip("keras", reason="Keras is not installed")
    exec(find_python("metric"), {**names, "masks": MASKS, "predictions": MASKS})


def test_why_and_fix(names, capsys):
    exec(find_python("why"), names)
    assert "never argmaxed" in " ".join(capsys.readouterr().out.split())
    assert names["explanation"].matches[0].suspects[0].cause.name == "unargmaxed-probabilities"
    assert names["repaired"].repairs == ("argmax predictions and masks (unargmaxed-probabilities)",)
    assert np.array_equal(names["predictions"], MASKS)


def test_compare(names, capsys):
    both = {"old": noisy(MASKS, 1), "new": noisy(MASKS, 2, share=0.05)}
    exec(find_python("compare"), {**names, **both, "masks": MASKS})
    text = " ".join(capsys.readouterr().out.split())
    assert "the predictions themselves differ" in text
    assert "beyond noise: with other images" in text or "within noise: with other images" in text


def test_two_metrics_are_compared_and_what_is_missing_is_named():
    pair = {"y_true": MASKS, "before": noisy(MASKS, 1)}
    found = iou_doctor.compare(
        **pair, versus_metric="jaccard_score(y_true, y_pred, average='macro')"
    )
    assert found.same_predictions
    assert found.to_dict()["gain"] == pytest.approx(found.gain)
    assert repr(found).startswith("<Comparison: ")
    with pytest.raises(iou_doctor.errors.UsageError, match="before= and after="):
        iou_doctor.compare(**pair)
