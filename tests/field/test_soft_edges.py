"""Masks of 0 and 255 that were resized with interpolation, beside those that went through JPEG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from build import diagnose, names
from PIL import Image
from scipy.ndimage import zoom

from field.arrays import draw_pair

SIZES = {0.5: (64, 48), 0.75: (96, 72), 1.6: (204, 153), 2: (256, 192)}


def resize(maps, size, how):
    return np.stack([np.asarray(Image.fromarray(one).resize(size, how)) for one in maps])


def save_as_jpeg(maps, quality):
    found = []
    for one in maps:
        file = BytesIO()
        Image.fromarray(one).save(file, "JPEG", quality=quality)
        found.append(np.asarray(Image.open(file)))
    return np.stack(found)


def draw(seed=0):
    """Return masks of 0 and 255, and predictions of 0 and 1."""
    truth, predicted = draw_pair((5, 96, 128), 2, seed=seed, smoothness=9.0, noise=0.15)
    return truth * np.uint8(255), predicted


def score_cut(masks, predicted):
    return diagnose(y_true=(masks > 127).astype(np.uint8), y_pred=predicted).mean_iou


@pytest.mark.parametrize("factor", SIZES)
@pytest.mark.parametrize("filtered", ["LANCZOS", "BICUBIC", "BILINEAR"])
@pytest.mark.parametrize("num_classes", [2, None])
def test_a_resize_with_interpolation_is_no_jpeg(factor, filtered, num_classes):
    masks, predicted = draw()
    masks = resize(masks, SIZES[factor], Image.Resampling[filtered])
    predicted = resize(predicted, SIZES[factor], Image.Resampling.NEAREST)
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=num_classes)
    assert report.verdict.primary in {"interpolated-masks", "masks-0-255"}
    assert not {"jpeg-masks", "recoded-class-ids"} & {*names(report)}
    right = score_cut(masks, predicted)
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_a_cubic_spline_that_overshoots():
    masks, predicted = draw(3)
    wide = np.stack([zoom(one.astype(float), 2, order=3) for one in masks])
    masks = np.clip(np.rint(wide), 0, 255).astype(np.uint8)
    predicted = predicted.repeat(2, 1).repeat(2, 2)
    report = diagnose(y_true=masks, y_pred=predicted)
    assert report.verdict.primary == "interpolated-masks"
    assert "jpeg-masks" not in names(report)


@pytest.mark.parametrize("value", [99, 255])
def test_soft_edges_beside_a_declared_void_label(value):
    masks, predicted = draw(1)
    small = np.where(masks > 0, 254, 0).astype(np.uint8)
    masks = resize(small, SIZES[2], Image.Resampling.LANCZOS)
    masks = np.where(masks == value, value - 1, masks)
    masks[:, :8] = value
    predicted = resize(predicted, SIZES[2], Image.Resampling.NEAREST)
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=2, ignore_index=value)
    assert "jpeg-masks" not in names(report)


@pytest.mark.parametrize("quality", [50, 75, 90, 95])
@pytest.mark.parametrize("then", ["nothing", "crop", "nearest"])
def test_jpeg_stays_jpeg(quality, then):
    masks, predicted = draw()
    masks = save_as_jpeg(masks, quality)
    if then == "crop":
        masks, predicted = masks[:, 3:91, 5:120], predicted[:, 3:91, 5:120]
    if then == "nearest":
        masks, predicted = (
            resize(maps, SIZES[1.6], Image.Resampling.NEAREST) for maps in (masks, predicted)
        )
    report = diagnose(y_true=masks, y_pred=predicted)
    if (quality, then) == (50, "nearest"):
        assert report.verdict.mean_iou_after_all == pytest.approx(score_cut(masks, predicted))
    else:
        assert report.verdict.primary == "jpeg-masks"
