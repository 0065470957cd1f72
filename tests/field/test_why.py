"""Numbers that people could not explain: `why` names where they come from among the first three."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose, mean_iou
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from iou_doctor.report.score_lookup import ScoreLookup, parse_score
from iou_doctor.score_search.formula_candidates import collect_formulas
from iou_doctor.score_search.search import look_up

FIRST = 3
RULED_OUT = (
    "every prediction is class 0",
    "one channel",
    "softmax",
    "sample_weight",
    "0 and 255",
    "holds 255",
)


def blobs(shape, share=0.2, seed=0):
    """Return binary masks with blobs of class 1, uint8."""
    random = np.random.default_rng(seed)
    height = gaussian_filter(random.normal(size=shape), (0, 5.0, 5.0))
    return (height > np.quantile(height, 1 - share)).astype(np.uint8)


def move(masks, pixels=3, wrong=0.01, seed=5):
    """Return decent predictions of binary masks."""
    random = np.random.default_rng(seed)
    noise = gaussian_filter(random.normal(size=masks.shape), (0, 2.0, 2.0))
    moved = np.roll(masks, pixels, axis=-1)
    return np.where(noise > np.quantile(noise, 1 - wrong), 1 - moved, moved).astype(np.uint8)


def half_empty(shape=(10, 48, 48)):
    """Return masks and predictions; every second mask is empty, and some predictions of these."""
    masks = blobs(shape)
    masks[1::2] = 0
    predictions = move(masks)
    predictions[[1, 5]] = 0
    return masks, predictions


def slices():
    """Return thirty slices of four classes, of which some lack some."""
    masks = draw_masks((30, 48, 48), 4, smoothness=9.0)
    masks[::5][masks[::5] == 3] = 0
    predictions = predict(masks, 4, wrong=0.1)
    for index, label in ((5, 3), (9, 2), (20, 3)):
        masks[index][masks[index] == label] = 0
        predictions[index][predictions[index] == label] = 0
    return masks, predictions


def logits(labels, classes):
    scores = np.random.default_rng(3).normal(size=(len(labels), classes, *labels.shape[1:]))
    return (scores + 8 * np.moveaxis(np.eye(classes)[labels], -1, 1)).astype(np.float32)


def dice(truth, predicted, empty=np.nan):
    area = int(truth.sum()) + int(predicted.sum())
    return 2 * (truth & predicted).sum() / area if area else empty


def explain(value, masks, predictions, digits=4, **options) -> ScoreLookup:
    text = value if isinstance(value, str) else f"{value:.{digits}f}"
    lookup = diagnose(
        y_true=masks, y_pred=predictions, score_to_explain=parse_score(text), **options
    ).lookup
    assert lookup is not None
    return lookup


def alone(score, num_classes=None) -> ScoreLookup:
    return look_up(parse_score(score), collect_formulas(num_classes))


def tell(lookup):
    """Return the first explanations, each with its implementations, in the order shown."""
    told = [
        f"{suspect.cause.name}: {suspect.cause.claim}; {', '.join(suspect.implementations)}"
        for match in lookup.matches
        for suspect in match.suspects
    ]
    told += [f"{each.requires}: {each.cause.claim}" for each in lookup.conditions]
    return told[:FIRST]


def says(lookup, words):
    return any(words in text for text in tell(lookup))


def test_bools_never_add_to_two():
    masks = blobs((4, 127, 127)).astype(bool)
    lookup = explain("0.0000", masks, move(masks.astype(np.uint8)).astype(bool))
    assert says(lookup, "True + True is True")
    everything = [s.cause.claim for match in lookup.matches for s in match.suspects]
    assert not [claim for claim in everything for words in RULED_OUT if words in claim]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("0.5", "of the pixels (2 classes): everything is predicted as background"),
        ("0.50", "(2 classes)"),
        ("50%", "(2 classes)"),
        ("1.0", "everything else is ignored"),
        ("1.0", "the same array"),
        ("1", "everything else is ignored"),
        ("100", "everything else is ignored"),
        ("44.99", "89.98% of the pixels (2 classes): everything is predicted as background"),
        ("0.0350", "73.50% of the pixels (21 classes)"),
        ("3.50", "73.50% of the pixels (21 classes)"),
        ("0", "no pixel is right"),
        ("0.0", "the metric has counted nothing"),
        ("1e-9", "10,000 pixels with smooth = 1e-05"),
        ("33.42", "3 classes, and the score started at 0.3333: one-hot masks"),
        ("0.25", "C = 2"),
        ("0.0476", "C = 21"),
        ("0.0007", "off by one"),
        ("0.0045", "Cityscapes"),
        ("0.5063", "nearly everything is predicted as background"),
        ("1.9", "the masks hold 255"),
        ("2.95", "2.95 is not a percentage: soft sums of 0/255 masks"),
        ("255", "masks of 255"),
        ("-1.0079", "255² / (510 - 255²)"),
        ("-4.0", "below 0: logits in soft sums"),
        ("-2.2375", "wrap at 256"),
    ],
)
def test_a_stuck_number_alone_is_answered(score, words):
    assert says(alone(score), words), tell(alone(score))


@pytest.mark.parametrize(
    ("score", "share_first"), [("1.0044", True), ("1.9", True), ("44.99", False)]
)
def test_a_number_over_1_is_read_both_ways(score, share_first):
    first = alone(score).conditions[0]
    assert ("255" in first.cause.claim) is share_first


def test_few_digits_say_how_many_match_by_chance():
    masks = draw_masks((4, 48, 48), 4)
    lookup = explain("0.8", masks, predict(masks, 4))
    assert lookup.expected_by_chance > 10
    assert lookup.exact_matches == 0
    masks, predictions = np.zeros((1, 8, 8), np.uint8), np.zeros((1, 8, 8), np.uint8)
    masks[0, :4], predictions[0, :2] = 1, 1
    lookup = explain("0.5", masks, predictions, num_classes=2)
    assert lookup.exact_matches == 1
    assert lookup.matches[0].value == pytest.approx(0.5)
    assert says(lookup, "IoU of class 1")


def test_row_and_column_deleted():
    masks = blobs((4, 64, 64), 0.4)
    lookup = explain("1.0000", masks, move(masks), num_classes=2, ignore_index=0)
    assert says(lookup, "row and column of class 0 are deleted")
    assert not [text for text in tell(lookup) for words in RULED_OUT if words in text]


@pytest.mark.parametrize("size", [1, 2])
def test_divided_by_one_too_few(size):
    masks = blobs((8, 64, 64), 0.3)
    predictions = move(masks, 2)
    groups = [slice(first, first + size) for first in range(0, 8, size)]
    values = [dice(masks[group], predictions[group]) for group in groups]
    lookup = explain(sum(values) / (len(values) - 1), masks, predictions)
    assert says(lookup, "divided by one too few")


def test_total_over_index_plus_one():
    masks = blobs((8, 64, 64), 0.3)
    predictions = move(masks, 2)
    values = [dice(*pair) for pair in zip(masks, predictions, strict=True)]
    assert says(explain(np.mean(values) + 1, masks, predictions), "a mean plus 1")
    strange = explain("1.0044", masks[:1], predictions[:1])
    assert strange.matches == ()
    assert strange.conditions
    assert all("not from these arrays" in each.cause.claim for each in strange.conditions)


def test_dice_of_0_255():
    masks = blobs((3, 64, 64), 0.3)
    noise = np.random.default_rng(1).normal(0, 0.05, masks.shape)
    scores = np.clip(np.where(move(masks, 2), 0.8, 0.1) + noise, 0, 1).astype(np.float32)
    large = masks * 255.0
    value = 2 * (scores * large).sum() / (scores.sum() + large.sum())
    assert value > 1
    lookup = explain(value, (masks * 255).astype(np.uint8), scores)
    assert tell(lookup)[0].startswith("masks-0-255: the masks hold 255")
    labels = move(masks, 2)
    value = 2 * (labels * large).sum() / (labels.sum() + large.sum())
    assert says(explain(value, (masks * 255).astype(np.uint8), labels), "holds 255 in place of 1")


@pytest.mark.parametrize(("size", "words"), [(None, "of each image"), (4, "of each batch")])
@pytest.mark.parametrize("empty", [1, 0, np.nan])
def test_dice_of_each_group_with_empty_ones(size, words, empty):
    masks, predictions = half_empty()
    groups = [slice(first, first + (size or 1)) for first in range(0, 10, size or 1)]
    value = np.nanmean([dice(masks[group], predictions[group], empty) for group in groups])
    lookup = explain(value, masks, logits(predictions, 2), batch_size=size)
    assert says(lookup, f"Dice of class 1 {words}"), tell(lookup)


def test_without_the_empty_cases():
    masks = blobs((12, 48, 48))
    masks[[3, 7]] = 0
    predictions = move(masks)
    predictions[[3, 7], :4, :4] = 1
    values = [dice(*pair) for pair in zip(masks, predictions, strict=True)]
    lookup = explain(np.mean([value for value in values if value > 0]), masks, predictions)
    assert says(lookup, "Dice of class 1 of each image (left out where it is not in the masks)")


def test_competition_dice():
    masks = np.stack([blobs((16, 32, 48), 0.1, seed) for seed in range(4)], axis=1)
    masks[::3, 0], masks[1::2, 2] = 0, 0
    predictions = np.stack([move(masks[:, channel], 1) for channel in range(4)], axis=1)
    predictions[0, 0], predictions[3, 2] = 0, 0
    pairs = zip(masks.reshape(64, -1), predictions.reshape(64, -1), strict=True)
    lookup = explain(
        np.mean([dice(*pair, empty=1) for pair in pairs]),
        masks,
        predictions,
        metric="torchmetrics.JaccardIndex(task='multilabel', num_labels=4)",
    )
    assert says(lookup, "mean Dice of all pairs of image and class (absent as 1)")


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_bitwise_of_the_stored_numbers(dtype):
    masks = blobs((3, 64, 64), 0.3)
    truth, predicted = (masks * 255).astype(dtype), move(masks, 2).astype(dtype)
    value = (predicted & truth).sum() / (predicted | truth).sum()
    assert says(explain(value, truth, predicted, digits=6), "bitwise")
    truth = draw_masks((4, 64, 64), 4).astype(dtype)
    predicted = predict(truth, 4)
    value = (predicted & truth).sum() / (predicted | truth).sum()
    assert says(explain(value, truth, predicted), "bitwise")


@pytest.mark.parametrize("classes", [3, 6])
def test_clutter_left_out(classes):
    masks = draw_masks((4, 64, 64), classes)
    predictions = predict(masks, classes, wrong=0.2)
    value = np.mean(
        [
            ((masks == label) & (predictions == label)).sum()
            / ((masks == label) | (predictions == label)).sum()
            for label in range(classes - 1)
        ]
    )
    lookup = explain(f"{100 * value:.2f}", masks, predictions, num_classes=classes)
    assert says(lookup, f"mean IoU without class {classes - 1}, the last")


def test_similarity_score_is_accuracy():
    masks = blobs((1, 64, 64))
    predictions = move(masks, wrong=0.05)
    lookup = explain(np.mean(masks == predictions), masks.ravel(), predictions.ravel())
    assert says(lookup, "jaccard_similarity_score")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_areas_in_uint8(seed):
    masks = blobs((1, 64, 64), seed=seed)
    predictions = move(masks, 2)
    both, truth, predicted = (
        int(table.sum(dtype=np.uint8)) for table in (masks & predictions, masks, predictions)
    )
    lookup = explain(both / (truth + predicted - both), masks, predictions)
    assert says(lookup, "areas counted in uint8, which wrap at 256")


def test_mean_over_cuts():
    masks = blobs((6, 64, 64))
    grey = (gaussian_filter(move(masks).astype(float), (0, 2, 2)) * 255).astype(np.uint8)
    values = [dice(masks > 0, grey >= cut) for cut in range(1, 256)]
    lookup = explain(np.mean(values), masks * 255, grey, num_classes=2)
    assert says(lookup, "mean over all thresholds")
    assert says(explain(max(values), masks * 255, grey, num_classes=2), "best of all thresholds")


@pytest.mark.parametrize(("size", "words"), [(None, "image and class"), (10, "batch and class")])
def test_dice_of_slices_and_of_volumes_as_batches(size, words):
    masks, predictions = slices()
    groups = [slice(first, first + (size or 1)) for first in range(0, 30, size or 1)]
    values = [
        dice(masks[group] == label, predictions[group] == label)
        for group in groups
        for label in range(1, 4)
    ]
    lookup = explain(np.nanmean(values), masks, predictions, batch_size=size)
    assert says(lookup, "mean Dice but class 0")
    assert says(lookup, words)


def test_dice_of_products():
    masks = draw_masks((4, 64, 64), 4)
    predictions = predict(masks, 4)
    truth, predicted = (
        np.where(labels == 3, 4, labels).astype(np.uint8) for labels in (masks, predictions)
    )
    wide, other = truth.astype(int), predicted.astype(int)
    value = 2 * (wide * other).sum() / (wide.sum() + other.sum())
    assert says(explain(value, truth, predicted), "sums of products of class ids")


MASKS = draw_masks((12, 64, 64), 4)
FOUND = predict(MASKS, 4)


@pytest.mark.parametrize(
    ("masks", "predictions", "words"),
    [
        (MASKS, FOUND[:, :, ::-1], "flipped left to right"),
        (MASKS, FOUND.transpose(0, 2, 1), "transposed"),
        (MASKS, FOUND[::-1], "in reverse order"),
        (MASKS, FOUND[sorted(range(12), key=str)], "sorted as text"),
        (MASKS, np.roll(FOUND, 1, axis=0), "one sample late"),
        (MASKS, np.roll(FOUND, (2, -1), (1, 2)), "+2 rows and -1 columns"),
        (MASKS[:, ::2, ::2], FOUND[:, ::2, ::2], "both arrays are resized to 1/2"),
        (MASKS, FOUND[:, 1::2, 1::2].repeat(2, 1).repeat(2, 2), "enlarged from 1/2"),
    ],
)
def test_pixels_out_of_place_are_tried_if_nothing_else_fits(masks, predictions, words):
    value = mean_iou(masks, predictions, 4)
    lookup = explain(value, MASKS, FOUND, num_classes=4)
    assert says(lookup, words), tell(lookup)


def test_a_random_order_is_named_by_what_random_orders_give():
    order = np.random.default_rng(2).permutation(12)
    value = mean_iou(MASKS, FOUND[order], 4)
    lookup = explain(value, MASKS, FOUND, num_classes=4)
    assert lookup.matches == ()
    assert says(lookup, "predictions and masks are in different orders")


@pytest.mark.parametrize("bright", [False, True])
def test_values_are_read_well_although_pixels_are_out_of_place(bright):
    masks = blobs((12, 48, 48))
    predictions = move(masks)  # so far that `check` finds the shift, too
    values = [dice(*pair, empty=1) for pair in zip(masks, predictions, strict=True)]
    seen = predictions * 255 if bright else predictions
    lookup = explain(np.mean(values), masks * 255, seen)
    assert says(lookup, "Dice of class 1 of each image"), tell(lookup)
    flipped = predictions[:, :, ::-1]
    lookup = explain(mean_iou(masks, flipped, 2), masks * 255, seen)
    assert says(lookup, "flipped left to right"), tell(lookup)
