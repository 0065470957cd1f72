import numpy as np
import pytest
from build import diagnose, found, names, outcome

T = [[[0, 1, 1, 1]]]
P = [[[0, 0, 1, 1]]]  # IoU 1/2 and 2/3
MEAN = (1 / 2 + 2 / 3) / 2


def test_the_score_of_each_convention_is_reported():
    report = diagnose(y_true=T, y_pred=P, num_classes=4)
    assert names(report) == ["absent-class"]
    assert found(report, "absent-class").facts == {
        "classes": [2, 3],
        "mean_iou": pytest.approx(MEAN),
        "counted_as_0": pytest.approx(MEAN / 2),
        "counted_as_1": pytest.approx(MEAN / 2 + 1 / 2),
        "others": {
            "left out by": [
                "Keras MeanIoU",
                "tf-keras MeanIoU",
                "torchmetrics macro",
                "mmseg mIoU",
                "evaluate",
                "ultralytics",
                "detectron2",
                "fast_hist nanmean",
                "fast_hist truth-present",
                "Cityscapes",
            ],
            "0 for": ["sklearn macro with labels", "PaddleSeg", "ignite", "ADE20K"],
            "1 for": ["smp macro"],
            "NaN for": ["torchvision", "PASCAL VOC"],
        },
    }


def test_the_help_names_who_does_what_for_these_arrays():
    help_text = found(diagnose(y_true=T, y_pred=P, num_classes=4), "absent-class").help
    assert help_text.startswith("left out by Keras MeanIoU, tf-keras MeanIoU, ")
    assert (
        "; 0 for sklearn macro with labels, PaddleSeg, ignite and ADE20K; 1 for smp macro; "
        in help_text
    )


def test_an_implementation_that_differs_for_another_reason_is_not_named():
    # detectron2 leaves class 2 out as well, which is predicted
    report = diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=4)
    others = found(report, "absent-class").facts["others"]
    assert "Keras MeanIoU" in others["left out by"]
    assert "detectron2" not in others["left out by"]


def test_arrays_that_cannot_be_handed_over_name_nobody():
    masks = np.array(T).repeat(2, axis=1).repeat(2, axis=2)
    report = diagnose(y_true=masks, y_pred=masks.swapaxes(1, 2), num_classes=4)
    assert not report.contracts


def test_a_note_is_never_the_root_cause():
    report = diagnose(y_true=T, y_pred=P, num_classes=4)
    assert report.verdict.primary is None
    assert not report.verdict.sick


def test_the_ignored_class_is_not_absent():
    report = diagnose(y_true=T, y_pred=[[[1, 1, 1, 1]]], num_classes=3, ignore_index=0)
    assert found(report, "absent-class").facts["classes"] == [2]
    both = diagnose(y_true=T, y_pred=[[[1, 1, 1, 1]]], num_classes=2, ignore_index=0)
    assert "absent-class" not in names(both)


def test_a_class_that_is_only_predicted_has_a_union():
    assert "absent-class" not in names(diagnose(y_true=T, y_pred=[[[0, 2, 1, 1]]], num_classes=3))


def test_conventions_wait_until_errors_are_repaired():
    report = diagnose(y_true=[[[0, 255, 0, 0]]], y_pred=[[[0, 0, 0, 0]]], num_classes=2)
    assert names(report)[0] == "masks-0-255"
    assert outcome(report, "absent-class").reason is not None
