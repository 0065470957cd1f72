from dataclasses import replace

import numpy as np
import pytest
from build import diagnose, found, names, noisy, outcome, pair_of, probabilities, roots, scene

from iou_doctor.arrays.expected import ExpectedInterpretation
from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.baseline import Baseline, BaselineInput

T = scene(1)
P = noisy(T, 2)
DENSE = probabilities(P, 3, classes=3)
LABELS = BaselineInput("labels", None)
SAME = Baseline("b.json", 3, None, LABELS, LABELS, 0.1, {})


def test_the_same_interpretation_is_no_drift():
    report = diagnose(y_true=T, y_pred=P, num_classes=3, baseline=SAME)
    assert names(report) == []


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"num_classes": 4}, {"num_classes": {"baseline": 4, "now": 3}}),
        ({"ignore_index": 255}, {"ignore_index": {"baseline": 255, "now": None}}),
        (
            {"masks": BaselineInput("one-hot", -1)},
            {
                "masks.encoding": {"baseline": "one-hot", "now": "labels"},
                "masks.class_axis": {"baseline": -1, "now": None},
            },
        ),
    ],
)
def test_each_difference_is_reported(change, facts):
    report = diagnose(y_true=T, y_pred=P, num_classes=3, baseline=replace(SAME, **change))
    assert report.verdict.primary == "reading-drift"
    assert found(report, "reading-drift").facts == facts


def test_drift_explains_a_lower_score():
    before = replace(SAME, num_classes=4, mean_iou=0.99)
    report = diagnose(y_true=T, y_pred=P, num_classes=3, baseline=before)
    assert report.explains == {"reading-drift": ("score-regression",)}


def test_predictions_that_are_no_longer_argmaxed_explain_the_drift():
    report = diagnose(y_true=T, y_pred=DENSE, num_classes=3, baseline=SAME)
    assert report.verdict.primary == "unargmaxed-probabilities"
    assert [finding.rule.name for finding in roots(report)] == ["unargmaxed-probabilities"]


def test_a_missing_sample_axis_does_not_move_the_class_axis():
    before = replace(SAME, predictions=BaselineInput("probabilities", -1))
    metric = "keras.metrics.MeanIoU(3, sparse_y_pred=False)"
    report = diagnose(y_true=T[0], y_pred=DENSE[0], metric=metric, baseline=before)
    assert "reading-drift" not in names(report)
    turned = np.moveaxis(DENSE, -1, 1)
    report = diagnose(y_true=T, y_pred=turned, metric=metric, baseline=before)
    assert found(report, "reading-drift").facts == {
        "predictions.class_axis": {"baseline": -1, "now": -3}
    }


def test_without_a_baseline_nothing_is_compared():
    result = outcome(diagnose(y_true=T, y_pred=P), "reading-drift")
    why = "there is no --baseline, and no configuration that expects an interpretation"
    assert (result.status, result.reason) == ("skipped", why)


def test_the_configuration_is_compared_too_and_only_in_what_it_names():
    expected = ExpectedInterpretation("configuration", "c.toml", {"masks.encoding": "one-hot"})
    pair = pair_of(y_true=T, y_pred=P)
    report = check_pair(
        pair, CheckRequest(options=Options(num_classes=3), baseline=SAME, expected=expected)
    )
    drift = found(report, "reading-drift")
    assert drift.facts == {"masks.encoding": {"configuration": "one-hot", "now": "labels"}}
    assert (
        drift.message
        == "the interpretation differs from that in c.toml: masks.encoding labels, was one-hot"
    )
    held = ExpectedInterpretation("configuration", "c.toml", {"masks.encoding": "labels"})
    assert (
        names(check_pair(pair, CheckRequest(options=Options(num_classes=3), expected=held))) == []
    )
