import pytest
from build import diagnose, errors, found, names, one_hot, scene


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
    masks = (scene(1) - 0.456) / 0.224
    report = diagnose(y_true=masks, y_pred=scene(1), num_classes=3)
    assert "metric-misreads-arrays" in names(report)
    assert report.verdict.sick
