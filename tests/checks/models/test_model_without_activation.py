from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, logits, names, noisy, outcome, probabilities, scene, sigmoid

from iou_doctor.arrays.model import Activation, ModelFacts

T = scene(1, classes=3)
P = noisy(T, 2)
UNKNOWN = ModelFacts("ONNX model", "scores")
LINEAR = ModelFacts("Keras model", "head", activation=Activation("linear", "Conv2D layer `head`"))
SOFTMAX = ModelFacts("SavedModel", "probs", activation=Activation("softmax", "Softmax `a/b`"))
METRIC = "MeanIoU(3, sparse_y_pred=False)"


def test_logits_are_known_by_their_values():
    scores = logits(P, 3, classes=3)
    report = diagnose(y_true=T, y_pred=scores, metric=METRIC, model=UNKNOWN)
    finding = found(report, "model-without-activation")
    low, high = float(scores.min()), float(scores.max())
    assert finding.message == f"the ONNX model ends in logits from {low:.4g} to {high:.4g}"
    assert finding.facts == {"output": "scores", "last": None, "minimum": low, "maximum": high}
    assert finding.help == (
        "keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False) takes the argmax of"
        " logits as well; set `from_logits=True` in the loss"
    )
    assert not report.verdict.sick


def test_the_last_layer_proves_it_where_values_do_not():
    scores = np.float32(0.1) + np.eye(3, dtype=np.float32)[P] / 2
    report = diagnose(y_true=T, y_pred=scores, metric=METRIC, model=LINEAR)
    finding = found(report, "model-without-activation")
    assert finding.message == (
        "the Keras model ends in Conv2D layer `head` without activation: logits from 0.1 to 0.6"
    )
    assert finding.facts["last"] == "Conv2D layer `head`"


def test_one_channel_is_cut_at_0():
    report = diagnose(
        y_true=T > 0,
        y_pred=logits(P > 0, 3, classes=2)[..., 1],
        metric="BinaryIoU()",
        model=UNKNOWN,
    )
    assert found(report, "model-without-activation").help == (
        "threshold at 0 and not at 0.5; set `from_logits=True` in the loss"
    )
    assert report.verdict.primary == "logits-thresholded-as-probabilities"


@pytest.mark.parametrize(
    ("scores", "model"),
    [
        (probabilities(P, 3, classes=3), UNKNOWN),
        (probabilities(P, 3, classes=3), SOFTMAX),
        (probabilities(P, 3, classes=3), LINEAR),
        (P, LINEAR),
        (sigmoid(P > 0, 3), UNKNOWN),
    ],
)
def test_probabilities_and_labels_are_no_logits(scores, model):
    assert "model-without-activation" not in names(
        diagnose(y_true=T, y_pred=scores, num_classes=3, model=model)
    )


def test_without_a_model_nobody_looks():
    report = diagnose(y_true=T, y_pred=logits(P, 3, classes=3), metric=METRIC)
    assert outcome(report, "model-without-activation").reason == "no model was given"
