import numpy as np
import pytest
from build import (
    after,
    diagnose,
    found,
    logits,
    mean_iou,
    names,
    noisy,
    one_hot,
    probabilities,
    scene,
    sigmoid,
)

TRUTH = scene(1)
PREDICTED = noisy(TRUTH, 2)
SOFTMAX = probabilities(PREDICTED, 3, classes=3)
OBJECTS, GUESSED = TRUTH > 0, PREDICTED > 0
SIGMOID = sigmoid(GUESSED, 3)


@pytest.mark.parametrize(
    ("masks", "predictions", "classes"),
    [
        (SOFTMAX, TRUTH, 3),
        (SOFTMAX, one_hot(TRUTH, 3), 3),
        (logits(PREDICTED, 3, classes=3), TRUTH, 3),
        (SIGMOID, OBJECTS, 2),
        (SIGMOID[..., None], OBJECTS[..., None].astype(np.uint8), 2),
        (SIGMOID * 8 - 4, OBJECTS, 2),
    ],
    ids=["softmax", "one-hot", "logits", "sigmoid", "one channel", "binary logits"],
)
def test_scores_in_the_masks_and_ids_in_the_predictions(masks, predictions, classes):
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
    assert "inputs-swapped" in names(report)
    assert "metric-misreads-arrays" not in names(report)
    truth, predicted = (TRUTH, PREDICTED) if classes == 3 else (OBJECTS, GUESSED)
    assert after(report, "inputs-swapped") == mean_iou(truth, predicted, classes)


def test_the_ignore_label_is_looked_up_in_the_other_array():
    void = np.where(TRUTH == 2, 255, TRUTH)
    report = diagnose(y_true=SOFTMAX, y_pred=void, num_classes=3, ignore_index=255)
    kept = TRUTH != 2
    expected = mean_iou(TRUTH[kept], PREDICTED[kept], 3)
    assert after(report, "inputs-swapped") == pytest.approx(expected)
    assert found(report, "inputs-swapped").facts["predictions"]["encoding"] == "labels"


def resized(values):
    return (values + np.roll(values, 1, axis=2)) / 2


@pytest.mark.parametrize(
    ("masks", "predictions"),
    [
        (TRUTH, SOFTMAX),
        (TRUTH, PREDICTED),
        (one_hot(TRUTH, 3) * 0.9 + 0.1 / 3, PREDICTED),
        (resized(one_hot(TRUTH, 3, np.float32)), PREDICTED),
        (TRUTH / 255, PREDICTED),
        (resized(TRUTH.astype(np.float32)), PREDICTED),
        ((TRUTH + 1) / 7, PREDICTED),
        (SOFTMAX, SOFTMAX),
    ],
    ids=["scores", "ids", "smoothed", "resized", "/ 255", "resized ids", "/ 7", "both soft"],
)
def test_other_masks_are_let_be(masks, predictions):
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert "inputs-swapped" not in names(report)


@pytest.mark.parametrize(("fractional", "fires"), [(216, True), (215, False)])
def test_half_of_the_mask_values_must_be_fractions(fractional, fires):
    masks = SIGMOID.astype(np.float16)  # in 32 bits, no score is 0
    masks.flat[fractional:] = OBJECTS.flat[fractional:]
    report = diagnose(y_true=masks, y_pred=OBJECTS, num_classes=2)
    assert ("inputs-swapped" in names(report)) == fires


@pytest.mark.parametrize(("off", "fires"), [(44, True), (43, False)])
def test_a_tenth_of_the_mask_values_must_be_no_multiples_of_1_in_255(off, fires):
    masks = np.rint(SIGMOID * 255) / 255
    masks.flat[:off] = (np.floor(masks.flat[:off] * 255) + 0.5) / 255
    report = diagnose(y_true=masks, y_pred=OBJECTS, num_classes=2)
    assert ("inputs-swapped" in names(report)) == fires


@pytest.mark.parametrize(("minimum", "fires"), [(-1.01, True), (-0.99, False)])
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_in_the_masks_must_go_below_minus_1(channels, minimum, fires):
    scores, labels = (
        (logits(PREDICTED, 3, classes=3), TRUTH) if channels == 3 else (SIGMOID * 8 - 4, OBJECTS)
    )
    masks = scores * (minimum / scores.min())
    report = diagnose(y_true=masks, y_pred=labels, num_classes=max(channels, 2))
    assert ("inputs-swapped" in names(report)) == fires


@pytest.mark.parametrize(("share", "fires"), [(0.97, True), (0.99, False)])
def test_the_largest_channels_of_scores_differ_by_2_percent(share, fires):
    masks = one_hot(PREDICTED, 3) * 0.9 + 0.1 / 3
    less = masks[0, 0, 0].max() * share
    masks[0, 0, 0] = np.where(masks[0, 0, 0] == masks[0, 0, 0].max(), less, (1 - less) / 2)
    report = diagnose(y_true=masks, y_pred=TRUTH, num_classes=3)
    assert ("inputs-swapped" in names(report)) == fires


def test_a_repair_after_which_nothing_is_right_is_not_offered():
    rng = np.random.default_rng(1)
    masks = np.repeat(np.repeat(rng.random((5, 3, 4, 4)) < 0.4, 8, 2), 8, 3)
    scores = (masks * 0.6 + rng.uniform(0.05, 0.35, masks.shape)).astype(np.float32)
    metric = 'torchmetrics.JaccardIndex(task="multilabel", num_labels=3)'
    report = diagnose(y_true=scores, y_pred=masks.astype(np.float32), metric=metric)
    assert report.verdict.primary == "inputs-swapped"
    assert found(report, "inputs-swapped").repair is None
    assert report.verdict.mean_iou_after_all is None
