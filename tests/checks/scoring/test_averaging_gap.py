import numpy as np
import pytest
from build import diagnose, found, names, noisy, outcome, scene

# image 0: two classes, half of class 1 found; image 1: all background, all right
T = [[[0, 0, 1, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]]]
P = [[[0, 0, 0, 1]], [[0, 0, 0, 0]], [[0, 0, 0, 0]]]
OF_IMAGE_0 = (2 / 3 + 1 / 2) / 2


def test_averages_over_images_and_batches_are_reported():
    report = diagnose(y_true=T, y_pred=P, num_classes=2)
    assert names(report) == ["averaging-gap"]
    assert found(report, "averaging-gap").facts == {
        "mean_iou": pytest.approx((10 / 11 + 1 / 2) / 2),
        "per_image": pytest.approx((OF_IMAGE_0 + 1 + 1) / 3),
        "batches": {"2": pytest.approx(((6 / 7 + 1 / 2) / 2 + 1) / 2)},
        "others": {
            "torchmetrics.segmentation.MeanIoU": pytest.approx((2 / 3 + 1 / 2 + 1 + 1) / 4),
            "monai.MeanIoU": pytest.approx((OF_IMAGE_0 + 1 + 1) / 3),
            "smp macro-imagewise": pytest.approx((OF_IMAGE_0 + 1 + 1) / 3),
            "kornia": pytest.approx((OF_IMAGE_0 + 1 + 1) / 3),
        },
    }
    assert "monai.MeanIoU 0.8611" in found(report, "averaging-gap").evidence
    assert report.score.per_image_mean_iou == pytest.approx((OF_IMAGE_0 + 1 + 1) / 3)
    assert report.verdict.primary is None


def test_a_declared_batch_size_replaces_the_usual_ones():
    three = diagnose(y_true=T + T[1:], y_pred=P + P[1:], num_classes=2, batch_size=3)
    facts = found(three, "averaging-gap").facts
    of_three, of_two = ((10 / 11 + 1 / 2) / 2, 1)
    assert facts["batches"] == {"3": pytest.approx((of_three + of_two) / 2)}


def test_images_of_the_same_content_average_to_the_score():
    masks = scene(1).repeat(4, axis=0)
    report = diagnose(y_true=masks, y_pred=masks, num_classes=3)
    assert "averaging-gap" not in names(report)


def test_a_gap_below_two_points_is_silent():
    masks = np.concatenate([scene(1)[:1]] * 2)
    predictions = np.concatenate([noisy(masks[:1], 2, share=0.1), noisy(masks[:1], 3, share=0.1)])
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert 0 < abs(report.score.per_image_mean_iou - report.mean_iou) < 0.02
    assert outcome(report, "averaging-gap").status == "passed"


def test_one_sample_has_no_average():
    report = diagnose(y_true=T[:1], y_pred=P[:1], num_classes=2)
    assert outcome(report, "averaging-gap").status == "skipped"


@pytest.mark.parametrize(("wrong", "fires"), [(56, False), (57, True)])
def test_a_gap_of_two_points_is_the_limit(wrong, fires):
    truth = np.arange(2).repeat(100).reshape(1, 1, 200).repeat(2, axis=0)
    predicted = truth.copy()
    predicted[1, 0, 100 : 100 + wrong] = 0
    report = diagnose(y_true=truth, y_pred=predicted, num_classes=2)
    assert report.score.per_image_mean_iou - report.mean_iou == pytest.approx(0.02, abs=5e-4)
    assert ("averaging-gap" in names(report)) == fires
