"""Arrays whose values are encoded in a way that the metric does not expect."""

from __future__ import annotations

import numpy as np
import pytest
from build import after, diagnose, errors, found, mean_iou, names, one_hot, softmax
from help_code import run_help
from PIL import Image
from scipy.ndimage import gaussian_filter

import iou_doctor
from field.arrays import draw_masks, predict
from field.channels import binary_logits, class_logits, squash

TWO = draw_masks((4, 72, 80), 2, smoothness=8.0)
SCORES = squash(binary_logits(TWO))
LABELS = (SCORES >= 0.5).astype(np.uint8)
RIGHT = mean_iou(TWO, LABELS, 2)
COLOURS = {"red": (255, 0, 0), "white": (255, 255, 255), "green": (0, 255, 0), "navy": (0, 0, 128)}


def paint(labels, colour):
    """Return a picture of two classes: black, and a colour."""
    return (labels[..., None] * np.array(COLOURS[colour], np.uint8)).astype(np.uint8)


def save(folder, images, mode=None):
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image, mode).save(folder / f"{number}.png")
    return str(folder)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("predictions", [SCORES, LABELS, LABELS * 255], ids=["s", "l", "255"])
def test_masks_of_one_colour_on_black(colour, predictions):
    report = diagnose(y_true=paint(TWO, colour), y_pred=predictions)
    assert {"colour-masks", "replicated-grey-masks"} & set(errors(report))
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)


@pytest.mark.parametrize("of_masks", COLOURS)
@pytest.mark.parametrize("of_predictions", COLOURS)
@pytest.mark.parametrize("num_classes", [None, 2])
def test_two_colours_in_each_array(of_masks, of_predictions, num_classes):
    masks, predictions = paint(TWO, of_masks), paint(LABELS, of_predictions)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=num_classes)
    assert "colour-predictions" in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)
    assert "undeclared-void-label" not in names(report)


def test_folders_of_red_predictions_and_white_masks(tmp_path):
    report = iou_doctor.check(
        y_pred=save(tmp_path / "preds", paint(LABELS, "red")),
        y_true=save(tmp_path / "masks", paint(TWO, "white")),
        num_classes=2,
    )
    assert set(errors(report)) == {"colour-predictions", "replicated-grey-masks"}
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize(
    "masks",
    [[(255, 255, 255), (0, 0, 255), (255, 255, 0)], [(0,) * 3, (128,) * 3, (255,) * 3]],
    ids=["colours", "greys"],
)
def test_three_classes_in_other_colours(masks, num_classes):
    truth = draw_masks((3, 64, 72), 3)
    predicted = predict(truth, 3)
    painted = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0)], np.uint8)[predicted]
    report = diagnose(
        y_true=np.array(masks, np.uint8)[truth], y_pred=painted, num_classes=num_classes
    )
    assert "colour-predictions" in errors(report)
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(truth, predicted, 3))


@pytest.mark.parametrize("alpha", [255, 128])
@pytest.mark.parametrize("classes", [2, 12])
def test_the_alpha_channel_of_grey_masks_is_left_out(tmp_path, alpha, classes):
    truth = draw_masks((3, 64, 72), classes)
    predicted = np.where(np.arange(72) % 9 == 0, 0, truth)
    with_alpha = np.stack([truth, np.full_like(truth, alpha)], axis=-1)
    report = iou_doctor.check(
        y_pred=predicted,
        y_true=save(tmp_path / "masks", with_alpha, "LA"),
        num_classes=classes,
    )
    assert names(report) == []
    assert "masks.alpha" in {note.field for note in report.reading.assumed}
    assert report.mean_iou == pytest.approx(mean_iou(truth, predicted, classes))


@pytest.mark.parametrize("side", ["y_true", "y_pred"])
@pytest.mark.parametrize("num_classes", [None, 5])
def test_a_constant_alpha_channel_in_an_array(side, num_classes):
    truth = draw_masks((3, 64, 72), 5)
    pair = {"y_true": truth, "y_pred": predict(truth, 5)}
    right = mean_iou(pair["y_true"], pair["y_pred"], 5)
    pair[side] = np.stack([pair[side], np.full_like(truth, 255)], axis=-1)
    report = diagnose(**pair, num_classes=num_classes)
    rule = {"y_true": "replicated-grey-masks", "y_pred": "colour-predictions"}[side]
    assert report.verdict.primary == rule
    assert "alpha" in found(report, rule).message
    assert report.verdict.mean_iou_after_all == pytest.approx(right)


@pytest.mark.parametrize("objects", [False, True])
def test_class_ids_in_the_colours_of_a_full_scene_parsing_data_set(objects):
    numbers = np.sort(np.random.default_rng(0).choice(np.arange(1, 2700), 30, replace=False))
    truth = draw_masks((1, 120, 160), 30)
    predicted = predict(truth, 30)
    ids = numbers[truth]
    blue = (np.arange(160) // 20 * 7 * objects + np.zeros_like(ids)) if objects else ids * 0
    masks = np.stack([ids // 256 * 10, ids % 256, blue], axis=-1).astype(np.uint8)
    report = diagnose(y_true=masks, y_pred=numbers[predicted].astype(np.uint16))
    finding = found(report, "colour-masks")
    assert "R // 10 * 256 + G" in finding.message
    assert report.verdict.primary == "colour-masks"
    assert report.verdict.mean_iou_after_all == pytest.approx(mean_iou(truth, predicted, 30))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_channel", [False, True])
def test_masks_that_were_standardised_like_the_images(dtype, with_channel):
    masks, scores = np.where(TWO == 1, 2.0, -0.5).astype(dtype), SCORES
    if with_channel:
        masks, scores = masks[..., None], scores[..., None]
    report = diagnose(y_true=masks, y_pred=scores)
    finding = found(report, "normalised-masks")
    assert "-0.5 and 2" in finding.message
    assert report.verdict.mean_iou_after_all == pytest.approx(RIGHT)


@pytest.mark.parametrize("samples", [1, 4])
def test_a_relu_before_the_sigmoid(samples):
    scores = squash(np.maximum(binary_logits(TWO[:samples]), 0))
    report = diagnose(
        y_true=TWO[:samples],
        y_pred=scores,
        metric="tf.keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)",
    )
    assert report.verdict.primary == "relu-before-sigmoid"
    message = found(report, "relu-before-sigmoid").message
    assert "no score is below 0.5" in message
    assert "ReLU" in message
    assert not any("the format" in finding.help for finding in report.findings)


def test_a_relu_before_the_sigmoid_for_a_metric_that_counts_scores_above_one_half():
    scores = squash(np.maximum(binary_logits(TWO), 0))
    metric = "torchmetrics.JaccardIndex(task='binary')"
    report = diagnose(y_true=TWO, y_pred=scores, metric=metric)
    assert report.verdict.primary == "relu-before-sigmoid"
    assert "metric-misreads-arrays" not in names(report)


@pytest.mark.parametrize("shift", [-9.0, -6.0, 7.0])
@pytest.mark.parametrize("scale", [1, 255])
def test_nearly_all_scores_lie_on_one_side_of_the_threshold(shift, scale):
    logits = binary_logits(TWO, sharp=2.0) + np.float32(shift)
    best = max(
        mean_iou(TWO, logits >= cut, 2) for cut in np.quantile(logits, np.linspace(0, 1, 99))
    )
    for scores, options in ((squash(logits), {"metric": "BinaryIoU()"}), (logits, {})):
        report = diagnose(y_true=TWO * scale, y_pred=scores, **options)
        finding = found(report, "threshold-off")
        assert finding.facts["best_mean_iou"] == pytest.approx(best, abs=5e-3)
        assert "collapsed-predictions" not in names(report)
        advice = " ".join(one.help for one in report.findings)
        assert "weight" not in advice


@pytest.mark.parametrize("classes", [4, 5])
@pytest.mark.parametrize(
    "call",
    ["torchmetrics.JaccardIndex(task='multiclass', num_classes={})", "MulticlassJaccardIndex({})"],
)
@pytest.mark.parametrize("axis", [1, -1])
def test_masks_with_a_channel_axis_beside_class_scores(classes, call, axis):
    truth = draw_masks((3, 40, 56), classes)
    scores = np.moveaxis(class_logits(truth, classes), -1, 1)
    report = diagnose(
        y_true=np.expand_dims(truth, axis), y_pred=scores, metric=call.format(classes)
    )
    assert report.metric.value is None
    assert report.verdict.primary == "extra-axis"
    assert found(report, "extra-axis").help == f"masks = masks.squeeze({axis % 4})"
    assert not any("--layout" in finding.help for finding in report.findings)
    assert after(report, "extra-axis") == pytest.approx(mean_iou(truth, scores.argmax(1), classes))


@pytest.mark.parametrize(
    ("shape", "classes"), [((2, 48, 64), 37), ((1, 48, 64), 37), ((3, 40, 40), 3)]
)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("softmax_first", [False, True])
def test_class_scores_that_were_reshaped_and_not_transposed(shape, classes, first, softmax_first):
    truth = draw_masks(shape, classes, smoothness=4.0)
    scores = class_logits(truth, classes)
    if softmax_first:
        scores = softmax(scores)
    right = mean_iou(truth, scores.argmax(-1), classes)
    if first:
        stored = scores.reshape(len(scores), classes, *shape[1:])
        metric, axis = f"MulticlassJaccardIndex({classes})", 1
    else:
        stored = np.moveaxis(scores, -1, 1).reshape(scores.shape)
        metric, axis = f"MeanIoU({classes}, sparse_y_pred=False)", -1
    for options in ({}, {"metric": metric}):
        report = diagnose(y_true=truth, y_pred=stored, **options)
        assert report.verdict.primary == "reshaped-not-transposed"
        assert after(report, "reshaped-not-transposed") == pytest.approx(right)
    as_stored = mean_iou(truth, stored.argmax(axis), classes)
    assert report.metric.value == pytest.approx(as_stored, abs=1e-6)


def test_an_untrained_network_was_not_reshaped():
    truth = draw_masks((2, 48, 64), 5)
    noise = np.random.default_rng(0).normal(size=(*truth.shape, 5)).astype(np.float32)
    assert "reshaped-not-transposed" not in names(diagnose(y_true=truth, y_pred=noise))
    assert "reshaped-not-transposed" not in names(
        diagnose(y_true=truth, y_pred=gaussian_filter(noise, (0, 4, 4, 0)))
    )


@pytest.mark.parametrize(
    ("shape", "classes"), [((2, 150, 214), 4), ((1, 240, 427), 4), ((2, 96, 128), 2)]
)
@pytest.mark.parametrize("side", ["masks", "predictions"])
@pytest.mark.parametrize("stored", ["C", "F"])
def test_runs_along_columns_that_were_decoded_row_by_row(shape, classes, side, stored):
    truth = draw_masks(shape, classes, smoothness=10.0)
    predicted = predict(truth, classes)
    right = mean_iou(truth, predicted, classes)
    other = {"C": "F", "F": "C"}[stored]
    pair = {"y_true": truth, "y_pred": predicted}
    key = "y_true" if side == "masks" else "y_pred"
    pair[key] = np.stack(
        [one.ravel(order=other).reshape(one.shape, order=stored) for one in pair[key]]
    )
    for scale in (1, 255) if classes == 2 else (1,):
        report = diagnose(y_true=pair["y_true"] * scale, y_pred=pair["y_pred"])
        finding = found(report, "height-width-swapped")
        assert side in finding.help
        if stored == "C":
            assert 'order="F"' in finding.help
        assert report.verdict.mean_iou_after_all == pytest.approx(right)
        assert "flipped-samples" not in names(report)


def test_a_folder_of_photographs_in_place_of_predictions(tmp_path):
    random = np.random.default_rng(0)
    texture = gaussian_filter(random.normal(size=(*TWO.shape, 3)), (0, 3, 3, 0)) * 400 + 120
    report = iou_doctor.check(
        y_pred=save(tmp_path / "preds", np.clip(texture, 0, 255).astype(np.uint8)),
        y_true=save(tmp_path / "masks", TWO),
        num_classes=2,
    )
    assert report.verdict.primary == "images-as-predictions"
    assert set(errors(report)) - {"images-as-predictions"} <= report.consequences


@pytest.mark.parametrize(("shape", "classes"), [((6, 32, 48), 4), ((7, 24, 36), 21)])
@pytest.mark.parametrize("activate", [softmax, np.asarray], ids=["softmax", "logits"])
def test_class_scores_of_several_images_that_were_flattened_by_reshape(shape, classes, activate):
    truth = draw_masks(shape, classes, smoothness=4.0)
    scores = activate(class_logits(truth, classes))
    right = mean_iou(truth, scores.argmax(-1), classes)
    stored = np.moveaxis(scores, -1, 1)
    flat, rows = stored.reshape(-1, classes), stored.reshape(classes, -1)
    of_each = truth.reshape(len(truth), -1)
    for masks, predictions in (
        (truth, flat),
        (of_each, flat),
        (of_each.reshape(-1), flat),
        (of_each.reshape(-1), rows),
        (one_hot(truth, classes).reshape(-1, classes), flat.astype(np.float16)),
    ):
        report = diagnose(y_true=masks, y_pred=predictions)
        assert report.verdict.primary == "reshaped-not-transposed"
        assert after(report, "reshaped-not-transposed") == pytest.approx(right)
        assert found(report, "reshaped-not-transposed").facts["written"] == [
            *(len(truth), classes, truth[0].size)
        ]
        assert "channels-not-normalised" not in names(report)
        _, restored = run_help(
            found(report, "reshaped-not-transposed").help, masks=masks, predictions=predictions
        )
        assert np.array_equal(restored.reshape(-1, classes), scores.reshape(-1, classes)) or (
            predictions is rows or predictions.dtype == np.float16
        )
        assert "channels-not-normalised" not in names(diagnose(y_true=masks, y_pred=restored))


def test_flat_scores_of_weak_or_overlapping_models_were_not_reshaped():
    truth = draw_masks((6, 32, 48), 4)
    noise = np.random.default_rng(0).normal(size=(*truth.shape, 4)).astype(np.float32)
    smooth = 20 * gaussian_filter(noise, (0, 4, 4, 0))
    for scores in (noise, smooth, smooth + one_hot(truth, 4), squash(smooth), softmax(noise)):
        report = diagnose(y_true=truth.reshape(-1), y_pred=scores.reshape(-1, 4))
        assert "reshaped-not-transposed" not in names(report)


def test_a_relu_before_the_sigmoid_needs_more_than_the_threshold():
    """0.5 is background here, so a cut at 0.5 would make everything foreground."""
    report = diagnose(y_true=TWO, y_pred=squash(np.maximum(binary_logits(TWO), 0)))
    finding = found(report, "unthresholded-sigmoid")
    assert (finding.help, finding.repair) == ("predictions = predictions > 0.5", None)
