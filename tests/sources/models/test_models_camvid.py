"""A real network on real photographs, where somebody put them beside the project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from casebook import real

from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import Pair
from iou_doctor.diagnosis.pipeline import check_pair
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.report.report import Report
from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.opening import open_pair

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(real.missing() is not None, reason=str(real.missing())),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
SAVED_AS_FLOAT16 = 1e-4
OPTIONS = Options(num_classes=real.CLASSES, ignore_index=real.VOID)
REQUEST = CheckRequest(options=OPTIONS, metric="MeanIoU(11, ignore_class=11, sparse_y_pred=False)")


def diagnosed(model: str, **options: Any) -> Report:
    said = ModelOptions(images=str(real.FOLDER / "val30_images_u8.npy"), **options)
    masks, place = real.FOLDER / "val30_masks_u8.npy", real.FOLDER / model
    return check_pair(open_pair(y_true=str(masks), y_pred=str(place), model=said), REQUEST)


@pytest.fixture(scope="module")
def saved() -> Any:
    """Return the probabilities that one saves who calls the network himself."""
    import tensorflow as tf

    network = tf.saved_model.load(str(real.FOLDER / "camvid_savedmodel"))
    images = np.load(real.FOLDER / "val30_images_u8.npy").astype(np.float32)
    call = network.signatures["serving_default"]
    parts = [call(image=tf.constant(images[i : i + 10])) for i in range(0, 30, 10)]
    return np.concatenate([part["output_0"].numpy() for part in parts])


def score_of(probabilities: Any) -> float | None:
    masks = np.load(real.FOLDER / "val30_masks_u8.npy")
    pair = Pair(ArraySource(masks, "y_true"), ArraySource(probabilities, "y_pred"))
    return check_pair(pair, REQUEST).mean_iou


@pytest.mark.parametrize("model", ["camvid_savedmodel", "camvid_tiny_unet.keras"])
def test_the_score_is_that_of_saved_probabilities(model, saved):
    report = diagnosed(model)
    assert not report.verdict.sick
    assert report.mean_iou == pytest.approx(score_of(saved), abs=1e-6)
    half = score_of(saved.astype(np.float16))
    assert report.mean_iou == pytest.approx(half, abs=SAVED_AS_FLOAT16)


def test_logits_are_noted_and_score_alike(saved):
    report = diagnosed("camvid_logits.keras")
    assert [f.rule.name for f in report.findings if f.rule.code.startswith("IOU8")] == [
        "model-without-activation"
    ]
    assert report.mean_iou == pytest.approx(score_of(saved), abs=1e-6)


def test_images_divided_beforehand_are_noticed():
    report = diagnosed("camvid_savedmodel", input_scale=1 / 255)
    assert report.mean_iou is not None
    assert report.mean_iou < 0.2
    assert report.verdict.sick or report.verdict.primary is not None


def test_a_quarter_of_the_size_is_resized_back(tmp_path):
    images = np.load(real.FOLDER / "val30_images_u8.npy")[:4]
    large = np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)
    masks = np.load(real.FOLDER / "val30_masks_u8.npy")[:4].repeat(2, axis=1).repeat(2, axis=2)
    np.save(tmp_path / "images.npy", large)
    np.save(tmp_path / "masks.npy", masks)
    said = ModelOptions(images=str(tmp_path / "images.npy"), resize=True)
    place = str(real.FOLDER / "camvid_savedmodel")
    pair = open_pair(y_true=str(tmp_path / "masks.npy"), y_pred=place, model=said)
    report = check_pair(pair, REQUEST)
    assert pair.y_pred.shape == (4, 360, 480, 11)
    assert report.mean_iou is not None
    assert report.mean_iou > 0.5
