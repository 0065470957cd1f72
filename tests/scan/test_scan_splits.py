"""Stats of parts add up to the Stats of the whole, in any grouping."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scan.arrays import (
    FLOATS,
    INTEGERS,
    assert_same_stats,
    label_maps,
    layout_of,
    pair_of,
    score_maps,
    stats_of,
    stats_of_batch,
)

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.scan import windows
from iou_doctor.scan.batch_plan import BatchPlan
from iou_doctor.scan.scan import scan
from iou_doctor.sources.files.npy.npy import open_npy

LABELS = (
    Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS),
    Pairing(LabelDecoding.TIMES_255, LabelDecoding.BINS),
)
DENSE = (
    Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX),
    Pairing(LabelDecoding.LABELS, LabelDecoding.ARGMAX_LAST, flat=True),
)
quick = settings(max_examples=60)


@pytest.mark.parametrize(
    ("formats", "values", "jobs", "together"),
    [
        (("npy", "npy"), 2**20, 1, 16),
        (("npy", "array"), 2**23, 1, 32),
        (("npz", "npy"), 2**40, 1, 256),
        (("npy", "npy"), 2**26, 2, 16),
        (("npy", "npy"), 2**40, 2, 256),
        (("npy", "hdf5"), 2**40, 2, 16),
        (("images", "npy"), 2**40, 2, 16),
    ],
)
def test_only_what_takes_no_memory_is_read_in_large_parts(formats, values, jobs, together):
    sources = (_source(format=name) for name in formats)
    assert windows.choose_windows_at_once(Pair(*sources), values, jobs) == together


@pytest.mark.parametrize(
    ("image", "together"), [(2**22, 16), (2**22 + 1, 17), (2**24, 64), (2**24 + 1, 16)]
)
def test_an_image_that_can_be_counted_as_a_whole_is_not_read_in_parts(image, together):
    large = _source(format="npy", get_sample_shape=lambda _: (1, image))
    assert windows.choose_windows_at_once(Pair(large, _source()), 4 * image, 2) == together


@pytest.mark.parametrize(("values", "jobs"), [(2**25 - 1, 1), (2**25, 4)])
def test_few_values_that_lie_in_memory_are_counted_by_one_thread(values, jobs):
    in_memory, unpacked = _source(format="npy"), _source(format="hdf5")
    assert windows.choose_jobs(Pair(in_memory, in_memory), values, 4) == jobs
    assert windows.choose_jobs(Pair(unpacked, in_memory), values, 4) == 4


def _source(**more):
    """Return what `windows.at_once` asks of a source of views."""
    values = np.zeros((3, 4), "u1")
    known = {"format": "npz", "is_sequential": False, "shape": values.shape}
    known["get_sample_shape"] = lambda _: values.shape[1:]
    return SimpleNamespace(**{**known, "read": lambda window: values[window], **more})


@pytest.mark.parametrize(
    "more",
    [
        {"is_sequential": True},
        {"read_on_device": print},
        {"read": lambda window: np.zeros((3, 4), ">u2")[window].astype("u2")},
    ],
)
def test_what_is_copied_is_read_in_small_parts(more):
    sources = (_source(), _source(**more))
    assert windows.choose_windows_at_once(Pair(*sources), 2**40, 1) == 16


@pytest.mark.parametrize(("dtype", "together"), [("<u2", 256), (">u2", 16)])
def test_files_in_another_order_of_bytes_are_read_in_small_parts(tmp_path, dtype, together):
    np.save(tmp_path / "labels.npy", np.zeros((3, 4, 5), dtype))
    source = open_npy(str(tmp_path / "labels.npy"))
    assert windows.choose_windows_at_once(Pair(source, source), 2**40, 1) == together


@st.composite
def cases(draw):
    """Two arrays with their layouts in letters, and the pairings to count."""
    n, h, w = draw(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4)))
    kind = draw(st.sampled_from(["labels", "scores", "channels last", "channels first"]))
    y_true = draw(label_maps((n, h, w)) | score_maps((n, h, w)))
    if kind == "labels":
        return y_true, draw(label_maps((n, h, w))), "NHW", LABELS
    if kind == "scores":
        return y_true, draw(score_maps((n, h, w, 1))), "NHWC", LABELS
    channels = draw(st.integers(2, 12))
    if kind == "channels last":
        pairings = DENSE if draw(st.booleans()) else DENSE[:1]
        return y_true, draw(score_maps((n, h, w, channels))), "NHWC", pairings
    return y_true, draw(score_maps((n, channels, h, w))), "NCHW", DENSE[:1]


def parts_of(y_true, y_pred, letters, pairings, samples):
    """Return the Stats of these ranges of samples, each scanned alone."""
    visit = BatchPlan(layout_of(y_true, y_pred, pred=letters), pairings, threshold=0.5)
    return [
        stats_of_batch(visit, Batch(y_true[part], y_pred[part], np.arange(part.start, part.stop)))
        for part in samples
    ]


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_any_split_of_the_samples_in_any_grouping_adds_up_to_the_whole(case, random):
    y_true, y_pred, letters, pairings = case
    cuts = sorted({0, len(y_true), *(random.randint(0, len(y_true)) for _ in range(2))})
    samples = [slice(start, stop) for start, stop in pairwise(cuts)]
    parts = parts_of(y_true, y_pred, letters, pairings, samples)
    whole = stats_of(y_true, y_pred, pred=letters, pairings=pairings)
    random.shuffle(parts)
    assert_same_stats(Stats.merge(parts), whole)
    assert_same_stats(reduce(lambda one, other: other + one, parts), whole)
    middle = random.randint(0, len(parts))
    assert_same_stats(Stats.merge(parts[:middle]) + Stats.merge(parts[middle:]), whole)


@quick
@given(cases(), st.integers(1, 60), st.integers(1, 5))
def test_windows_of_any_size_give_the_same_stats(case, window_values, parts):
    y_true, y_pred, letters, pairings = case
    whole = stats_of(y_true, y_pred, pred=letters, pairings=pairings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_VALUES", window_values)
        patch.setattr("iou_doctor.scan.scan.PARTS", parts)
        assert_same_stats(stats_of(y_true, y_pred, pred=letters, pairings=pairings), whole)


def test_a_small_window_splits_one_sample_by_rows(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_VALUES", 8)
    y_true = np.zeros((1, 5, 4), np.uint8)
    batches = list(
        windows.iterate_batches(
            pair_of(y_true=y_true, y_pred=y_true), layout_of(y_true, y_true), whole_samples=False
        )
    )
    assert [batch.first_row for batch in batches] == [0, 2, 4]
    assert [batch.y_true.shape for batch in batches] == [(1, 2, 4), (1, 2, 4), (1, 1, 4)]


def test_a_sample_split_by_rows_counts_once_and_keeps_its_places(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_VALUES", 1)
    y_true = np.array([[[0.0, 1.0], [np.inf, 1.0], [0.5, 0.25]]])
    stats = stats_of(y_true, y_true)
    assert stats.samples == 1
    assert stats.y_true.first.position == (0, 0)
    assert stats.y_true.first_non_finite.position == (1, 0)
    assert stats.y_true.first_fractional.position == (2, 0)
    assert stats.y_true.first_fractional.values == (0.5,)


def test_the_first_fraction_is_found_beside_a_nan():
    y_true = np.array([[[np.nan, 0.0], [0.5, 1.0]]])
    assert stats_of(y_true, y_true).y_true.first_fractional.position == (1, 0)


@quick
@given(st.data(), st.sampled_from(INTEGERS + FLOATS), st.integers(2, 12))
def test_channels_first_and_channels_last_give_the_same_stats(data, dtype, channels):
    shape = (2, 3, 2)
    y_true = data.draw(label_maps(shape))
    last = data.draw(
        score_maps((*shape, channels), (dtype,))
        if dtype in FLOATS
        else label_maps((*shape, channels), (dtype,))
    )
    first = np.ascontiguousarray(np.moveaxis(last, -1, 1))
    assert_same_stats(
        stats_of(y_true, last, pred="NHWC", pairings=DENSE[:1]),
        stats_of(y_true, first, pred="NCHW", pairings=DENSE[:1]),
    )


@settings(max_examples=30)
@given(hnp.arrays("f8", (1, 2, 1, 11), elements=st.floats(0, 1)))
def test_channel_sums_do_not_depend_on_the_window(y_pred):
    y_true = np.zeros((1, 2, 1), np.uint8)
    first = np.ascontiguousarray(np.moveaxis(y_pred, -1, 1))
    whole = stats_of(y_true, y_pred, pred="NHWC", pairings=DENSE[:1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_VALUES", 1)
        assert_same_stats(stats_of(y_true, first, pred="NCHW", pairings=DENSE[:1]), whole)


def test_progress_reports_the_samples_done():
    y_true = np.zeros((3, 2, 2), np.uint8)
    seen = []
    scan(
        pair_of(y_true=y_true, y_pred=y_true),
        layout_of(y_true, y_true),
        pairings=LABELS[:1],
        threshold=0.5,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (3, 3)


def test_what_is_mapped_together_is_counted_in_parts(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_VALUES", 8)
    monkeypatch.setattr("iou_doctor.scan.batch_plan.COUNTED_AT_ONCE", 2)
    y_true = np.arange(40, dtype="u1").reshape(10, 2, 2)
    visit = BatchPlan(layout_of(y_true, y_true), LABELS, threshold=0.5)
    parts = visit.count_parts(Batch(y_true, y_true, np.arange(10)))
    assert [part.samples for part in parts] == [4, 4, 2]
