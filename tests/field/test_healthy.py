"""Healthy arrays of people: no error, no warning, and the right score."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, logits, mean_iou, softmax
from casebook.scenes import scene
from PIL import Image
from scipy.ndimage import gaussian_filter

import iou_doctor
from field.arrays import draw_pair
from iou_doctor.report.finding import Severity

GAPPED = np.array([10, 20, 30, 40, 50, 60], dtype=np.uint8)
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0] + [0] * 756


def list_faults(report):
    """Return the names of the rules that report more than a note."""
    return [f.rule.name for f in report.findings if f.severity is not Severity.NOTE]


def draw_noise(shape, seed=0, sigma=3.0):
    values = np.random.default_rng(seed).normal(size=shape)
    return gaussian_filter(values, (0, *[sigma] * (len(shape) - 1)))


def find_edges(masks):
    """Return where a mask differs from the pixel below or to the right."""
    edges = np.zeros(masks.shape, dtype=bool)
    edges[:, :-1] |= masks[:, 1:] != masks[:, :-1]
    edges[:, :, :-1] |= masks[:, :, 1:] != masks[:, :, :-1]
    return edges


def draw_one_object_an_image():
    random, masks = np.random.default_rng(3), np.zeros((20, 96, 96), dtype=np.uint8)
    rows, columns = np.indices((96, 96))
    for image, label in zip(masks, random.permutation(20) + 1, strict=True):
        centre, radius = random.integers(30, 66, 2), random.integers(14, 25)
        image[(rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2] = label
    noise = draw_noise(masks.shape, 4)
    grown = np.maximum(np.roll(masks, 2, 1), np.roll(masks, -2, 2))
    high, low = np.quantile(noise, (0.8, 0.2))
    return masks, np.where(noise > high, grown, np.where(noise < low, np.roll(masks, 2, 2), masks))


def draw_vessels():
    random, masks = np.random.default_rng(5), np.zeros((4, 96, 96), dtype=np.uint8)
    for image in masks:
        for _ in range(6):
            angle, along = random.uniform(0, 3), np.linspace(-60, 60, 500)
            row, column = random.uniform(20, 76, 2)
            rows = (row + along * np.sin(angle) + 3 * np.sin(along / 9)).astype(int)
            columns = (column + along * np.cos(angle)).astype(int)
            inside = (rows >= 0) & (rows < 95) & (columns >= 0) & (columns < 96)
            image[rows[inside], columns[inside]] = image[rows[inside] + 1, columns[inside]] = 1
    lost = random.random(masks.shape) < 0.1
    false = (np.roll(masks, 1, 1) == 1) & (random.random(masks.shape) < 0.1)
    return masks, np.where(lost, 0, masks | false).astype(np.uint8)


def draw_kidneys():
    masks = np.zeros((48, 96, 96), dtype=np.uint8)
    depth, rows, columns = np.indices(masks.shape)
    for centre, radius, label in (
        ((20, 45, 28), 13, 1),
        ((22, 46, 68), 12, 1),
        ((18, 50, 33), 5, 2),
    ):
        distance = sum((a - b) ** 2 for a, b in zip((depth, rows, columns), centre, strict=True))
        masks[distance < radius**2] = label
    noise = gaussian_filter(np.random.default_rng(0).normal(size=masks.shape), 2)
    high, low = np.quantile(noise, (0.93, 0.07))
    moved = np.where(noise > high, np.roll(masks, 2, 2), masks)
    return masks, np.where(noise < low, np.roll(masks, -2, 2), moved)


def cases():
    """Yield the name, masks, predictions, options, score and what may be reported of each case."""
    masks, predictions = draw_pair((1, 128, 128), 2, noise=0.15)
    yield "one_bool_image", masks[0] > 0, predictions[0] > 0, {}, 2, ()
    masks, predictions = draw_pair((2, 96, 128), 2, noise=0.15, seed=1)
    yield "int8_and_float_masks", masks.astype("f4"), predictions.astype("i1"), {}, 2, ()
    masks, predictions = draw_pair((4, 80, 96), 9)
    noise = draw_noise(masks.shape)
    void = np.where(noise > np.quantile(noise, 0.92), 250, masks).astype(np.uint8)
    yield "declared_250", void, predictions, {"num_classes": 9, "ignore_index": 250}, 9, ()
    for classes, name in ((2, "two_classes_void_border"), (21, "void_border_21_classes")):
        masks, predictions = draw_pair((4, 96, 96), classes, seed=2)
        border = np.where(find_edges(masks), 255, masks).astype(np.uint8)
        yield name, border, predictions, {"num_classes": classes, "ignore_index": 255}, classes, ()
    masks, predictions = draw_pair((1, 24, 40, 48), 3, noise=0.2)
    yield "one_volume", masks[0], predictions[0], {"num_classes": 3}, 3, ()
    distance = ((np.indices((33, 33, 33)) - 16) ** 2).sum(0)
    ball, larger = (distance < 100).astype(np.uint8), (distance < 104).astype(np.uint8)
    yield "symmetric_ball", ball, larger, {}, 2, ()
    masks, predictions = draw_kidneys()
    yield "kidney_real", masks, predictions, {"num_classes": 3}, 3, ("class-imbalance",)
    masks, _ = draw_pair((6, 64, 64), 19, seed=3)
    random = np.random.default_rng(3)
    bad = np.where(random.random(masks.shape) < 0.8, random.integers(0, 19, masks.shape), masks)
    yield "honest_bad_model", masks, bad.astype(np.uint8), {"num_classes": 19}, 19, ()
    masks, predictions = draw_pair((10, 64, 64), 4, seed=4)
    predictions[4] = draw_pair((1, 64, 64), 4, seed=70)[0][0]
    yield "one_honest_failure", masks, predictions, {"num_classes": 4}, 4, ()
    masks, predictions = draw_pair((10, 80, 80), 2, noise=0.2, seed=5)
    masks[::2] = predictions[::2] = 0
    predictions[2, 10:16, 20:27] = 1
    yield "half_of_images_empty", masks, predictions, {"num_classes": 2}, 2, ()
    masks, predictions = draw_pair((6, 80, 80), 2, noise=0.2, background=0.5, seed=6)
    yield "object_is_the_majority", 1 - masks, 1 - predictions, {"num_classes": 2}, 2, ()
    masks, predictions = draw_one_object_an_image()
    yield "one_object_an_image", masks, predictions, {"num_classes": 21}, 21, ()
    masks, predictions = draw_pair((4, 64, 64), 6, seed=7)
    yield "same_codes_both_sides", GAPPED[masks], GAPPED[predictions], {}, 61, ()
    masks, predictions = draw_pair((4, 64, 64), 3, seed=8)
    gap = np.array([0, 1, 3], dtype=np.uint8)
    yield "class_missing_on_both_sides", gap[masks], gap[predictions], {"num_classes": 4}, 4, ()
    masks, predictions = draw_vessels()
    yield "thin_vessels", masks, predictions, {"num_classes": 2}, 2, ()
    masks, predictions = draw_pair((4, 80, 80), 2, seed=9)
    predictions[0, 10:18, 10:20] = 2
    allowed = ("unlabelled-class-predicted",)
    yield "a_class_the_split_lacks", masks, predictions, {"num_classes": 3}, 3, allowed
    masks, predictions = draw_pair((4, 112, 112), 150, smoothness=3.0, seed=10)
    yield "many_classes_in_uint8", masks, predictions, {}, 150, ()
    masks, predictions = draw_pair((4, 80, 80), 4, seed=11)
    noise = draw_noise(masks.shape, sigma=2.0)
    scribbles = np.where(noise < np.quantile(noise, 0.7), 255, masks).astype(np.uint8)
    yield "scribbles", scribbles, predictions, {"num_classes": 4, "ignore_index": 255}, 4, ()
    masks, predictions = draw_pair((4, 96, 96), 4, seed=12)
    noise = draw_noise(masks.shape, 13)
    taken = (masks == 3) & (noise < np.quantile(noise[masks == 3], 0.6))
    confused = np.where(taken, 2, predictions).astype(np.uint8)
    yield "confused_classes", masks, confused, {"num_classes": 4}, 4, ()


@pytest.mark.parametrize(
    ("masks", "predictions", "options", "classes", "allowed"),
    [pytest.param(*case[1:], id=case[0]) for case in cases()],
)
def test_healthy_arrays_are_silent(masks, predictions, options, classes, allowed):
    report = diagnose(y_true=masks, y_pred=predictions, **options)
    assert {*list_faults(report)} <= {*allowed}
    counted = masks != options.get("ignore_index", -1)
    true, predicted = np.asarray(masks)[counted].astype(int), predictions[counted].astype(int)
    assert report.mean_iou == pytest.approx(mean_iou(true, predicted, classes))
    assert report.verdict.mean_iou_after_all == report.mean_iou


@pytest.mark.parametrize(
    ("classes", "as_given", "metric"),
    [
        (2, "first", "ignite.metrics.mIoU(ConfusionMatrix(num_classes=2))"),
        (6, "first", "torchmetrics.JaccardIndex(task='multiclass', num_classes=6)"),
        (6, "softmax", "keras.metrics.MeanIoU(num_classes=6, sparse_y_pred=False)"),
    ],
    ids=["ignite_logits", "torch_logits", "softmax_with_flag"],
)
def test_scores_as_the_metric_takes_them(classes, as_given, metric):
    masks, predictions = draw_pair((5, 64, 64), classes, seed=14)
    scores = logits(predictions, 1, classes=classes)
    given = softmax(scores) if as_given == "softmax" else np.moveaxis(scores, -1, 1)
    report = diagnose(y_true=masks, y_pred=given, metric=metric)
    assert list_faults(report) == []
    assert report.metric.value == pytest.approx(mean_iou(masks, predictions, classes), abs=1e-6)


def save(folder, labels, names, palette=None):
    folder.mkdir()
    for values, name in zip(labels, names, strict=True):
        image = Image.fromarray(values, mode="P" if palette else "L")
        if palette:
            image.putpalette(palette)
        image.save(folder / name)
    return folder


@pytest.mark.parametrize("kind", ["palette_folders", "array_and_folder", "pred_mask_endings"])
def test_folders_of_masks(tmp_path, kind):
    masks, predictions = draw_pair((5, 60, 80), 4, seed=15, noise=0.2)
    numbers, palette = [f"{i:02d}.png" for i in range(5)], None
    names = {"predictions": numbers, "masks": numbers}
    if kind == "palette_folders":
        palette = PALETTE
    elif kind == "pred_mask_endings":
        names = {
            "predictions": [f"a{i}_pred.png" for i in range(5)],
            "masks": [f"a{i}_mask.png" for i in range(5)],
        }
    truth = save(tmp_path / "T", masks, names["masks"], palette)
    predicted = tmp_path / "preds.npy"
    if kind == "array_and_folder":
        np.save(predicted, predictions)
    else:
        predicted = save(tmp_path / "P", predictions, names["predictions"], palette)
    report = iou_doctor.check(y_true=truth, y_pred=predicted, num_classes=4)
    assert list_faults(report) == []
    assert report.mean_iou == pytest.approx(mean_iou(masks, predictions, 4))


@pytest.mark.parametrize(
    ("shape", "seed", "noise", "background", "options"),
    [((1, 39, 39), 162, 1.0, 0.0, {}), ((1, 48, 38), 386, 0.6, 2.5, {"num_classes": 30})],
)
def test_a_weak_model_in_a_small_image_has_no_other_ids(shape, seed, noise, background, options):
    masks, predictions = draw_pair(
        shape, 30, seed=seed, smoothness=8.0, noise=noise, background=background
    )
    report = diagnose(y_true=masks[0], y_pred=predictions[0], **options)
    assert "recoded-class-ids" not in list_faults(report)


def test_a_weak_model_of_few_volumes_is_not_off_by_one():
    masks, predictions = draw_pair((2, 36, 27, 20), 4, seed=1129, smoothness=12.0, noise=1.5)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=4)
    assert "labels-off-by-one" not in list_faults(report)


def test_rare_classes_under_sparse_labels_are_not_shifted():
    source = scene("skewed", 0.45)
    noise = draw_noise(source.truth.shape, 9, sigma=2.0)
    masks = np.where(noise < np.quantile(noise, 0.3), 255, source.truth).astype(np.uint8)
    report = diagnose(
        y_true=masks, y_pred=source.predicted, num_classes=source.classes, ignore_index=255
    )
    assert "shifted-predictions" not in list_faults(report)
