import numpy as np
import pytest
from build import after, diagnose, found, mean_iou, names, noisy, one_hot, roots, scene

TRUTH = scene(1)
PREDICTED = noisy(TRUTH, 2)
FLAG = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
ONE_HOT = "keras.metrics.OneHotMeanIoU(num_classes=3)"


@pytest.mark.parametrize(
    ("y_true", "y_pred", "metric", "call"),
    [
        (TRUTH, PREDICTED, FLAG, "MeanIoU(num_classes=3, sparse_y_pred=True)"),
        (TRUTH[..., None], PREDICTED[..., None], ONE_HOT, "sparse_y_pred=True)"),
        (one_hot(TRUTH, 3), PREDICTED, ONE_HOT, "sparse_y_true=False, sparse_y_pred=True)"),
        (TRUTH, PREDICTED.astype(np.float32), FLAG, "sparse_y_pred=True)"),
    ],
)
def test_ids_that_are_argmaxed_again(y_true, y_pred, metric, call):
    report = diagnose(y_true=y_true, y_pred=y_pred, metric=metric)
    assert [f.rule.name for f in roots(report)] == ["labels-as-channels"]
    assert found(report, "labels-as-channels").help.endswith(call)
    assert after(report, "labels-as-channels") == mean_iou(TRUTH, PREDICTED, 3)


def test_a_last_axis_of_1_is_argmaxed_to_0():
    report = diagnose(y_true=TRUTH[..., None], y_pred=PREDICTED[..., None], metric=FLAG)
    finding = found(report, "labels-as-channels")
    assert finding.facts == {"predictions": [2, 12, 18, 1], "argmaxed_values": 1}
    assert "every pixel becomes class 0" in finding.message


@pytest.mark.parametrize(
    ("y_pred", "metric"),
    [
        (one_hot(PREDICTED, 3), FLAG),
        (PREDICTED, "keras.metrics.MeanIoU(num_classes=3)"),
    ],
)
def test_a_metric_that_fits_passes(y_pred, metric):
    assert "labels-as-channels" not in names(diagnose(y_true=TRUTH, y_pred=y_pred, metric=metric))
