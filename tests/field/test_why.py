"""Numbers that people could not explain: `why` names where they come from among the first three."""

from __future__ import annotations

import numpy as np
import pytest
from build import diagnose
from scipy.ndimage import gaussian_filter

from field.arrays import draw_masks, predict
from field.channels import binary_logits, squash
from field.scores import blobs, dice, explain, half_empty, logits, move, says, slices, tell
from iou_doctor.report.score_lookup import parse_score

RULED_OUT = (
    "every prediction is class 0",
    "one channel",
    "softmax",
    "sample_weight",
    "0 and 255",
    "holds 255",
)


def test_bools_never_add_to_two():
    masks = blobs((4, 127, 127)).astype(bool)
    lookup = explain("0.0000", masks, move(masks.astype(np.uint8)).astype(bool))
    assert says(lookup, "True + True is True")
    truth, predicted = masks, move(masks.astype(np.uint8)).astype(bool)
    union = 2 * (truth & predicted).sum() / (truth + predicted).sum()
    assert says(explain(union, truth, predicted), "p + t is the union")
    everything = [s.cause.claim for match in lookup.matches for s in match.suspects]
    assert not [claim for claim in everything for words in RULED_OUT if words in claim]


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


def test_the_number_of_a_metric_that_flattens_swapped_sizes_is_traced():
    truth = np.random.default_rng(0).integers(0, 3, (6, 4, 6)).repeat(8, 1).repeat(8, 2)
    swapped = {"y_true": truth, "y_pred": truth.swapaxes(1, 2), "num_classes": 3}
    value = diagnose(**swapped).metric.value
    lookup = diagnose(**swapped, score_to_explain=parse_score(f"{value:.4f}")).lookup
    assert lookup.matches[0].suspects[0].cause.name == "height-width-swapped"


def test_dice_is_1_although_all_vertebrae_have_the_wrong_label():
    masks = draw_masks((1, 24, 40, 40), 9, smoothness=6.0)[0].astype(float)
    masks[masks > 0] += 15
    wrong = np.where(masks > 0, 100.0, 0.0)
    told = tell(explain("1.0000", masks, wrong))
    assert "all class ids above 0 count as one class" in told[0]
    assert "Dice of the foreground" in told[0]


def test_dice_of_scipy_is_above_1_if_the_masks_hold_2():
    masks = draw_masks((8, 48, 48), 3)
    scores = squash(binary_logits((masks > 0).astype(np.uint8)))
    value = 2 * (scores * masks).sum() / (scores.sum() + masks.sum())
    lookup = explain(value, masks.astype(np.float32), scores)
    assert says(lookup, "the masks hold 2")
    steps = [suspect.cause.next_step for match in lookup.matches for suspect in match.suspects]
    assert "127" not in steps[0]


def test_classes_left_out_at_both_ends_and_labels_pooled_without_the_background():
    masks = draw_masks((4, 64, 64), 6)
    predictions = predict(masks, 6, wrong=0.2)
    same = masks == predictions
    areas = [((masks == label).sum(), (predictions == label).sum()) for label in range(6)]
    met = [(same & (masks == label)).sum() for label in range(6)]
    ious = [hit / (a + b - hit) for hit, (a, b) in zip(met, areas, strict=True)]
    lookup = explain(np.mean(ious[1:-1]), masks, predictions, digits=6, num_classes=6)
    assert says(lookup, "mean IoU without classes 0 and 5")
    pooled = 2 * sum(met[1:]) / sum(a + b for a, b in areas[1:])
    lookup = explain(pooled, masks, predictions, digits=6, num_classes=6)
    assert says(lookup, "Dice of all classes but 0 pooled")
