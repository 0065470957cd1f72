"""Predictions that seem to be shifted: scaled ones, late ones, and objects drawn a little aside."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, found, names
from casebook import real
from casebook.cases import at
from PIL import Image
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, draw_pair, predict


def pan(frames, step, classes, seed=0, height=80, width=104):
    """Return the masks and predictions of a camera that moves over a scene."""
    down, right = step
    size = height + frames * down, width + frames * right
    scene = draw_masks((1, *size), classes, seed=seed, smoothness=9.0)[0]
    masks = np.stack(
        [scene[k * down : k * down + height, k * right : k * right + width] for k in range(frames)]
    )
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=masks.shape), (0, 3, 3))
    other = draw_masks(masks.shape, classes, seed=seed + 50)
    return masks, np.where(noise < np.quantile(noise, 0.1), other, masks)


def shrink(maps, share, place):
    """Return maps scaled down inside their canvas, and class 0 beside them."""
    height, width = (round(share * size) for size in maps.shape[1:])
    top, left = (
        (0, 0)
        if place == "corner"
        else ((maps.shape[1] - height) // 2, (maps.shape[2] - width) // 2)
    )
    shrunk = np.zeros_like(maps)
    for one, small in zip(maps, shrunk, strict=True):
        resized = Image.fromarray(one).resize((width, height), Image.Resampling.NEAREST)
        small[top : top + height, left : left + width] = np.asarray(resized)
    return shrunk


def draw_discs(images, side, radius, *, seed, aside, jitter=0.7):
    """Return masks of one disc each, and predictions of which the first lies `aside`."""
    random, (rows, columns) = np.random.default_rng(seed), np.indices((side, side))
    masks, predictions = np.zeros((2, images, side, side), dtype=np.uint8)
    for place, (mask, prediction) in enumerate(zip(masks, predictions, strict=True)):
        row, column = random.uniform(radius + 10, side - radius - 10, 2)
        down, right = random.normal(0, jitter, 2) if place else aside
        size = radius * random.uniform(0.95, 1.05)
        mask[np.hypot(rows - row, columns - column) < radius] = 1
        prediction[np.hypot(rows - row - down, columns - column - right) < size] = 1
    return masks, predictions


@pytest.mark.parametrize(("frames", "step"), [(12, (0, 4)), (20, (1, 5)), (30, (0, 2))])
@pytest.mark.parametrize("classes", [2, 6])
@pytest.mark.parametrize("places", [1, -1])
def test_frames_that_come_late_are_not_shifted(frames, step, classes, places):
    masks, predictions = pan(frames, step, classes)
    report = diagnose(y_true=masks, y_pred=np.roll(predictions, places, axis=0))
    assert report.verdict.primary == "shuffled-samples"
    assert found(report, "shuffled-samples").facts["offset"] == places
    assert "shifted-predictions" not in names(report)


@pytest.mark.parametrize("step", [(0, 4), (2, 3)])
def test_a_first_frame_that_was_predicted_twice(step):
    masks, predictions = pan(12, step, 5)
    late = np.concatenate([predictions[:1], predictions[:-1]])
    report = diagnose(y_true=masks, y_pred=late)
    assert report.verdict.primary == "shuffled-samples"
    assert "1 place after their masks" in report.primary.message


@pytest.mark.parametrize("step", [(0, 4), (2, 3)])
def test_frames_in_order_that_are_shifted(step):
    masks, predictions = pan(12, step, 5)
    report = diagnose(y_true=masks, y_pred=np.roll(predictions, (5, -3), axis=(1, 2)))
    assert report.verdict.primary == "shifted-predictions"
    facts = found(report, "shifted-predictions").facts
    assert (facts["rows"], facts["columns"]) == (5, -3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", [(0, 0), (0, 1), (2, 3)])
def test_frames_of_a_weak_model_are_in_order(seed, step):
    masks, _ = pan(14, step, 4, seed=seed)
    noise = gaussian_filter(np.random.default_rng(seed + 9).normal(size=masks.shape), (0, 3, 3))
    predictions = np.where(noise > 0, draw_masks(masks.shape, 4, seed=seed + 70), masks)
    report = diagnose(y_true=masks, y_pred=predictions)
    assert not {"shuffled-samples", "shifted-predictions"} & {*names(report)}


@pytest.mark.parametrize(("classes", "seed"), [(2, 1), (4, 2), (12, 3)])
@pytest.mark.parametrize("share", [0.95, 0.9, 0.85])
@pytest.mark.parametrize("place", ["corner", "middle"])
def test_predictions_scaled_down_inside_their_canvas_are_not_shifted(classes, seed, share, place):
    masks, predictions = draw_pair((6, 120, 160), classes, seed=seed, smoothness=10.0)
    report = diagnose(y_true=masks, y_pred=shrink(predictions, share, place), num_classes=classes)
    assert "shifted-predictions" not in names(report)


@pytest.mark.parametrize(("classes", "seed"), [(2, 1), (4, 2), (12, 3)])
@pytest.mark.parametrize("offset", [(2, 2), (0, 6), (9, -8)])
def test_predictions_of_the_same_scale_are_shifted(classes, seed, offset):
    masks, predictions = draw_pair((6, 120, 160), classes, seed=seed, smoothness=7.0)
    report = diagnose(y_true=masks, y_pred=np.roll(predictions, offset, axis=(1, 2)))
    facts = found(report, "shifted-predictions").facts
    assert (facts["rows"], facts["columns"]) == offset


@pytest.mark.parametrize(
    ("images", "side", "radius", "aside"),
    [(5, 64, 8, (-9, 0)), (9, 96, 7, (3, -8)), (5, 128, 10, (9, 6)), (11, 128, 9, (0, 10))],
)
@pytest.mark.parametrize("label", [1, 3])
def test_one_object_drawn_aside_is_an_error_of_the_model(images, side, radius, aside, label):
    masks, predictions = draw_discs(images, side, radius, seed=images, aside=aside, jitter=1.2)
    report = diagnose(y_true=masks * np.uint8(label), y_pred=predictions * np.uint8(label))
    assert "shifted-predictions" not in names(report)


@pytest.mark.parametrize("seed", range(12))
def test_a_few_objects_that_each_lie_a_little_aside_are_not_shifted(seed):
    masks, predictions = draw_discs(5, 64, 8, seed=seed, aside=(1, 1), jitter=1.5)
    report = diagnose(y_true=masks, y_pred=predictions)
    assert "shifted-predictions" not in names(report)


@pytest.mark.parametrize("kind", ["areas", "objects"])
def test_one_sample_with_many_contours_is_shifted(kind):
    masks, predictions = draw_pair((6, 96, 96), 4, seed=5, noise=0.2)
    if kind == "objects":
        discs = [draw_discs(6, 96, 9, seed=seed, aside=(0, 0)) for seed in range(5)]
        masks, predictions = (np.maximum.reduce(own) for own in zip(*discs, strict=True))
    predictions = predictions.copy()
    predictions[2] = np.roll(predictions[2], (6, 5), axis=(0, 1))
    report = diagnose(y_true=masks, y_pred=predictions)
    assert found(report, "shifted-predictions").facts["faulty"] == [2]


def test_samples_that_were_predicted_twice_are_in_order():
    truth = draw_masks((8, 48, 56), 3, seed=4)
    early, late = (
        predict(truth, 3, seed=seed, wrong=wrong) for seed, wrong in ((5, 0.5), (6, 0.1))
    )
    masks, predictions = np.concatenate([truth, truth]), np.concatenate([early, late])
    assert "shuffled-samples" not in names(diagnose(y_true=masks, y_pred=predictions))


def test_small_frames_that_come_one_place_late():
    random = np.random.default_rng(1)
    masks = random.integers(0, 3, (12, 6, 7)).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=np.roll(masks, 1, axis=0))
    assert report.verdict.primary == "shuffled-samples"


@pytest.mark.parametrize(
    ("place", "right"),
    [
        ("video/0.45", 2),
        pytest.param(
            real.PLACE,
            3,
            marks=pytest.mark.skipif(bool(real.missing()), reason=str(real.missing())),
        ),
    ],
)
def test_frames_of_a_video_are_no_slices_of_a_volume_that_a_model_draws_aside(place, right):
    source = at(place)
    moved = np.roll(source.predicted, right, axis=2)
    moved[:, :, :right] = source.predicted[:, :, :1]
    report = diagnose(y_true=source.truth, y_pred=moved, num_classes=source.classes)
    assert found(report, "shifted-predictions").facts["columns"] == right
    healthy = diagnose(y_true=source.truth, y_pred=source.predicted, num_classes=source.classes)
    assert "shifted-predictions" not in names(healthy)
