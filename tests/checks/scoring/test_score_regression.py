from __future__ import annotations

import json
import re

import numpy as np
import pytest
from build import diagnose, errors, found, names, outcome

import iou_doctor
from iou_doctor.report.baseline import Baseline, BaselineInput, load_baseline
from iou_doctor.report.minimums import Minimums

T = [[[0, 0, 1, 1]]]
P = [[[0, 0, 0, 1]]]  # IoU 2/3 and 1/2
IOU = {0: 2 / 3, 1: 1 / 2}
LABELS = BaselineInput("labels", None)


def baseline(mean_iou, class_iou, max_drop=0.01):
    return Baseline("b.json", 2, None, LABELS, LABELS, mean_iou, class_iou, max_drop)


def test_a_lower_mean_and_a_lower_class_are_reported():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.7, {0: 0.67, 1: 0.73}))
    assert errors(report) == ["score-regression"]
    assert report.verdict.primary == "score-regression"
    assert found(report, "score-regression").facts == {
        "max_drop": 0.01,
        "mean_iou": {
            "baseline": 0.7,
            "now": pytest.approx(7 / 12),
            "drop": pytest.approx(0.7 - 7 / 12),
            "within_noise": None,
        },
        "classes": [
            {
                "id": 1,
                "baseline": 0.73,
                "now": 0.5,
                "drop": pytest.approx(0.23),
                "within_noise": None,
            }
        ],
    }
    message = found(report, "score-regression").message
    assert message.endswith("noise cannot be told from a single image")


def test_a_lost_class_is_reported_although_the_mean_rose():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.5, {0: 0.3, 1: 0.7}))
    finding = found(report, "score-regression")
    assert [entry["id"] for entry in finding.facts["classes"]] == [1]
    assert finding.message.startswith("IoU of class 1 (0.7000 to 0.5000) fell")


def test_a_drop_of_exactly_the_allowed_size_is_allowed():
    allowed = baseline(7 / 12 + 0.1, {0: 2 / 3 + 0.1, 1: 0.6}, max_drop=0.1)
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=allowed)
    assert names(report) == []
    assert outcome(report, "score-regression").status == "passed"


def test_a_class_that_is_absent_in_one_report_is_not_compared():
    report = diagnose(y_true=T, y_pred=P, num_classes=2, baseline=baseline(0.58, {0: None, 7: 1.0}))
    assert names(report) == []


@pytest.mark.parametrize(
    ("given", "arrays", "reason"),
    [
        (None, {"y_true": T, "y_pred": P}, "no --baseline given"),
        (baseline(None, {}), {"y_true": T, "y_pred": P}, "the baseline has no mean IoU"),
        (baseline(0.7, IOU), {"y_true": T, "y_pred": [[[0, 0, 1]]]}, "do not pair up"),
    ],
)
def test_not_looking_is_not_passing(given, arrays, reason):
    result = outcome(diagnose(**arrays, num_classes=2, baseline=given), "score-regression")
    assert result.status == "skipped"
    assert reason in result.reason


def damage(share, images, samples=30):
    """Return masks, and predictions of which a share of the pixels of some images is wrong."""
    rng = np.random.default_rng(1)
    masks = rng.integers(0, 3, (samples, 10, 10))
    wrong = rng.random(masks.shape) < 0.1
    wrong[:images] |= rng.random((images, 10, 10)) < share
    return masks, np.where(wrong, (masks + 1) % 3, masks)


def gate(tmp_path, before, after, *, stored=True, **minimums):
    """Return the finding about predictions after others, if there is one."""
    masks, predictions = before
    path = tmp_path / "before.json"
    document = iou_doctor.check(y_true=masks, y_pred=predictions, num_classes=3).to_dict()
    if not stored:
        del document["ledger"]["areas"]
    path.write_text(json.dumps(document), "utf-8")
    report = diagnose(
        y_true=after[0],
        y_pred=after[1],
        num_classes=3,
        baseline=load_baseline(str(path)),
        minimums=Minimums(**minimums),
    )
    return next((one for one in report.findings if one.rule.name == "score-regression"), None)


def compute_drop(masks, before, after, times):
    """Return how much the mean IoU falls with each image counted some times."""

    def score(predictions):
        ious = []
        for label in range(3):
            both, either = (
                (times * how(masks == label, predictions == label).sum(axis=(1, 2))).sum()
                for how in (np.logical_and, np.logical_or)
            )
            ious.append(both / either)
        return np.mean(ious)

    return score(before) - score(after)


def test_a_drop_of_all_images_is_beyond_noise_and_one_of_a_single_image_is_not(tmp_path):
    before, all_worse, one_worse = damage(0, 0), damage(0.1, 30), damage(0.9, 1)
    finding = gate(tmp_path, before, all_worse, beyond_noise=True)
    assert finding.facts["mean_iou"]["within_noise"] is False
    assert {entry["within_noise"] for entry in finding.facts["classes"]} == {False}
    assert ", beyond noise) fell" in finding.message
    # a reference of the paired bootstrap, in plain NumPy
    rng = np.random.default_rng(9)
    drops = [
        compute_drop(
            before[0], before[1], all_worse[1], np.bincount(rng.integers(0, 30, 30), minlength=30)
        )
        for _ in range(2000)
    ]
    low, high = np.quantile(drops, [0.025, 0.975])
    said = re.search(r"it would be ([\d.]+) to ([\d.]+) \(95 %, the same", finding.message)
    bounds = [float(one) for one in said.groups()]
    assert bounds == pytest.approx([low, high], abs=0.1 * (high - low))

    finding = gate(tmp_path, before, one_worse)
    assert "the drop of the mean is within noise: with other images" in finding.message
    assert gate(tmp_path, before, one_worse, beyond_noise=True) is None


def test_a_baseline_without_single_images_is_compared_with_the_interval_of_the_new_score(tmp_path):
    before = damage(0, 0)
    finding = gate(tmp_path, before, damage(0.1, 30), stored=False)
    assert "is beyond the noise of the new score alone, whose 95 % interval is" in finding.message
    assert finding.message.endswith("the baseline holds no areas of images")
    finding = gate(tmp_path, before, damage(0.9, 1), stored=False)
    assert "is within the noise of the new score alone" in finding.message
    assert gate(tmp_path, before, damage(0.9, 1), stored=False, beyond_noise=True) is None
    # the same masks in another order cannot be paired
    masks, predictions = damage(0.1, 30)
    finding = gate(tmp_path, before, (masks[::-1], predictions[::-1]))
    assert finding.message.endswith("the baseline is of other images")


def test_the_noise_of_overlapping_classes_is_unknown():
    rng = np.random.default_rng(0)
    masks = (rng.random((6, 12, 12, 3)) < 0.5).astype(np.uint8)
    predictions = np.where(rng.random(masks.shape) < 0.2, 1 - masks, masks)
    metric = "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)"
    report = diagnose(y_true=masks, y_pred=predictions, metric=metric, baseline=baseline(0.9, {}))
    message = found(report, "score-regression").message
    assert message.endswith("noise cannot be told for classes that overlap")
