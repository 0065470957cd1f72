"""Areas in a report: they survive JSON, and pair up with those of the same masks alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.ledger import stored_areas
from iou_doctor.ledger.image_areas import count_image_areas
from iou_doctor.ledger.interval import estimate_change, estimate_intervals
from iou_doctor.ledger.stored_areas import decode, encode, regroup, shrink

SHAPE = (30, 8, 8)


def count(truth, prediction, classes=3):
    image = np.arange(len(truth)).repeat(truth[0].size)
    labels = (one.reshape(-1).astype(np.int64) for one in (truth, prediction))
    pairs = PairCounts.from_rows(
        image=image,
        **dict(zip(("truth", "prediction"), labels, strict=True)),
        count=np.ones(truth.size, dtype=np.int64),
    )
    return count_image_areas(pairs, num_classes=classes, ignore_index=None)


@pytest.fixture
def sides():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, SHAPE)
    return [
        count(truth, np.where(rng.random(SHAPE) < share, rng.integers(0, 3, SHAPE), truth))
        for share in (0.2, 0.3)
    ]


def store(areas):
    return decode(json.loads(json.dumps(encode(areas))))


def test_a_stored_side_gives_the_same_intervals(sides):
    before, after = sides
    exact = estimate_change(before, after)
    assert estimate_change(*store(before).pair_with(after)) == exact
    assert estimate_change(*store(before).pair_with_stored(store(after))) == exact
    assert exact.mean.high < 0
    assert set(exact.classes) == {0, 1, 2}


def test_other_masks_do_not_pair_up(sides):
    before, after = sides
    rng = np.random.default_rng(4)
    other = count(rng.integers(0, 3, SHAPE), rng.integers(0, 3, SHAPE))
    more = count(rng.integers(0, 4, SHAPE), rng.integers(0, 4, SHAPE), classes=4)
    for one in (other, more, regroup(after, 10)):
        assert store(before).pair_with(one) is None
        assert store(before).pair_with_stored(store(one)) is None


def test_many_numbers_are_put_into_groups_that_still_pair_up(sides, monkeypatch):
    monkeypatch.setattr(stored_areas, "MOST_NUMBERS", 60)
    monkeypatch.setattr(stored_areas, "LEAST_GROUPS", 20)
    before, after = sides
    stored = store(before)
    assert stored.areas.shape == (2, 20, 3)
    assert stored.areas.sum(axis=1).tolist() == before.areas[:2].sum(axis=1).tolist()
    assert stored.images == 30
    found, exact = (
        estimate_change(*both).mean for both in (stored.pair_with(after), (before, after))
    )
    assert found.images == 30
    width = exact.high - exact.low
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.6 * width)


def test_one_image_and_very_many_classes_are_not_stored(sides, monkeypatch):
    rng = np.random.default_rng(5)
    assert shrink(count(rng.integers(0, 3, (1, 8, 8)), rng.integers(0, 3, (1, 8, 8)))) is None
    assert decode(None) is None
    monkeypatch.setattr(stored_areas, "MOST_CLASSES", 2)
    assert shrink(sides[0]) is None
    assert estimate_intervals(sides[0]).mean is not None


@pytest.mark.parametrize(
    "change",
    [
        {"groups": 10**9},
        {"num_classes": 10**9},
        {"classes": [{"id": 9, "images": 1, "union": "1", "intersection": "1"}]},
        {"classes": [{"id": 0, "images": 1, "union": "1 2", "intersection": "1"}]},
        {"classes": [{"id": 0, "images": 1, "union": "1", "intersection": "1"}]},
        {"classes": [{"id": 0, "images": 1, "union": "x" * 30, "intersection": "1"}]},
        {"classes": [{"id": 0, "images": 1, "union": "9" * 30, "intersection": "1"}]},
        {"classes": None},
    ],
)
def test_what_is_no_areas_is_refused(sides, change):
    document = {**encode(sides[0]), **change}
    with pytest.raises((LookupError, TypeError, ValueError, OverflowError)):
        decode(document)
