import pytest
from build import after, diagnose, errors, found, mean_iou, names, noisy, probabilities, scene

TRUTH = scene(1)
PREDICTED = noisy(TRUTH, 2)
IOU = mean_iou(TRUTH, PREDICTED, 3)


@pytest.mark.parametrize(("axis", "shape"), [(-1, [2, 12, 18, 1]), (1, [2, 1, 12, 18])])
def test_a_size_1_axis_on_one_side_is_a_warning(axis, shape):
    stored = TRUTH[..., None] if axis == -1 else TRUTH[:, None]
    report = diagnose(y_true=stored, y_pred=PREDICTED, num_classes=3)
    assert found(report, "extra-axis").facts == {
        "masks": shape,
        "predictions": [2, 12, 18],
        "axis": axis % 4,
    }
    assert errors(report) == []
    assert report.verdict.primary == "extra-axis"
    assert after(report, "extra-axis") == pytest.approx(IOU)


def test_a_missing_sample_axis_is_one_too():
    report = diagnose(y_true=TRUTH[0], y_pred=PREDICTED[:1], num_classes=3)
    assert found(report, "extra-axis").facts["axis"] == 0
    assert report.mean_iou == pytest.approx(mean_iou(TRUTH[0], PREDICTED[0], 3))


def test_the_same_axis_on_both_sides_passes():
    report = diagnose(y_true=TRUTH[..., None], y_pred=PREDICTED[..., None], num_classes=3)
    assert names(report) == []


@pytest.mark.parametrize("masks", [TRUTH, TRUTH[..., None]])
def test_masks_with_or_without_one_channel_beside_class_scores_pass(masks):
    report = diagnose(
        y_true=masks,
        y_pred=probabilities(PREDICTED, 3, classes=3),
        metric="keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)",
    )
    assert names(report) == []
