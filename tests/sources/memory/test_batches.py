from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest
from build import names, noisy, scene
from hypothesis import given
from hypothesis import strategies as st
from scenes import boxes, model
from sources.window_cases import assert_reads, cases

import iou_doctor
from iou_doctor.errors import SourceError
from iou_doctor.sources.memory.batches import Stream
from iou_doctor.sources.opening import open_pair, open_pairs


class Loader:
    """Batches that can be iterated over again; counts how often."""

    def __init__(self, *batches):
        self.batches, self.passes = batches, 0

    def __iter__(self):
        self.passes += 1
        return iter(self.batches)


def split(array, sizes):
    stops = np.cumsum(sizes)
    return [array[stop - size : stop] for size, stop in zip(sizes, stops, strict=True)]


@given(cases(), st.data())
def test_a_window_is_what_numpy_slices(case, data):
    array, windows = case
    cuts = data.draw(st.lists(st.integers(1, max(1, len(array) - 1)), max_size=3, unique=True))
    batches = [part for part in np.split(array, sorted(cuts)) if len(part)]
    source = open_pair(y_true=Loader(*batches), y_pred=np.zeros(1)).y_true
    assert_reads(source, array, windows)


def test_a_source_of_batches_describes_itself():
    batches = [
        (np.zeros((3, 4, 5), "u1"), np.zeros((3, 4, 5, 2), "f4")),
        (np.zeros((1, 4, 5), "i2"), np.zeros((1, 4, 5, 2), "f2")),
    ]
    source = open_pairs(Loader(*batches)).y_true
    assert (source.path, source.format, source.shape) == ("y_true", "batches", (4, 4, 5))
    assert (source.dtype, source.chunk_shape, source.is_sequential) == (
        np.dtype("i2"),
        (3, 1, 1),
        True,
    )


def test_sizes_that_differ_between_batches_are_known_for_each_sample():
    source = open_pair(y_true=Loader(np.zeros((2, 4, 5)), np.ones((1, 6, 5))), y_pred=[0]).y_true
    assert source.shape == (3, None, 5)
    assert [source.get_sample_shape(index) for index in range(3)] == [(4, 5), (4, 5), (6, 5)]
    assert source.read((slice(2, 3),)).shape == (1, 6, 5)


def test_pairs_are_the_arrays_they_are_made_of():
    y_true = scene(1, samples=7)
    y_pred = noisy(y_true, 2)
    pairs = Loader(*zip(split(y_true, (4, 2, 1)), split(y_pred, (4, 2, 1)), strict=True))
    report = iou_doctor.check(pairs=pairs, num_classes=3)
    expected = iou_doctor.check(y_true=y_true, y_pred=y_pred, num_classes=3)
    assert report.score == expected.score
    assert names(report) == names(expected)
    assert report.contracts == expected.contracts
    assert pairs.passes == 2  # counted, and scanned


def test_a_wrong_order_is_repaired_in_few_passes():
    y_true = boxes(1, samples=64)
    order = np.random.default_rng(3).permutation(64)
    y_pred = model(y_true, 2, signal=4.0)[order]
    loader = Loader(*split(y_pred, (16, 16, 16, 16)))
    report = iou_doctor.check(y_true=y_true, y_pred=loader, num_classes=5)
    expected = iou_doctor.check(y_true=y_true, y_pred=y_pred, num_classes=5)
    assert report.verdict == expected.verdict
    assert report.verdict.primary == "shuffled-samples"
    assert loader.passes <= 10


def test_two_datasets_of_different_batch_sizes_pair_up():
    y_true = scene(1, samples=7)
    y_pred = noisy(y_true, 2)
    report = iou_doctor.check(
        y_true=Loader(*split(y_true, (3, 3, 1))), y_pred=Loader(*split(y_pred, (2, 5)))
    )
    assert report.score == iou_doctor.check(y_true=y_true, y_pred=y_pred).score


def test_memory_does_not_grow_with_the_number_of_batches():
    class Many:
        def __iter__(self):
            return ((np.full((1, 1000, 1000), number, np.uint8),) * 2 for number in range(40))

    tracemalloc.start()
    pair = open_pairs(Many())
    for number in range(40):
        assert pair.y_true.read((slice(number, number + 1), slice(0, 1)))[0, 0, 0] == number
        assert pair.y_pred.read((slice(number, number + 1), slice(0, 1)))[0, 0, 0] == number
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


class OtherMasks:
    """Draws other masks in each pass."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __iter__(self):
        return ((self.rng.random((2, 4, 4)), np.zeros((2, 4, 4))) for _ in range(2))


class OtherPredictions:
    """Draws other predictions in each pass, for the same masks."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __iter__(self):
        return ((np.zeros((2, 4, 4)), self.rng.random((2, 4, 4))) for _ in range(2))


class RoundedDifferently:
    """A network's scores that differ in the last bits in each pass."""

    def __init__(self):
        self.passes = 0

    def __iter__(self):
        self.passes += 1
        scores = np.random.default_rng(1).random((2, 2, 4, 4, 3)).astype(np.float32)
        return iter(scores * np.float32(1 + 1e-6 * self.passes))


def test_predictions_may_differ_by_rounding_between_passes():
    again = RoundedDifferently()
    iou_doctor.check(y_true=scene(1, samples=4, height=4, width=4), y_pred=again)
    assert again.passes > 1


class Shrinking:
    """Has fewer batches in each pass."""

    def __init__(self):
        self.count = 4

    def __iter__(self):
        self.count -= 1
        return iter([(np.zeros((1, 4, 4)), np.zeros((1, 4, 4)))] * self.count)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ((pair for pair in [(1, 2)]), "a generator can be iterated over only once"),
        (Loader(), "it gives no batch"),
        (Loader(np.zeros((2, 3))), "each element must be a pair (y_true, y_pred)"),
        (Loader((np.zeros((2, 3)), np.zeros((1, 3)))), "a batch has 2 and 1 samples"),
        (Loader((np.zeros((2, 3)),) * 2, (np.zeros((2, 3, 1)),) * 2), "in the number of axes"),
        (Loader((np.array(["a"]),) * 2), "it holds strings"),
        (OtherMasks(), "it gives other batches each time"),
        (OtherPredictions(), "it gives other batches each time"),
        (Shrinking(), "it gives other batches each time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_batches_that_cannot_be_read_twice_or_are_no_pairs_are_refused(pairs, words):
    with pytest.raises(SourceError, match=re.escape(words)):
        iou_doctor.check(pairs=pairs)


def test_pairs_where_single_arrays_are_wanted_are_refused_with_a_way_out():
    batch = np.zeros((2, 4, 4), np.uint8)
    with pytest.raises(SourceError, match=r"tuple of 2 .*lambda image, mask: image"):
        Stream([(batch, batch)], ("images",))
