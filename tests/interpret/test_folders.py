from __future__ import annotations

import numpy as np
import pytest
from build import errors, found, mean_iou, names, noisy, scene
from PIL import Image

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.sources.opening import open_pair

SIZES = {"a": (12, 18), "b": (14, 18), "c": (12, 20)}


@pytest.fixture
def folders(tmp_path):
    """Return a function that saves images by name under masks/ and predictions/."""

    def save(*, masks, predictions):
        for folder, images in (("masks", masks), ("predictions", predictions)):
            (tmp_path / folder).mkdir()
            for name, image in images.items():
                Image.fromarray(image).save(tmp_path / folder / f"{name}.png")
        return open_pair(y_true=tmp_path / "masks", y_pred=tmp_path / "predictions")

    return save


def images(seed):
    return {
        name: scene(seed, samples=1, height=height, width=width)[0]
        for name, (height, width) in SIZES.items()
    }


def test_images_of_different_sizes(folders):
    masks = images(1)
    predictions = {name: noisy(image, 2) for name, image in masks.items()}
    report = check_pair(
        folders(masks=masks, predictions=predictions), CheckRequest(options=Options(num_classes=3))
    )
    assert names(report) == []
    assert report.reading.layout.mismatched == ()
    pixels = [np.concatenate([i.ravel() for i in side.values()]) for side in (masks, predictions)]
    assert report.mean_iou == pytest.approx(mean_iou(*pixels, 3))
    assert report.metric.value == pytest.approx(report.mean_iou, abs=1e-6)  # image by image


def test_one_pair_of_another_size_is_named_and_left_out(folders):
    masks, predictions = images(1), images(1)
    predictions["b"] = predictions["b"][:-1]
    report = check_pair(
        folders(masks=masks, predictions=predictions), CheckRequest(options=Options(num_classes=3))
    )
    finding = found(report, "shape-mismatch")
    assert finding.facts == {"pairs": 1, "of": 3}
    assert finding.evidence == "first: `b`: mask 14 × 18, prediction 13 × 18"
    assert report.mean_iou == 1.0
    assert report.pixels.total == 12 * 18 + 12 * 20
    assert errors(report) == ["shape-mismatch"]


def test_all_pairs_swapped(folders):
    masks = images(1)
    predictions = {name: np.ascontiguousarray(image.T) for name, image in masks.items()}
    report = check_pair(
        folders(masks=masks, predictions=predictions), CheckRequest(options=Options(num_classes=3))
    )
    assert report.verdict.primary == "height-width-swapped"
    assert report.verdict.mean_iou_after_all == 1.0


def test_images_of_one_size_are_a_stack(folders):
    stack = dict(zip("abc", scene(1, samples=3), strict=True))
    report = check_pair(
        folders(masks=stack, predictions=stack), CheckRequest(options=Options(num_classes=3))
    )
    assert names(report) == []
    assert report.reading.layout.y_true.letters == "NHW"


def test_one_mask_without_a_prediction_is_listed(folders):
    masks = images(1)
    predictions = {name: masks[name] for name in "ab"}
    report = check_pair(
        folders(masks=masks, predictions=predictions), CheckRequest(options=Options(num_classes=3))
    )
    assert found(report, "sample-count-mismatch").facts == {
        "masks_without_prediction": ["c"],
        "predictions_without_mask": [],
        "scored": 2,
    }


def test_colour_masks_beside_labels_of_other_sizes(folders):
    palette = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], dtype=np.uint8)
    masks = {name: palette[image] for name, image in images(1).items()}
    report = check_pair(
        folders(masks=masks, predictions=images(1)), CheckRequest(options=Options(num_classes=3))
    )
    assert errors(report) != []
