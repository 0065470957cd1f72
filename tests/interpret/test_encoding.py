from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, logits, mean_iou, noisy, one_hot, probabilities, scene, sigmoid

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.errors import UsageError

T = scene(1)
P = noisy(T, 2)
B, BP = scene(1, classes=2), noisy(scene(1, classes=2), 2, classes=2)
SATURATED = np.concatenate([BP.repeat(10, axis=0).astype(np.float32), sigmoid(BP[:1], 3)])
MOSTLY = B.repeat(10, axis=0)
SMOOTH = (one_hot(T, 3) * 0.9 + 0.1 / 3).astype(np.float32)


def encodings(**arrays):
    interpretation = diagnose(**arrays).reading
    return str(interpretation.y_true), str(interpretation.y_pred)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        (T, P, ("labels", "labels")),
        (T.astype(np.float32), P.astype(np.float64), ("labels", "labels")),
        (T.astype(np.int64), P.astype(np.float16), ("labels", "labels")),
        (B.astype(bool), BP.astype(bool), ("labels", "labels")),
        (B, BP.astype(np.float32), ("labels", "labels")),
        (B[..., None], BP.astype(np.float32)[..., None], ("labels", "labels")),
        (B, sigmoid(BP, 3), ("labels", "sigmoid")),
        (B, sigmoid(BP, 3, np.float16)[..., None], ("labels", "sigmoid")),
        (np.concatenate([MOSTLY, B[:1]]), SATURATED, ("labels", "sigmoid")),
        (B, (sigmoid(BP, 3) - 0.5) * 9, ("labels", "binary-logits")),
        (B, probabilities(BP, 3, classes=2), ("labels", "probabilities")),
        (T, probabilities(P, 3, classes=3), ("labels", "probabilities")),
        (T, logits(P, 3, classes=3), ("labels", "logits")),
        (T, one_hot(P, 3, np.float32), ("labels", "one-hot")),
        (one_hot(T, 3), probabilities(P, 3, classes=3), ("one-hot", "probabilities")),
        (one_hot(T, 3, bool), logits(P, 3, classes=3), ("one-hot", "logits")),
        (SMOOTH, probabilities(P, 3, classes=3), ("probabilities", "probabilities")),
        (SMOOTH, P, ("probabilities", "labels")),
        ((T / 255).astype(np.float32), P, ("labels", "labels")),
    ],
)
def test_each_encoding_is_recognised(y_true, y_pred, expected):
    assert encodings(y_true=y_true, y_pred=y_pred) == expected


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("height", [12, 13])
def test_colours_are_an_error_and_no_crash(channels, height):
    palette = np.random.default_rng(0).integers(0, 256, (3, channels)).astype(np.uint8)
    report = diagnose(y_true=palette[scene(1, height=height)], y_pred=P, num_classes=3)
    assert report.reading.y_true is Encoding.COLOUR
    assert errors(report) == ["shape-mismatch"] * (height == 13) + ["colour-masks"]


@pytest.mark.parametrize("samples", [2, 3, 4])
def test_colours_without_a_declared_number_of_classes(samples):
    labels = scene(1, samples=samples)
    palette = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], dtype=np.uint8)
    assert errors(diagnose(y_true=palette[labels], y_pred=labels)) != []
    assert errors(diagnose(y_true=palette[labels][0], y_pred=labels[0])) != []


@pytest.mark.parametrize(
    ("arrays", "classes", "why"),
    [
        ({"y_true": T, "y_pred": logits(P, 1, classes=3)}, 3, "channels"),
        ({"y_true": one_hot(T, 5), "y_pred": P}, 5, "channels"),
        ({"y_true": B, "y_pred": sigmoid(BP, 1)}, 2, "two classes"),
        ({"y_true": T, "y_pred": B}, 3, "masks is 2"),
        ({"y_true": B, "y_pred": P}, 3, "predictions is 2"),
        ({"y_true": np.where(B == 1, 255, 0), "y_pred": BP}, 2, "no label"),
        ({"y_true": np.where(B == 1, 7, 0), "y_pred": BP, "ignore_index": 7}, 2, "no label"),
    ],
)
def test_the_number_of_classes_is_inferred_with_a_reason(arrays, classes, why):
    interpretation = diagnose(**arrays).reading
    assert interpretation.num_classes == classes
    assert not interpretation.num_classes_declared
    (guess,) = [guess for guess in interpretation.assumed if guess.field == "num_classes"]
    assert guess.value == str(classes)
    assert why in guess.why


@pytest.mark.parametrize(
    ("scores", "cut"), [(sigmoid(BP, 1), "0.5"), (sigmoid(BP, 1) * 8 - 4, "0")]
)
def test_the_threshold_is_listed_among_the_assumptions(scores, cut):
    assumed = diagnose(y_true=B, y_pred=scores).reading.assumed
    assert [guess.value for guess in assumed if guess.field == "threshold"] == [cut]


def test_the_user_may_name_an_encoding():
    report = diagnose(
        y_true=B, y_pred=sigmoid(BP, 1), predictions_as=Encoding.BINARY_LOGITS, num_classes=2
    )
    assert report.reading.y_pred is Encoding.BINARY_LOGITS
    assert report.reading.threshold == 0


def test_an_encoding_that_does_not_fit_the_axes_is_refused():
    with pytest.raises(UsageError, match="--predictions-as logits needs a class axis"):
        diagnose(y_true=T, y_pred=P, predictions_as=Encoding.LOGITS)
    with pytest.raises(UsageError, match="--masks-as labels means one value for each pixel"):
        diagnose(y_true=one_hot(T, 3), y_pred=P, masks_as=Encoding.LABELS)


@pytest.mark.parametrize("threshold", [0.3, 0.9])
def test_scores_are_compared_with_the_declared_threshold(threshold):
    scores = np.random.default_rng(0).random(B.shape)
    report = diagnose(y_true=B, y_pred=scores, threshold=threshold)
    expected = mean_iou(B, scores.astype(np.float32) >= np.float32(threshold), 2)
    assert report.mean_iou == pytest.approx(expected)
    metric = f"keras.metrics.BinaryIoU(threshold={threshold})"
    assert diagnose(y_true=B, y_pred=scores, metric=metric).mean_iou == pytest.approx(expected)
