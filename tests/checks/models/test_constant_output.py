from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from build import diagnose, found, names, noisy, outcome, scene
from scenes import boxes, model

from iou_doctor.arrays.model import ModelFacts

T = scene(1, samples=4, classes=3)
SAME = np.repeat(noisy(T, 2)[:1], 4, axis=0)
DEAD = ModelFacts("SavedModel", "probs", constant=True)


def test_one_output_for_all_images_is_found():
    report = diagnose(y_true=T, y_pred=SAME, num_classes=3, model=DEAD)
    finding = found(report, "constant-output")
    assert report.verdict.primary == "constant-output"
    assert finding.facts == {"output": "probs", "images": 4}
    assert finding.message == (
        "output `probs` is the same for all 4 images, though the images differ"
    )


def test_a_scale_is_proposed_only_if_none_is_given():
    report = diagnose(y_true=T, y_pred=SAME, num_classes=3, model=DEAD)
    assert "(--input-scale 1/255?)" in found(report, "constant-output").help
    scaled = replace(DEAD, is_scaled=True)
    report = diagnose(y_true=T, y_pred=SAME, num_classes=3, model=scaled)
    assert found(report, "constant-output").help == (
        "try it without --input-scale, as many models scale their images; then check the input of"
        " the model and whether its weights were loaded"
    )


def test_it_explains_predictions_that_collapsed():
    report = diagnose(y_true=T, y_pred=SAME * 0, num_classes=3, model=DEAD)
    assert report.verdict.primary == "constant-output"
    assert "collapsed-predictions" in report.consequences


def test_masks_that_are_all_alike_ask_for_one_output():
    report = diagnose(y_true=SAME, y_pred=SAME * 0, num_classes=3, model=DEAD)
    assert "constant-output" not in names(report)


def test_outputs_that_differ_pass_and_without_a_model_nobody_looks():
    alive = ModelFacts("SavedModel", "probs")
    assert "constant-output" not in names(
        diagnose(y_true=T, y_pred=SAME, num_classes=3, model=alive)
    )
    report = diagnose(y_true=T, y_pred=noisy(T, 2), num_classes=3)
    assert outcome(report, "constant-output").reason == "no model was given"


@pytest.mark.parametrize(("samples", "fires"), [(3, True), (2, False)])
def test_equal_predictions_of_different_masks_need_no_model(samples, fires):
    masks = boxes(1, samples=samples)
    good = model(masks, 2)
    same = np.repeat(good[:1], samples, axis=0)
    assert ("constant-output" in names(diagnose(y_true=masks, y_pred=same, num_classes=5))) == fires
    assert "constant-output" not in names(diagnose(y_true=masks, y_pred=good, num_classes=5))
    alike = np.repeat(masks[:1], samples, axis=0)
    assert "constant-output" not in names(diagnose(y_true=alike, y_pred=same, num_classes=5))


def test_predictions_that_differ_by_a_pixel_are_not_the_same():
    masks = np.zeros((3, 256, 256), np.uint8)
    masks[:, 100:200, 80:180] = 1
    predictions = masks.copy()
    for image in range(3):
        masks[image, 10, : 10 + image] = 1
        predictions[image, 13, 13 : 14 + image % 2] = 1
    assert "constant-output" not in names(diagnose(y_true=masks, y_pred=predictions))
