"""Label maps that were resized with interpolation, or saved as JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from build import diagnose, errors, names, roots
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

import iou_doctor
from field.arrays import draw_masks, predict
from field.test_void import blobs, resize


def save(folder, maps, suffix="png", **options):
    folder.mkdir()
    for number, one in enumerate(maps):
        Image.fromarray(one).save(folder / f"{number}.{suffix}", **options)
    return str(folder)


@pytest.mark.parametrize("quality", [95, 75])
@pytest.mark.parametrize("classes", [5, 12])
@pytest.mark.parametrize("declared", [True, False])
def test_class_ids_as_jpeg(tmp_path, quality, classes, declared):
    truth = draw_masks((2, 96, 128), classes, smoothness=8.0)
    report = iou_doctor.check(
        y_pred=predict(truth, classes),
        y_true=save(tmp_path / "masks", truth, "jpg", quality=quality),
        num_classes=classes if declared else None,
    )
    assert report.verdict.primary == "jpeg-masks"
    assert set(errors(report)) <= {"jpeg-masks", *report.consequences}
    assert not any("num_classes" in finding.help for finding in report.findings)


@pytest.mark.parametrize("declared", [True, False])
def test_many_classes_that_were_loaded_from_jpeg(tmp_path, declared):
    truth = draw_masks((3, 96, 128), 30, smoothness=8.0) * np.uint8(5)
    predicted = np.roll(truth, 1, axis=-1)
    folder = Path(save(tmp_path / "masks", truth, "jpg", quality=90))
    masks = np.stack([np.asarray(Image.open(file)) for file in sorted(folder.iterdir())])
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=151 if declared else None)
    assert report.verdict.primary == "jpeg-masks"
    assert not any("map these" in finding.help for finding in roots(report))


def test_predicted_ids_as_jpeg(tmp_path):
    truth = draw_masks((2, 96, 128), 12, smoothness=8.0)
    report = iou_doctor.check(
        y_pred=save(tmp_path / "preds", predict(truth, 12), "jpg", quality=95),
        y_true=save(tmp_path / "masks", truth),
        num_classes=12,
    )
    (finding,) = [f for f in report.findings if f.rule.name == "prediction-out-of-range"]
    assert "PNG" in finding.help


def test_greys_of_many_classes_as_jpeg(tmp_path):
    truth = draw_masks((2, 96, 128), 5, smoothness=10.0)
    predicted = predict(truth, 5)
    report = iou_doctor.check(
        y_pred=predicted,
        y_true=save(tmp_path / "masks", (truth * 63).astype(np.uint8), "jpg", quality=90),
        num_classes=5,
    )
    assert report.verdict.primary == "jpeg-masks"
    right = diagnose(y_true=truth, y_pred=predicted, num_classes=5).mean_iou
    assert report.verdict.mean_iou_after_all == pytest.approx(right, abs=0.05)


def test_greys_as_jpeg_have_no_repair_if_no_class_is_predicted(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (3, 12, 10), np.uint8)
    colours = rng.integers(0, 3, (3, 12, 10, 3), np.uint8)
    report = iou_doctor.check(
        y_pred=save(tmp_path / "preds", colours),
        y_true=save(tmp_path / "masks", truth * 120, "jpg", quality=80),
    )
    assert {"colour-predictions", "jpeg-masks"} <= {*names(report)}


@pytest.mark.parametrize("scale", [1, 255])
def test_a_jpeg_of_two_values_is_whole(tmp_path, scale):
    truth = np.kron(draw_masks((1, 12, 16), 2, smoothness=2.0), np.ones((8, 8), np.uint8)) * scale
    report = iou_doctor.check(
        y_pred=(truth > 0).astype(np.uint8),
        y_true=save(tmp_path / "masks", truth.astype(np.uint8), "jpg", quality=100),
    )
    assert "jpeg-masks" not in names(report)


@pytest.mark.parametrize("options", [{"num_classes": 19, "ignore_index": 255}, {}])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("samples", [1, 3])
def test_street_masks_with_void_resized_with_interpolation(options, up, samples):
    truth = draw_masks((samples, 128, 192), 19, smoothness=10.0)
    void = np.where(blobs(truth.shape, 0.06), 255, truth).astype(np.uint8)
    predicted, masks = predict(truth, 19), resize(void, 64, 96)
    if up:
        masks = resize(masks, 128, 192)
    else:
        predicted = predicted[:, ::2, ::2]
    report = diagnose(y_true=masks, y_pred=predicted, **options)
    assert report.verdict.primary == "interpolated-masks"
    assert "nearest" in report.primary.help
    advice = [finding.help for finding in report.findings]
    assert not any("num_classes=2" in text for text in advice)
    assert not any(
        f.repair and (f.repair.mean_iou_after or 1.0) < report.mean_iou for f in report.findings
    )


@pytest.mark.parametrize("classes", [12, 19])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("declared", [False, True])
def test_predicted_labels_resized_with_interpolation(classes, up, declared):
    truth = draw_masks((3, 128, 192), classes, smoothness=8.0)
    predicted, masks = resize(predict(truth, classes), 64, 96), truth[:, ::2, ::2]
    if up:
        predicted, masks = resize(predicted, 128, 192), truth
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=classes if declared else None)
    assert report.verdict.primary == "interpolated-predictions"


@pytest.mark.parametrize(
    ("classes", "filtered"), [(4, "BILINEAR"), (6, "BILINEAR"), (4, "BICUBIC")]
)
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("coded", [False, True])
def test_ids_in_tens_resized_with_interpolation(classes, up, filtered, coded):
    stored = draw_masks((3, *((48, 64) if up else (96, 128))), classes, smoothness=6.0)
    size = (128, 96) if up else (64, 48)
    nearest, masks = (
        np.stack([np.asarray(Image.fromarray(one).resize(size, how)) for one in maps])
        for maps, how in (
            (stored, Image.Resampling.NEAREST),
            (10 * stored, Image.Resampling[filtered]),
        )
    )
    predicted = predict(nearest, classes)
    report = diagnose(
        y_true=masks,
        y_pred=10 * predicted if coded else predicted,
        num_classes=None if coded else classes,
    )
    assert report.verdict.primary == "interpolated-masks"
    assert "label-out-of-range" not in {*names(report)} - report.consequences


@pytest.mark.parametrize("filtered", ["BICUBIC", "LANCZOS"])
@pytest.mark.parametrize(("classes", "ids"), [(12, 12), (30, 151)])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("declared", [False, True])
def test_labels_that_overshoot(filtered, classes, ids, up, declared):
    stored = draw_masks((3, *((64, 80) if up else (112, 144))), classes, smoothness=8.0)
    stored = (stored * ((ids - 1) / (classes - 1))).astype(np.uint8)
    size = (120, 96) if up else (96, 72)
    nearest, masks = (
        np.stack([np.asarray(Image.fromarray(one).resize(size, how)) for one in stored])
        for how in (Image.Resampling.NEAREST, Image.Resampling[filtered])
    )
    report = diagnose(
        y_true=masks, y_pred=predict(nearest, classes), num_classes=ids if declared else None
    )
    assert report.verdict.primary == "interpolated-masks"
    assert not any("map these" in finding.help for finding in roots(report))
    assert "which is right" not in report.verdict.summary


@pytest.mark.parametrize("declared", [False, True])
def test_floats_that_ring_almost_everywhere(declared):
    stored = draw_masks((3, 64, 80), 12, smoothness=8.0)
    nearest, masks = (
        np.stack([np.asarray(Image.fromarray(one).resize((120, 96), how)) for one in maps])
        for maps, how in (
            (stored, Image.Resampling.NEAREST),
            (stored.astype(np.float32), Image.Resampling.LANCZOS),
        )
    )
    report = diagnose(
        y_true=masks, y_pred=predict(nearest, 12), num_classes=12 if declared else None
    )
    assert [finding.rule.name for finding in roots(report)] == ["interpolated-masks"]


@pytest.mark.parametrize("classes", [3, 12])
def test_ids_in_floats_that_only_lack_rounding(classes):
    truth = draw_masks((3, 64, 80), classes, smoothness=8.0)
    noise = np.random.default_rng(0).normal(0, 1e-4, truth.shape)
    predicted = predict(truth, classes)
    report = diagnose(y_true=(truth + noise).astype(np.float32), y_pred=predicted)
    assert report.verdict.primary == "normalised-masks"
    assert "round" in report.primary.help
    right = diagnose(y_true=truth, y_pred=predicted).mean_iou
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


def test_scores_in_place_of_masks_are_no_ids():
    scores = np.random.default_rng(0).normal(2, 2, (3, 64, 80)).astype(np.float32)
    predicted = np.clip(np.floor(scores + 0.4), 0, 5).astype(np.uint8)
    found = names(diagnose(y_true=scores, y_pred=predicted))
    assert not {"interpolated-masks", "normalised-masks"} & {*found}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(("classes", "ids"), [(12, 12), (30, 151)])
@pytest.mark.parametrize("declared", [False, True])
def test_predicted_ids_that_overshoot(dtype, classes, ids, declared):
    stored = draw_masks((3, 64, 80), classes, smoothness=8.0)
    stored = (stored * ((ids - 1) / (classes - 1))).astype(np.uint8)
    nearest, predicted = (
        np.stack([np.asarray(Image.fromarray(one).resize((120, 96), how)) for one in maps])
        for maps, how in (
            (stored, Image.Resampling.NEAREST),
            (np.roll(stored, 1, axis=-1).astype(dtype), Image.Resampling.LANCZOS),
        )
    )
    report = diagnose(y_true=nearest, y_pred=predicted, num_classes=ids if declared else None)
    assert report.verdict.primary == "interpolated-predictions"
    assert not any("num_classes" in finding.help for finding in roots(report))


def resize_as_skimage(maps, size):
    """Return maps resized as `skimage.transform.resize` does, which divides uint8 by 255."""
    resized = []
    for one in maps / 255:
        factors = [old / new for old, new in zip(one.shape, size, strict=True)]
        smooth = gaussian_filter(one, [max(0, (by - 1) / 2) for by in factors], mode="mirror")
        zooms = [1 / by for by in factors]
        resized.append(zoom(smooth, zooms, order=1, mode="mirror", grid_mode=True))
    return np.stack(resized)


@pytest.mark.parametrize(
    ("classes", "size", "dtype"),
    [
        (2, (64, 80), np.float64),
        (3, (200, 250), np.float32),
        (12, (96, 120), np.float32),
        (21, (64, 80), np.float64),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_ids_that_were_divided_by_255_and_interpolated(classes, size, dtype, declared):
    truth = draw_masks((3, 128, 160), classes, smoothness=9.0)
    nearest = np.stack(
        [
            np.asarray(Image.fromarray(one).resize(size[::-1], Image.Resampling.NEAREST))
            for one in truth
        ]
    )
    masks = resize_as_skimage(truth, size).astype(dtype)
    predicted = predict(nearest, classes)
    report = diagnose(y_true=masks, y_pred=predicted, num_classes=classes if declared else None)
    assert report.verdict.primary == "masks-divided-by-255"
    assert "order=0, preserve_range=True" in report.primary.help
    right = diagnose(y_true=np.rint(masks * 255).astype(np.uint8), y_pred=predicted)
    assert report.verdict.mean_iou_after_all == pytest.approx(right.mean_iou, abs=0.002)


@pytest.mark.parametrize("divisor", [11, 50, 1000])
def test_ids_divided_by_other_numbers_are_not_divided_by_255(divisor):
    truth = draw_masks((3, 96, 128), 12, smoothness=9.0)
    masks = (truth / divisor).astype(np.float32)
    report = diagnose(y_true=masks, y_pred=predict(truth, 12), num_classes=12)
    assert "masks-divided-by-255" not in names(report)


def test_soft_masks_of_two_classes_are_not_divided_by_255():
    truth = draw_masks((3, 96, 128), 2, smoothness=9.0)
    soft = np.stack([gaussian_filter(one.astype(np.float32), 1.5) for one in truth])
    report = diagnose(y_true=soft, y_pred=predict(truth, 2), num_classes=2)
    assert "masks-divided-by-255" not in names(report)
