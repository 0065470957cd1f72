from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from build import diagnose, found, names, noisy, outcome, probabilities, scene

from iou_doctor.arrays.model import ModelFacts
from iou_doctor.checks.models.model_output_mismatch import find

T = scene(1, classes=3)
SCORES = probabilities(noisy(T, 2), 3, classes=3)
MODEL = ModelFacts("SavedModel", "output_0", {"output_0": (None, 6, 9, 3)})
FITTING = {"metric": "MeanIoU(3, sparse_y_pred=False)"}


def test_a_smaller_output_is_named_as_the_models():
    report = diagnose(y_true=T, y_pred=SCORES[:, ::2, ::2], model=MODEL, **FITTING)
    finding = found(report, "model-output-mismatch")
    assert report.verdict.primary == "model-output-mismatch"
    assert "resolution-mismatch" in report.consequences
    assert finding.message == (
        "output `output_0` of the SavedModel is 2 × 6 × 9 × 3, and masks are 2 × 12 × 18 with"
        " num_classes=3"
    )
    assert finding.help == "end the model with one channel for each class, in the size of the masks"
    assert finding.facts == {
        "output": "output_0",
        "output_shape": [2, 6, 9, 3],
        "masks": [2, 12, 18],
        "num_classes": 3,
    }
    assert finding.repair is not None
    assert finding.repair.mean_iou_after is not None


def test_a_missing_channel_is_named_and_other_outputs_are():
    model = ModelFacts("Keras model", "aux", {"aux": (None, 12, 18, 3), "main": None})
    report = diagnose(y_true=T, y_pred=SCORES, num_classes=4, model=model)
    finding = found(report, "model-output-mismatch")
    assert finding.help == "choose another output with --output-name: `main`"
    assert "channel-count-mismatch" in report.consequences


def test_the_output_of_a_classifier_has_no_pixels():
    report = diagnose(y_true=T, y_pred=SCORES[:, 0, 0], num_classes=3, model=MODEL)
    assert found(report, "model-output-mismatch").facts["output_shape"] == [2, 3]
    assert report.verdict.primary == "model-output-mismatch"


def test_a_fitting_output_passes_and_without_a_model_nobody_looks():
    assert names(diagnose(y_true=T, y_pred=SCORES, model=MODEL, **FITTING)) == []
    report = diagnose(y_true=T, y_pred=SCORES[:, ::2, ::2], **FITTING)
    assert outcome(report, "model-output-mismatch").reason == "no model was given"
    assert report.verdict.primary == "resolution-mismatch"


def test_channels_of_the_masks_are_no_fault_of_the_model():
    masks = np.eye(4, dtype=np.uint8)[T]
    report = diagnose(y_true=masks, y_pred=SCORES, num_classes=3, model=MODEL)
    assert "channel-count-mismatch" in names(report)
    assert "model-output-mismatch" not in names(report)


def test_images_of_several_sizes_are_no_fault_of_the_model():
    report = diagnose(y_true=T, y_pred=SCORES[:, ::2, ::2], **FITTING)
    evidence = SimpleNamespace(
        model=MODEL,
        interpretation=SimpleNamespace(layout=SimpleNamespace(mismatched=(1,))),
        found=(found(report, "resolution-mismatch"),),
    )
    assert find(evidence) == []
