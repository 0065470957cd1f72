from types import SimpleNamespace

import pytest

from iou_doctor.checks.wording import (
    MOST_LISTED_ITEMS,
    describe_labels,
    describe_place,
    format_count,
    format_ids,
    format_percent,
    format_shape,
    join_words,
)
from iou_doctor.counts.value_counts import Place

EVIDENCE = SimpleNamespace(name_sample=lambda image: f"sample {image}")


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 2, "50 %"),
        (1, 3, "33.33 %"),
        (1, 1000, "0.1 %"),
        (1, 10_000, "0.01 %"),
        (1, 100_000, "less than 0.01 %"),
        (9_999, 10_000, "99.99 %"),
        (99_999, 100_000, "more than 99.99 %"),
    ],
)
def test_shares_are_rounded_to_all_or_nothing_only_if_they_are(part, whole, text):
    assert format_percent(part, whole) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""),
        ([3], "3"),
        ([3, 5], "3 and 5"),
        (["a", "b", "c"], "a, b and c"),
        (range(6), "0, 1, 2, 3, 4 and 5"),
        (range(7), "0, 1, 2, 3, 4, 5 and 1 more"),
    ],
)
def test_lists_are_cut_after_some_items(items, text):
    assert MOST_LISTED_ITEMS == 6
    assert join_words(items) == text


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([], "no ids"),
        ([4], "4"),
        ([4, 5], "4 and 5"),
        ([6, 4, 5], "4..6"),
        ([4, 5, 7], "4, 5 and 7"),
        (range(20), "0..19"),
    ],
)
def test_consecutive_ids_are_a_range(ids, text):
    assert format_ids(ids) == text


def test_counts_have_a_plural_and_thousands():
    assert format_count(0, "pixel") == "0 pixels"
    assert format_count(1, "pixel") == "1 pixel"
    assert format_count(1204, "pixel") == "1,204 pixels"


def test_shapes_show_sizes_that_differ():
    assert format_shape((64, None, 96)) == "64 × ? × 96"


def test_labels_are_listed_with_their_pixels():
    assert describe_labels({7: 1204}) == "label 7 in 1,204 pixels"
    assert describe_labels({7: 1, 8: 2, 9: 3}) == "labels 7, 8 and 9 in 6 pixels"


def test_places_show_at_most_eight_values():
    place = Place(3, (0, 12), (0.023456, 1.0))
    assert describe_place(place, EVIDENCE) == "sample 3, pixel (0, 12): 0.02346 1"
    many = Place(3, (0, 12), tuple(range(9)))
    assert describe_place(many, EVIDENCE) == "sample 3, pixel (0, 12): 0 1 2 3 4 5 6 7 …"
    assert describe_place(Place(3, (0, 12), tuple(range(8))), EVIDENCE)[-1] == "7"
