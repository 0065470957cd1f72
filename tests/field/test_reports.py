"""Public reports, rebuilt as arrays, get the right cause and, after the repair, the right score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from build import diagnose, roots

from field.reports import CASES
from iou_doctor.report.finding import Severity
from iou_doctor.report.report import Report

README = Path(__file__).with_name("README.md")
TRAINING = ("class weights", "weight the loss", "sort both")


def list_root_errors(report: Report) -> list[str]:
    return [f.rule.name for f in roots(report) if f.severity is Severity.ERROR]


@pytest.mark.parametrize("name", CASES)
def test_report(name):
    case = CASES[name]()
    report = diagnose(y_true=case.masks, y_pred=case.predictions, **case.options)
    texts = [f"{finding.message} {finding.help}" for finding in report.findings]
    if case.cause is None:
        assert list_root_errors(report) == []
        assert any(case.says in text for text in texts)
        return
    assert report.verdict.primary == case.cause
    assert case.says in texts[0]
    if case.score is None:
        return
    scores = [f.repair.mean_iou_after for f in roots(report) if f.repair]
    assert scores[0] == pytest.approx(case.score)
    if case.cause != "shuffled-samples":
        assert not any(advice in text for text in texts for advice in TRAINING)


@pytest.mark.parametrize("name", ["raw_semantic_kitti_labels", "simpleitk_against_nibabel"])
def test_other_dtypes_and_no_number_of_classes_change_nothing(name):
    case = CASES[name]()
    masks, predictions = case.masks.astype(np.float32), case.predictions.astype(np.int64)
    report = diagnose(y_true=masks, y_pred=predictions)
    assert report.verdict.primary == case.cause
    assert report.primary.repair.mean_iou_after == pytest.approx(case.score)


def test_the_table_lists_every_report():
    text = README.read_text("utf-8")
    missing = [name for name in CASES if f"`{name}`" not in text]
    assert not missing
