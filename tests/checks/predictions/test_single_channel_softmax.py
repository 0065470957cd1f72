import re

import numpy as np
import pytest
from build import (
    after,
    diagnose,
    errors,
    found,
    mean_iou,
    names,
    noisy,
    one_hot,
    roots,
    scene,
    sigmoid,
)
from help_code import run_help

TRUTH = scene(1, classes=2)
PREDICTED = noisy(TRUTH, 2, classes=2)
SCORES = sigmoid(PREDICTED, 3)


@pytest.mark.parametrize("metric", [None, "keras.metrics.BinaryIoU()"])
def test_softmax_over_one_channel_is_1_everywhere(metric):
    options = {"metric": metric} if metric else {"num_classes": 2}
    report = diagnose(y_true=TRUTH, y_pred=np.ones((*TRUTH.shape, 1), np.float32), **options)
    assert errors(report) == ["single-channel-softmax"]
    assert found(report, "single-channel-softmax").facts == {"value": 1.0, "values": 432}


@pytest.mark.parametrize(
    "metric",
    [
        "keras.metrics.MeanIoU(num_classes=2, sparse_y_pred=False)",
        "keras.metrics.OneHotMeanIoU(num_classes=2)",
    ],
)
@pytest.mark.parametrize("scores", [SCORES, SCORES * 8 - 4], ids=["sigmoid", "logits"])
def test_argmax_over_one_channel_is_0_everywhere(metric, scores):
    report = diagnose(y_true=TRUTH[..., None], y_pred=scores[..., None], metric=metric)
    assert [f.rule.name for f in roots(report)] == ["single-channel-softmax"]
    assert after(report, "single-channel-softmax") == mean_iou(TRUTH, PREDICTED, 2)
    assert "class 0" in found(report, "single-channel-softmax").message


@pytest.mark.parametrize(
    ("y_true", "y_pred", "options"),
    [
        (TRUTH, SCORES, {"metric": "keras.metrics.BinaryIoU()"}),
        (TRUTH * 0 + 1, np.ones(TRUTH.shape, np.float32), {"num_classes": 2}),
        (TRUTH, np.ones_like(TRUTH), {"num_classes": 2}),
        (TRUTH, np.zeros(TRUTH.shape, np.float32), {"num_classes": 2}),
        (scene(1), np.ones(TRUTH.shape, np.float32), {"num_classes": 3}),
        (TRUTH, np.where(TRUTH, 1, np.nan), {"num_classes": 2}),
    ],
    ids=["thresholded", "right", "integers", "background", "three classes", "NaN"],
)
def test_other_channels_pass(y_true, y_pred, options):
    report = diagnose(y_true=y_true, y_pred=y_pred, **options)
    assert "single-channel-softmax" not in names(report)


MONAI = "monai.metrics.MeanIoU()"


@pytest.mark.parametrize("masks", [TRUTH, TRUTH.astype(bool), one_hot(TRUTH, 2)])
@pytest.mark.parametrize("scores", [SCORES, SCORES[..., None]])
@pytest.mark.parametrize("metric", ["OneHotMeanIoU(num_classes=2)", MONAI])
def test_the_help_removes_the_fault(metric, scores, masks):
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    help_text = found(report, "single-channel-softmax").help
    if other := re.match(r"the help of `([\w-]+)` does this too", help_text):
        help_text = found(report, other[1]).help
    y_true, y_pred = masks, scores
    if not help_text.startswith("keras."):
        y_true, y_pred = run_help(help_text, masks=masks, predictions=scores)
    call = re.search(r"keras\.metrics\.\w+\(.*?\)", help_text)
    repaired = diagnose(y_true=y_true, y_pred=y_pred, metric=call[0] if call else metric)
    assert "single-channel-softmax" not in names(repaired)
    assert repaired.mean_iou == mean_iou(TRUTH, PREDICTED, 2)
