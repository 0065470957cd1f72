import numpy as np
import pytest
from build import (
    diagnose,
    errors,
    found,
    logits,
    names,
    noisy,
    one_hot,
    probabilities,
    roots,
    scene,
    sigmoid,
)

CALL = "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)"
TRUTH = scene(1, samples=4, height=24, width=30)
LOGITS = logits(noisy(TRUTH, 2), 3, classes=3) / 4


def softmax(scores, axis):
    powers = np.exp(scores)
    return powers / powers.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_last(axis, dtype):
    report = diagnose(y_true=TRUTH, y_pred=softmax(LOGITS, axis).astype(dtype), metric=CALL)
    assert errors(report) == ["softmax-over-wrong-axis"]
    assert found(report, "softmax-over-wrong-axis").facts["softmax_axis"] == axis
    assert found(report, "softmax-over-wrong-axis").facts["class_axis"] == 3
    assert found(report, "softmax-over-wrong-axis").repair is None


@pytest.mark.parametrize("axis", [0, 2, 3])
def test_channels_first(axis):
    # the only axis that sums to 1 is not that of the classes: the shapes prove it
    first = softmax(np.moveaxis(LOGITS, -1, 1), axis)
    report = diagnose(y_true=TRUTH, y_pred=first, metric=CALL)
    assert "softmax-over-wrong-axis" in [f.rule.name for f in roots(report)]
    assert report.predictions.class_axis == 1


def test_one_image_and_one_hot_masks():
    masks = one_hot(TRUTH[0], 3)
    metric = "keras.metrics.OneHotMeanIoU(num_classes=3)"
    report = diagnose(y_true=masks, y_pred=softmax(LOGITS[0], 0), metric=metric)
    assert errors(report) == ["softmax-over-wrong-axis"]


def test_a_batch_of_one_leaves_ones():
    report = diagnose(y_true=TRUTH, y_pred=softmax(LOGITS[None], 0)[0], metric=CALL)
    assert [f.rule.name for f in roots(report)] == ["softmax-over-wrong-axis"]
    assert "exactly 1" in found(report, "softmax-over-wrong-axis").message


def test_it_explains_what_the_metric_does_with_the_scores():
    report = diagnose(y_true=TRUTH, y_pred=softmax(LOGITS, 1), num_classes=3)
    assert [f.rule.name for f in roots(report)] == ["softmax-over-wrong-axis"]


@pytest.mark.parametrize("shape", [(4, 3, 30), (4, 24, 3), (3, 24, 30), (3, 3, 3)])
def test_equal_lengths_are_decided_by_sums(shape):
    samples, height, width = shape
    truth = scene(1, samples=samples, height=height, width=width)
    healthy = probabilities(noisy(truth, 2), 3, classes=3)
    for y_pred in (healthy, np.moveaxis(healthy, -1, 1)):
        report = diagnose(y_true=truth, y_pred=y_pred, metric=CALL)
        assert "softmax-over-wrong-axis" not in names(report)


@pytest.mark.parametrize(
    "scores",
    [
        np.stack([sigmoid(np.equal(TRUTH, label), label) for label in range(3)], axis=-1),
        np.full((4, 24, 30, 3), 0.25, np.float32),
        one_hot(TRUTH, 3, np.float32),
    ],
    ids=["sigmoids", "constant", "one-hot"],
)
def test_other_scores_without_sums_pass(scores):
    report = diagnose(y_true=TRUTH, y_pred=scores, metric=CALL)
    assert "softmax-over-wrong-axis" not in names(report)
