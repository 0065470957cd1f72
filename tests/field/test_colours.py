"""Colours as the functions that read pictures return them: divided by 255, or blue first."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, one_hot
from scipy.ndimage import label

from field.arrays import draw_masks, draw_pair, predict

VOC = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]], np.uint8)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_colours_from_0_to_1_of_plt_imread_and_to_tensor(alpha, first):
    truth, predicted = draw_pair((4, 40, 56), 4)
    colours = (VOC[truth] / 255).astype(np.float32)
    if alpha:
        colours = np.concatenate([colours, np.ones_like(colours[..., :1])], axis=-1)
    report = diagnose(
        y_true=np.moveaxis(colours, -1, 1) if first else colours, y_pred=predicted, num_classes=4
    )
    assert errors(report) == ["colour-masks"]
    assert "palette of PASCAL VOC 2012, divided by 255" in found(report, "colour-masks").message
    assert after(report, "colour-masks") == pytest.approx(mean_iou(truth, predicted, 4))


@pytest.mark.parametrize("colour", [(1, 0, 0), (1, 1, 0), (0.5019608, 0, 0.5019608)])
def test_one_colour_from_0_to_1_is_no_one_hot_mask(colour):
    truth, predicted = draw_pair((4, 40, 56), 2)
    colours = np.array([(0, 0, 0), colour], np.float32)[truth]
    report = diagnose(y_true=colours, y_pred=predicted)
    assert errors(report) == ["colour-masks"]
    assert after(report, "colour-masks") == pytest.approx(mean_iou(truth, predicted, 2))


def test_greys_from_0_to_1_of_plt_imread():
    truth, predicted = draw_pair((4, 40, 56), 3)
    greys = np.stack([truth * np.float32(1 / 255)] * 3, axis=-1)
    report = diagnose(y_true=greys, y_pred=predicted)
    assert errors(report) == ["replicated-grey-masks"]
    assert after(report, "replicated-grey-masks") == pytest.approx(mean_iou(truth, predicted, 3))
    help_text = found(report, "replicated-grey-masks").help
    assert help_text == 'masks = np.rint(masks[..., 0] * 255).astype("uint8")'


def test_smooth_one_hot_masks_are_no_colours():
    truth, predicted = draw_pair((4, 40, 56), 3)
    soft = 0.2 / 3 + 0.8 * (truth[..., np.newaxis] == np.arange(3))
    report = diagnose(y_true=soft.astype(np.float32), y_pred=predicted)
    assert "colour-masks" not in names(report)


@pytest.mark.parametrize("side", ["masks", "predictions"])
def test_the_palette_of_a_data_set_read_with_cv2_imread(side):
    truth, predicted = draw_pair((4, 40, 56), 4)
    name = f"colour-{side}"
    arrays = {"y_true": truth, "y_pred": predicted}
    key = "y_true" if side == "masks" else "y_pred"
    report = diagnose(**{**arrays, key: VOC[arrays[key]][..., ::-1]}, num_classes=4)
    assert errors(report) == [name]
    assert "PASCAL VOC 2012 with red and blue exchanged" in found(report, name).message
    assert after(report, name) == pytest.approx(mean_iou(truth, predicted, 4))


@pytest.mark.parametrize(
    "pair", [((0, 255, 255), (255, 0, 255)), ((255, 0, 0, 255), (0, 255, 0, 255))], ids=str
)
@pytest.mark.parametrize("num_classes", [None, 2])
def test_two_colours_of_the_same_brightness_are_no_scores(pair, num_classes):
    truth, predicted = draw_pair((4, 40, 56), 2)
    report = diagnose(
        y_true=np.array(pair, np.uint8)[truth], y_pred=predicted, num_classes=num_classes
    )
    assert errors(report) == ["colour-masks"]
    assert after(report, "colour-masks") == pytest.approx(mean_iou(truth, predicted, 2))


@pytest.mark.parametrize("classes", [3, 4])
def test_one_hot_masks_of_0_and_255_are_no_colours(classes):
    truth, predicted = draw_pair((4, 40, 56), classes)
    one_hot = np.eye(classes, dtype=np.uint8)[truth] * 255
    report = diagnose(y_true=one_hot, y_pred=predicted)
    assert "colour-masks" not in names(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(truth, predicted, classes))


PURE = {"k": (0, 0, 0), "r": (1, 0, 0), "g": (0, 1, 0), "y": (1, 1, 0), "b": (0, 0, 1)}


@pytest.mark.parametrize("palette", ["kr", "krg", "kry", "krgb", "ykrgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_pure_colours_of_0_and_1_are_no_overlapping_channels(palette, dtype):
    classes = len(palette)
    truth = draw_masks((4, 48, 64), classes, smoothness=5.0)
    predicted = predict(truth, classes)
    right = mean_iou(truth, predicted, classes)
    colours = np.array([PURE[letter] for letter in palette], dtype)
    arrays = [("colour-masks", colours[truth], predicted)]
    arrays += [("colour-masks", np.moveaxis(colours[truth], -1, 1), predicted[..., None])]
    arrays += [("colour-predictions", truth, colours[predicted])]
    if classes != 3:  # three scores beside three channels are those of classes
        arrays += [("colour-masks", colours[truth], one_hot(predicted, classes, np.float32) * 9)]
    for name, masks, predictions in arrays:
        report = diagnose(y_true=masks, y_pred=predictions, num_classes=classes)
        assert name in errors(report)
        assert "invalid-one-hot" not in names(report)
        assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_classes_that_overlap_or_lack_in_places_are_no_colours():
    truth = draw_masks((4, 48, 64), 3, smoothness=5.0)
    predicted = predict(truth, 3)
    void = draw_masks((4, 48, 64), 2, seed=9)[..., None]
    for masks in (one_hot(truth, 3), one_hot(truth, 3) * (1 - void), one_hot(truth, 3) | void):
        assert "colour-masks" not in names(diagnose(y_true=masks, y_pred=predicted))
        scores = one_hot(predicted, 3, np.float32) * 0.8 + 0.1
        assert "colour-masks" not in names(diagnose(y_true=masks, y_pred=scores))


def test_a_colour_for_each_object_beside_two_classes():
    truth = draw_masks((3, 96, 96), 2, seed=4, smoothness=5.0)
    numbers = np.stack([label(image)[0] for image in truth])
    colours = np.random.default_rng(0).integers(30, 250, (numbers.max() + 1, 3)).astype(np.uint8)
    colours[0] = 0
    predictions = predict(truth, 2)
    report = diagnose(y_true=colours[numbers], y_pred=predictions)
    assert report.verdict.primary == "colour-masks"
    assert report.verdict.mean_iou_after_all == pytest.approx(
        mean_iou(truth, predictions, 2), abs=0.01
    )
