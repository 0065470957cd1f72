import numpy as np
import pytest
from build import diagnose, found, names, noisy, one_hot, roots, scene

from iou_doctor.render.shared.score_words import reads_right

RULE = "unlabelled-class-predicted"
T = [[[0, 0, 1, 1]]]


def test_one_stray_pixel_costs_a_share_of_the_mean():
    report = diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=3)
    assert report.verdict.primary == "unlabelled-class-predicted"
    assert not report.verdict.sick
    assert found(report, "unlabelled-class-predicted").facts == {
        "classes": [2],
        "pixels": 1,
        "mean_iou": pytest.approx(0.5),
        "mean_without": pytest.approx(0.75),
        "left_out_by": ["ultralytics", "detectron2", "fast_hist truth-present"],
    }
    evidence = found(report, "unlabelled-class-predicted").evidence
    assert evidence == "0.7500 according to ultralytics, detectron2 and fast_hist truth-present"
    assert report.mean_iou == pytest.approx(0.5)


@pytest.mark.parametrize("is_dense", [False, True])
def test_the_suggested_call_reads_the_mean_without_it(is_dense):
    predictions = np.array([[[0, 2, 1, 1]]])
    arrays = {"y_true": T, "y_pred": one_hot(predictions, 3) if is_dense else predictions}
    before = found(diagnose(**arrays, num_classes=3), "unlabelled-class-predicted")
    assert before.message == (
        "class 2 is predicted in 1 pixel but in no mask: the mean IoU is 0.5000 with it and 0.7500"
        " without"
    )
    call, advice = before.help.split(" scores ")
    assert advice == "the classes in the masks"
    report = diagnose(**arrays, metric=call)
    assert report.metric.value == pytest.approx(0.75, abs=1e-6)
    assert names(report) == []


def test_labels_beyond_the_classes_are_another_rules():
    report = diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=2)
    assert "unlabelled-class-predicted" not in names(report)


def test_the_ignored_class_and_void_pixels_cost_nothing():
    report = diagnose(y_true=[[[0, 0, 1, 9]]], y_pred=[[[0, 3, 1, 2]]], ignore_index=9)
    assert found(report, "unlabelled-class-predicted").facts["classes"] == [3]
    ignored = diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=3, ignore_index=2)
    assert "unlabelled-class-predicted" not in names(ignored)


@pytest.mark.parametrize("damage", [lambda masks: (masks > 0) * 255, lambda masks: masks / 255])
def test_damaged_masks_explain_it(damage):
    masks = scene(1, classes=2)
    report = diagnose(y_true=damage(masks), y_pred=noisy(masks, 2, classes=2), num_classes=2)
    assert len([finding for finding in roots(report) if finding.severity == "error"]) == 1
    assert "unlabelled-class-predicted" not in [finding.rule.name for finding in roots(report)]


def test_masks_without_a_class_that_was_replaced_by_no_data():
    masks = scene(1)
    sick = np.where(masks == 1, -9999, masks.astype(int))
    report = diagnose(y_true=sick, y_pred=noisy(masks, 2), num_classes=3)
    assert [finding.rule.name for finding in roots(report)] == ["non-finite-masks"]


def test_masks_of_a_single_class_are_to_be_looked_at():
    report = diagnose(y_true=[[[0, 0, 0, 0]]], y_pred=T, num_classes=2)
    finding = found(report, RULE)
    assert finding.message.startswith("the masks hold only class 0, and class 1 is predicted")
    assert "is right" not in report.verdict.summary
    assert "np.unique(masks)" in finding.help


@pytest.mark.parametrize("masks", [[[[0, 0, 0, 255]]], T])
def test_masks_of_other_labels_hold_not_only_class_0(masks):
    report = diagnose(y_true=masks, y_pred=[[[0, 1, 2, 0]]], num_classes=3)
    assert "only class" not in found(report, RULE).message


def test_masks_that_number_objects_of_many_classes_leave_doubt():
    kinds = np.random.default_rng(0).permutation(np.arange(1, 17)).reshape(4, 2, 2)
    numbers = np.tile(np.arange(1, 5).reshape(2, 2), (4, 1, 1))
    masks, predictions = (
        np.pad(part.repeat(16, axis=1).repeat(16, axis=2), ((0, 0), (16, 16), (16, 16)))
        for part in (numbers, kinds)
    )
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=21)
    finding = found(report, RULE)
    assert "the masks may number objects" in finding.help
    assert not reads_right(report)
    few = diagnose(y_true=masks, y_pred=np.where(predictions > 6, 1, predictions), num_classes=21)
    assert "may number" not in found(few, RULE).help
