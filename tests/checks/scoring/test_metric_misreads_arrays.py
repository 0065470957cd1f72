import numpy as np
import pytest
from build import diagnose, errors, found, logits, names, one_hot, scene


def test_another_number_than_the_doctors_without_any_other_cause():
    # a prediction without any class: a miss here, class 0 to an argmax
    report = diagnose(
        y_true=[[[0, 1, 2, 0]]],
        y_pred=one_hot([[[0, 1, 2, 3]]], 3),
        metric="MeanIoU(3, sparse_y_pred=False)",
    )
    facts = found(report, "metric-misreads-arrays").facts
    assert facts["doctor"] == pytest.approx(2.5 / 3)
    assert facts["metric"] == pytest.approx(1)
    assert facts["error"] is None
    assert errors(report) == ["metric-misreads-arrays"]


def test_it_is_silent_where_another_rule_names_the_cause():
    report = diagnose(y_true=[[[0, 1, 1, 0]]], y_pred=[[[0.2, 0.9, 0.8, 0.1]]], num_classes=2)
    assert report.metric.value != pytest.approx(report.mean_iou, abs=1e-3)
    assert errors(report) == ["unthresholded-sigmoid"]


def test_float32_rounding_is_no_difference():
    report = diagnose(y_true=scene(1), y_pred=scene(2), num_classes=3)
    assert report.metric.value != report.mean_iou
    assert names(report) == []


def test_a_mean_over_some_classes_is_compared_over_those():
    metric = "keras.metrics.IoU(num_classes=3, target_class_ids=[1])"
    report = diagnose(y_true=scene(1), y_pred=scene(2), metric=metric)
    assert report.metric.value != pytest.approx(report.mean_iou, abs=1e-3)
    assert names(report) == []


def test_masks_without_a_single_class_are_an_error():
    masks = np.sqrt(scene(1) + 0.1)
    report = diagnose(y_true=masks, y_pred=scene(1), num_classes=3)
    assert "metric-misreads-arrays" in names(report)
    assert report.verdict.sick


@pytest.mark.parametrize("options", [{}, {"num_classes": 3}])
def test_jaccard_score_of_many_classes_says_what_works(options):
    report = diagnose(
        y_true=scene(1), y_pred=scene(2), metric="jaccard_score(y_true, y_pred)", **options
    )
    # run with scikit-learn 1.9: the default is average="binary"
    assert report.metric.error.startswith("ValueError: Target is multiclass but average='binary'")
    assert report.reading.num_classes == 3
    assert errors(report) == ["metric-misreads-arrays"]
    assert "average='macro'" in found(report, "metric-misreads-arrays").help


def test_jaccard_score_of_two_classes_is_that_of_class_1():
    masks, labels = (scene(seed) > 0 for seed in (1, 2))
    report = diagnose(
        y_true=masks.astype(int), y_pred=labels.astype(int), metric="jaccard_score(y_true, y_pred)"
    )
    assert report.metric.value == pytest.approx((masks & labels).sum() / (masks | labels).sum())
    assert errors(report) == []


@pytest.mark.parametrize(("classes", "expected"), [(4, ["metric-misreads-arrays"]), (2, [])])
def test_labels_for_a_metric_that_multiplies_them(classes, expected):
    truth = scene(1, samples=2, height=32, width=40, classes=classes)[:, None].astype(np.int64)
    metric = "DiceMetric(include_background=False)"
    report = diagnose(y_true=truth, y_pred=np.roll(truth, 1, 3), metric=metric)
    assert errors(report) == expected


def test_logits_that_are_all_0_are_those_of_a_young_network():
    truth = scene(1)
    scores = logits(truth, 2, classes=3)
    scores[:, :4] = 0
    metric = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
    report = diagnose(y_true=truth, y_pred=scores, metric=metric)
    assert report.metric.value != pytest.approx(report.mean_iou, abs=1e-4)
    assert errors(report) == []
