"""Channels that overlap: each is thresholded and scored on its own."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, errors, found, mean_iou, names, one_hot
from help_code import run_help
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from iou_doctor.render.shared.score_words import RIGHT, list_scores
from iou_doctor.report.finding import Severity


def draw(shape=(6, 3, 48, 64), seed=0):
    """Return overlapping 0/1 masks and sigmoid scores near them, shape (n, channels, *spatial)."""
    random = np.random.default_rng(seed)
    blur = (0, 0, *[4.0] * (len(shape) - 2))
    height = gaussian_filter(random.normal(size=shape), blur)
    noise = gaussian_filter(random.normal(size=shape), blur)
    height, noise = height / height.std(), noise / noise.std()
    scores = 1 / (1 + np.exp(-3 * (height - 0.3 + 0.3 * noise)))
    return (height > 0.3).astype(np.uint8), scores.astype(np.float32)


MASKS, SCORES = draw()
BINARY = (SCORES > 0.5).astype(np.uint8)
VOLUMES, LIKELY = draw((2, 3, 12, 24, 32))
GUESSED = (LIKELY > 0.5).astype(np.uint8)
TORCH = "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)"
MONAI = 'monai.metrics.DiceMetric(include_background=True, reduction="mean")'
QUBVEL = "sm.metrics.IOUScore(threshold=0.5)"
SMP = "smp.metrics.iou_score(*smp.metrics.get_stats(p, t, mode='multilabel', threshold=0.5)"
SEGMENTATION = "torchmetrics.segmentation.{}(num_classes=3, input_format='one-hot')"
LOGITS = np.log(SCORES / (1 - SCORES))


def last(values):
    return np.moveaxis(values, 1, -1)


def iou(masks, predictions):
    """Return the mean over channels, axis 1, of the IoU of all pixels."""
    both = (masks & predictions).astype(float)
    either = (masks | predictions).astype(float)
    axes = tuple(axis for axis in range(masks.ndim) if axis != 1)
    return (both.sum(axes) / either.sum(axes)).mean()


def image_iou(masks, predictions):
    """Return the mean over images and channels of the IoU."""
    axes = tuple(range(2, masks.ndim))
    return ((masks & predictions).sum(axes) / (masks | predictions).sum(axes)).mean()


def pooled_iou(masks, predictions):
    """Return the IoU of all channels together."""
    return (masks & predictions).sum() / (masks | predictions).sum()


def dice(masks, predictions):
    """Return the mean over images and channels of the Dice."""
    axes = tuple(range(2, masks.ndim))
    sums = masks.sum(axes, dtype=float) + predictions.sum(axes)
    return (2 * (masks & predictions).sum(axes) / sums).mean()


CASES = {
    "torchmetrics": (MASKS, SCORES, TORCH, iou(MASKS, BINARY)),
    "its class": (MASKS, BINARY, "MultilabelJaccardIndex(num_labels=3)", iou(MASKS, BINARY)),
    "bool": (MASKS > 0, BINARY > 0, TORCH, iou(MASKS, BINARY)),
    "two channels": (
        MASKS[:, :2],
        SCORES[:, :2],
        "MultilabelJaccardIndex(num_labels=2)",
        iou(MASKS[:, :2], BINARY[:, :2]),
    ),
    "MONAI": (MASKS, BINARY, MONAI, dice(MASKS, BINARY)),
    "qubvel": (last(MASKS), last(SCORES), QUBVEL, iou(MASKS, BINARY)),
    "MONAI volumes": (VOLUMES, GUESSED, MONAI, dice(VOLUMES, GUESSED)),
    "logits": (MASKS, LOGITS, TORCH, iou(MASKS, BINARY)),
    "smp macro": (MASKS, SCORES, f"{SMP}, reduction='macro')", iou(MASKS, BINARY)),
    "smp micro": (MASKS, SCORES, f"{SMP}, reduction='micro')", pooled_iou(MASKS, BINARY)),
    "smp images": (
        MASKS,
        SCORES,
        f"{SMP}, reduction='macro-imagewise')",
        image_iou(MASKS, BINARY),
    ),
    "smp counts": (
        MASKS,
        SCORES,
        "smp.metrics.iou_score(tp, fp, fn, tn, reduction='macro')",
        iou(MASKS, BINARY),
    ),
    "MeanIoU": (MASKS, BINARY, SEGMENTATION.format("MeanIoU"), image_iou(MASKS, BINARY)),
    "DiceScore": (MASKS, BINARY, SEGMENTATION.format("DiceScore"), dice(MASKS, BINARY)),
    "floats": (MASKS * 1.0, BINARY * 1.0, SEGMENTATION.format("DiceScore"), dice(MASKS, BINARY)),
}


@pytest.mark.parametrize("name", CASES)
def test_healthy_channels_are_silent(name):
    masks, predictions, metric, reads = CASES[name]
    report = diagnose(y_true=masks, y_pred=predictions, metric=metric)
    assert [f.rule.name for f in report.findings if f.severity is not Severity.NOTE] == []
    assert report.metric.value == pytest.approx(reads, abs=1e-4)
    assert not any(
        word in finding.help
        for finding in report.findings
        for word in ("softmax", "argmax", "one-hot")
    )


@pytest.mark.parametrize("void", [255, -1])
def test_ignored_parts_of_channels_do_not_count(void):
    masks, predictions = MASKS.astype(np.int16), BINARY.copy()
    masks[:, 1, :20] = void
    predictions[:, 1, :20] = 0
    metric = f"MultilabelJaccardIndex(num_labels=3, ignore_index={void})"
    report = diagnose(y_true=masks, y_pred=SCORES, metric=metric)
    assert names(report) == []
    assert report.metric.value == pytest.approx(iou(MASKS * (masks != void), predictions))


@pytest.mark.parametrize("labels", [2, 4])
def test_another_number_of_labels_is_named(labels):
    metric = f"MultilabelJaccardIndex(num_labels={labels})"
    report = diagnose(y_true=MASKS, y_pred=SCORES, metric=metric)
    assert {*errors(report)} == {"channel-count-mismatch"}
    assert report.findings[0].help.startswith("num_labels=3 ")
    assert "`num_labels`" in report.metric.error


@pytest.mark.parametrize("masks", [MASKS[0], VOLUMES[0]])
def test_one_sample_without_a_sample_axis(masks):
    scores = SCORES[0] if masks.ndim == 3 else LIKELY[0]
    report = diagnose(y_true=masks, y_pred=scores, metric=TORCH)
    assert errors(report) == ["extra-axis"]
    help_text = "predictions = predictions[np.newaxis]; masks = masks[np.newaxis]"
    assert found(report, "extra-axis").help == help_text
    binary = (scores > 0.5).astype(np.uint8)
    assert report.mean_iou == pytest.approx(iou(masks[np.newaxis], binary[np.newaxis]))


ARGMAX = "keras.metrics.OneHotMeanIoU(num_classes=3)"


@pytest.mark.parametrize(
    ("metric", "options", "rule"),
    [
        (ARGMAX, {}, "invalid-one-hot"),
        ("keras.metrics.MeanIoU(3, sparse_y_true=False, sparse_y_pred=False)", {}, None),
        (None, {"layout": "NHWC"}, "unthresholded-sigmoid"),
    ],
)
def test_a_metric_that_argmaxes_cannot_score_channels_that_overlap(metric, options, rule):
    report = diagnose(y_true=last(MASKS), y_pred=last(SCORES), metric=metric, **options)
    assert errors(report) == [rule or "invalid-one-hot"]
    assert "task='multilabel', num_labels=3" in report.findings[0].help
    assert report.mean_iou == pytest.approx(iou(MASKS, BINARY))


def test_an_argmax_of_channels_that_overlap_is_no_prediction():
    report = diagnose(y_true=MASKS, y_pred=SCORES.argmax(1), metric=MONAI)
    finding = found(report, "labels-as-channels")
    assert "threshold each channel" in finding.help
    assert finding.repair is None


@pytest.mark.parametrize("is_argmax", [False, True])
def test_predicted_channels_that_exclude_each_other_are_named(is_argmax):
    powers = np.exp(LOGITS - LOGITS.max(1, keepdims=True))
    predictions = powers / powers.sum(1, keepdims=True)
    if is_argmax:
        predictions = np.moveaxis(one_hot(SCORES.argmax(1), 3), -1, 1)
    report = diagnose(y_true=MASKS, y_pred=predictions, metric=TORCH)
    assert names(report) == ["invalid-one-hot"]
    assert "sigmoid for each channel" in report.findings[0].help


def test_each_channel_has_its_own_score():
    report = diagnose(y_true=MASKS, y_pred=SCORES, metric=TORCH)
    assert report.score is not None
    assert [entry.iou for entry in report.score.per_class] == pytest.approx(
        [iou(MASKS[:, [c]], BINARY[:, [c]]) for c in range(3)]
    )
    assert report.mean_iou == pytest.approx(iou(MASKS, BINARY))


def test_a_channel_may_be_empty():
    masks = MASKS.copy()
    masks[:, 2] = 0
    assert errors(diagnose(y_true=masks, y_pred=SCORES, metric=TORCH)) == []


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("metric", [MONAI, SEGMENTATION.format("MeanIoU")])
def test_scores_for_a_metric_of_0_and_1_are_thresholded(metric, logits):
    report = diagnose(y_true=MASKS, y_pred=LOGITS if logits else SCORES, metric=metric)
    assert errors(report) == ["unthresholded-sigmoid"]
    finding = found(report, "unthresholded-sigmoid")
    cut = 0 if logits else 0.5
    assert finding.help == f'predictions = (predictions >= {cut:g}).astype("float32")'
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))


@pytest.mark.parametrize("metric", [QUBVEL, "sm.metrics.IOUScore()"])
def test_logits_for_a_metric_without_a_sigmoid(metric):
    report = diagnose(y_true=last(MASKS), y_pred=last(LOGITS), metric=metric)
    assert errors(report) == ["logits-thresholded-as-probabilities"]
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))
    if metric == QUBVEL:
        given = iou(MASKS, (LOGITS > 0.5).astype(np.uint8))
        assert report.metric.value == pytest.approx(given, abs=1e-4)


def test_a_single_image_of_channels_may_be_flipped():
    masks, scores = MASKS[1:2], SCORES[1:2, :, ::-1]
    report = diagnose(y_true=masks, y_pred=scores, metric=TORCH)
    assert report.verdict.primary == "flipped-samples"
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS[1:2], BINARY[1:2]))


REPAIRED = {
    "flipped-samples": (MASKS, SCORES[..., ::-1], "predictions = np.flip(predictions, 3)"),
    "shuffled-samples": (
        MASKS,
        np.roll(SCORES, 1, axis=0),
        "predictions = np.roll(predictions, -1, axis=0), or find the skipped batch",
    ),
    "permuted-classes": (
        MASKS,
        SCORES[:, [1, 2, 0]],
        "predictions = np.take(predictions, [2, 0, 1], axis=1)",
    ),
    "inverted-masks": (
        1 - MASKS,
        SCORES,
        (
            'masks = (masks == 0).astype("uint8"), or invert the predictions, whichever uses 1 (or'
            " white) for the background"
        ),
    ),
    "masks-0-255": (MASKS * 255, SCORES, 'masks = (masks > 127).astype("uint8")'),
    "height-width-swapped": (
        MASKS,
        SCORES.swapaxes(2, 3),
        "predictions = np.swapaxes(predictions, 2, 3), or fix the resize that took (width, height)",
    ),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_faults_are_found_in_channels_and_repaired(name):
    masks, predictions, help_text = REPAIRED[name]
    report = diagnose(y_true=masks, y_pred=predictions, metric=TORCH)
    assert errors(report) == [name]
    assert found(report, name).help == help_text
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))


def test_a_single_inverted_channel_is_named():
    masks = MASKS.copy()
    masks[:, 1] = 1 - masks[:, 1]
    report = diagnose(y_true=masks, y_pred=SCORES, metric=TORCH)
    assert errors(report) == ["inverted-masks"]
    assert found(report, "inverted-masks").help.startswith("masks[:, [1]] = 1 - masks[:, [1]]")
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))


def test_an_untrained_model_that_calls_most_of_the_image_object_has_no_inverted_masks():
    noise = np.random.default_rng(0).random(MASKS.shape, dtype=np.float32)
    rare = (SCORES > 0.95).astype(np.uint8)
    report = diagnose(y_true=rare, y_pred=0.45 + 0.55 * noise, metric=TORCH)
    assert not errors(report)


def test_both_arrays_may_hold_channels_of_0_and_255():
    report = diagnose(y_true=MASKS * 255, y_pred=BINARY * 255, metric=MONAI)
    assert errors(report) == ["masks-0-255"]
    assert "predictions = (predictions > 127)" in found(report, "masks-0-255").help
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))


@pytest.mark.parametrize("seed", range(4))
def test_a_weak_model_of_channels_is_healthy(seed):
    masks, other = draw(seed=seed)[0], draw(seed=seed + 50)[1]
    report = diagnose(y_true=masks, y_pred=other, metric=TORCH)
    assert report.mean_iou < 0.4
    assert [f.rule.name for f in report.findings if f.severity is not Severity.NOTE] == []


def test_channels_on_another_axis_than_the_metric_takes():
    report = diagnose(y_true=last(MASKS), y_pred=last(SCORES), metric=TORCH)
    assert errors(report) == ["channels-first"]


@pytest.mark.parametrize(
    ("masks", "scores"),
    [(last(MASKS), last(SCORES)), (last(VOLUMES), last(LIKELY)), (VOLUMES, LIKELY)],
)
def test_binary_iou_pools_all_channels(masks, scores):
    metric = "keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5)"
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    assert errors(report) == []
    pooled = pooled_iou(masks, (scores > 0.5).astype(np.uint8))
    assert report.metric.value == pytest.approx(pooled)


def test_one_class_for_each_pixel_is_not_multilabel():
    truth = draw_masks((6, 48, 64), 3)
    masks = np.moveaxis(one_hot(truth, 3), -1, 1)
    predictions = np.moveaxis(one_hot(predict(truth, 3), 3), -1, 1)
    report = diagnose(y_true=masks, y_pred=predictions, metric=MONAI)
    assert not report.reading.is_multilabel
    assert errors(report) == []


def test_a_stack_of_binary_masks_has_no_channels():
    truth = draw_masks((6, 40, 64), 2)
    report = diagnose(y_true=truth, y_pred=predict(truth, 2))
    assert not report.reading.is_multilabel
    assert "unthresholded-sigmoid" not in names(report)


def test_overlapping_masks_are_never_to_be_argmaxed():
    report = diagnose(y_true=MASKS, y_pred=SCORES, layout="NCHW")
    assert report.findings
    assert all("multilabel" in finding.help for finding in report.findings)


def test_channels_of_which_one_is_empty_and_one_is_full():
    masks = np.stack([MASKS[:, 0] * 0, MASKS[:, 0] * 0 + 1], 1)
    predictions = masks.copy()
    predictions[:, 0, :9] = 1
    report = diagnose(y_true=masks, y_pred=predictions, metric=MONAI)
    assert errors(report) == []
    assert report.reading.is_multilabel


def test_structures_that_hardly_overlap_are_pooled_by_binary_iou():
    near = np.arange(48)[:, np.newaxis] * np.ones(64) < 20
    masks = np.broadcast_to(np.stack([near, ~near], -1), (4, 48, 64, 2)).astype(np.uint8)
    scores = np.where(np.roll(masks, 3, 1) > 0, 0.9, 0.4).astype(np.float32)
    metric = "keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5)"
    report = diagnose(y_true=masks, y_pred=scores, metric=metric)
    assert errors(report) == []
    assert report.metric.value == pytest.approx(pooled_iou(masks, (scores > 0.5).astype("u1")))


@pytest.mark.parametrize("shape", [(1, 2, 5, 5), (2, 3, 8, 8, 8)])
def test_channels_of_nothing_are_0_divided_by_0(shape):
    empty = np.zeros(shape, np.float32)
    metric = "compute_meandice(y_pred=pred, y=labels, include_background=False)"
    report = diagnose(y_true=empty, y_pred=empty, metric=metric)
    assert "every Dice is 0 / 0" in found(report, "absent-class").message


def test_small_nested_structures_of_volumes_are_channels_without_a_metric_too():
    place = np.stack(np.mgrid[:20, :32, :32]) - 12.5
    radius = np.sqrt((place**2).sum(axis=0))
    masks = np.stack([[radius < size for size in (4.5, 3.5, 2.5)]] * 2).astype(np.uint8)
    scores = np.where(masks, 0.9, 0.1).astype(np.float32)
    report = diagnose(y_true=masks, y_pred=scores)
    assert report.reading.is_multilabel
    assert not any("argmax" in finding.help for finding in report.findings)


def test_logits_of_at_most_0_are_not_called_0():
    empty, logits = np.zeros((2, 3, 8, 8), np.uint8), np.full((2, 3, 8, 8), -4, np.float32)
    logits[0, 0, 0, 0] = 0
    metric = "torchmetrics.JaccardIndex(task='multilabel', num_labels=3)"
    report = diagnose(y_true=empty, y_pred=logits, metric=metric)
    assert "absent-class" not in names(report)


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize(
    ("masks", "predictions", "rule"),
    [
        (MASKS * 255, BINARY * 255, "masks-0-255"),
        (MASKS * 255.0, BINARY * 255.0, "masks-0-255"),
        (MASKS * 255, BINARY, "masks-0-255"),
        (MASKS, BINARY * 255, "prediction-out-of-range"),
        (MASKS, np.round(255 * SCORES).astype(np.uint8), "prediction-out-of-range"),
        (MASKS * 255, SCORES, "unthresholded-sigmoid"),
        (MASKS, SCORES, "unthresholded-sigmoid"),
        (MASKS, LOGITS, "unthresholded-sigmoid"),
        (MASKS, BINARY, None),
        (MASKS.astype(bool), BINARY.astype(bool), None),
    ],
)
def test_as_many_channels_as_classes_are_masks_of_them(masks, predictions, rule, is_last):
    if is_last:
        masks, predictions = last(masks), last(predictions)
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert report.reading.is_multilabel
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))
    assert (report.verdict.primary or None) == rule
    assert "multilabel" in str([finding.help for finding in report.findings])


@pytest.mark.parametrize(("channels", "is_named"), [(3, True), (2, False), (30, False)])
def test_scores_without_a_number_of_classes_may_be_channels(channels, is_named):
    masks, scores = draw((2, channels, 48, 64))
    finding = found(diagnose(y_true=masks, y_pred=scores), "unthresholded-sigmoid")
    assert (f"--num-classes {channels} scores each" in finding.help) == is_named


@pytest.mark.parametrize("place", [(slice(None), 0), (-1, -1, slice(0, 4), slice(0, 4))])
def test_volumes_as_deep_as_there_are_classes_are_no_channels(place):
    """A label of class 2 tells, even if the windows that are read first do not show it."""
    masks, predictions = MASKS.repeat(3, 2), BINARY.repeat(3, 2)
    masks[place] = predictions[place] = 2
    report = diagnose(y_true=masks, y_pred=predictions, num_classes=3)
    assert not report.reading.is_multilabel
    assert report.mean_iou == pytest.approx(mean_iou(masks, predictions, 3))
    assert not errors(report)


def test_a_metric_of_one_class_for_each_pixel_is_named_for_channels_that_overlap():
    call = "torchmetrics.JaccardIndex(task='multiclass', num_classes=3)"
    report = diagnose(y_true=MASKS, y_pred=SCORES, metric=call)
    assert report.verdict.primary == "invalid-one-hot"
    assert "multilabel" in found(report, "invalid-one-hot").help


def test_colours_of_both_arrays_are_no_channels():
    palette = np.array([(0, 0, 0), (255, 0, 0), (255, 255, 0)], np.uint8)
    truth = draw_masks((6, 40, 64), 3)
    report = diagnose(y_true=palette[truth], y_pred=palette[predict(truth, 3)], num_classes=3)
    assert not report.reading.is_multilabel
    assert report.verdict.primary == "colour-predictions"


CALLS = {"metric": "MultilabelJaccardIndex(num_labels=3)"}, {"num_classes": 3}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("faulty", [[3], [0, 4], [0, 1, 2, 4, 5]])
def test_some_masks_of_channels_hold_255_in_place_of_1(faulty, call):
    masks = MASKS.copy()
    masks[faulty] *= 255
    report = diagnose(y_true=masks, y_pred=BINARY, **call)
    assert errors(report) == ["faulty-samples"]
    finding = found(report, "faulty-samples")
    assert finding.facts["faulty"] == faulty
    repaired, _ = run_help(finding.help, masks=masks, predictions=BINARY)
    assert np.array_equal(repaired, MASKS)
    assert report.verdict.mean_iou_after_all == pytest.approx(iou(MASKS, BINARY))


def test_torchmetrics_refuses_masks_of_which_some_hold_255():
    masks = MASKS.copy()
    masks[2] *= 255
    report = diagnose(y_true=masks, y_pred=SCORES, metric=TORCH)
    assert report.metric.value is None
    assert "expected only the following values [0, 1]" in report.metric.error


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("samples", [slice(None), slice(2, 3)])
def test_255_beside_1_is_void(samples, call):
    masks = MASKS.copy()
    masks[samples, :, :6] = 255
    report = diagnose(y_true=masks, y_pred=BINARY, **call)
    assert {"masks-0-255", "faulty-samples"}.isdisjoint(names(report))
    assert "--ignore-index 255" in found(report, "undeclared-void-label").help
    declared = diagnose(y_true=masks, y_pred=BINARY, ignore_index=255, **call)
    assert "undeclared-void-label" not in names(declared)
    assert "masks-0-255" not in names(declared)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scale", ["logits", "bytes"])
def test_scores_of_one_sample_are_on_another_scale(scale, call):
    scores = SCORES.copy()
    scores[2] = LOGITS[2] if scale == "logits" else 255 * SCORES[2]
    report = diagnose(y_true=MASKS, y_pred=scores, **call)
    finding = found(report, "faulty-samples")
    assert finding.severity is Severity.ERROR
    assert finding.facts["faulty"] == [2]
    assert "threshold-off" not in names(report)
    assert report.reading.threshold == 0.5
    assert not any(RIGHT in what for what, _, _ in list_scores(report))


@pytest.mark.parametrize("call", CALLS)
def test_logits_of_a_sample_without_any_object_are_on_the_usual_scale(call):
    masks, scores = MASKS.copy(), LOGITS.copy()
    masks[1], scores[1] = 0, -np.abs(LOGITS[1])
    assert "faulty-samples" not in names(diagnose(y_true=masks, y_pred=scores, **call))
