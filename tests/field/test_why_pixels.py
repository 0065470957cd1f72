"""Numbers of arrays whose pixels or samples were out of place."""

from __future__ import annotations

import numpy as np
import pytest
from build import mean_iou

from field.arrays import draw_masks, predict
from field.scores import blobs, dice, explain, move, says, tell
from iou_doctor.score_search import pixel_faults

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


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        (FOUND[:, :, ::-1], "flipped left to right"),
        (FOUND.transpose(0, 2, 1), "transposed"),
        (np.roll(FOUND, 1, axis=0), "one sample late"),
        (np.roll(FOUND, (2, -1), (1, 2)), "+2 rows and -1 columns"),
        (FOUND[[7, 2, 9, 0, 5, 11, 3, 8, 1, 10, 4, 6]], "in different orders"),
    ],
)
def test_maps_of_some_samples_choose_what_large_arrays_are_counted_for(
    predictions, words, monkeypatch
):
    monkeypatch.setattr(pixel_faults, "MOST_PIXELS", 1)
    lookup = explain(mean_iou(MASKS, predictions, 4), MASKS, FOUND, num_classes=4)
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
