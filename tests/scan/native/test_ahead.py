"""Threads that count while Python does something else find what one thread finds."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan.arrays import LABELS, assert_same_stats, label_maps, layout_of, pair_of

from iou_doctor.counts.map_samples import Probe
from iou_doctor.counts.stats import Stats
from iou_doctor.scan import ahead, windows
from iou_doctor.scan.native import count_labels, library
from iou_doctor.scan.probing import ProbeBuilder
from iou_doctor.scan.scan import scan

if library.load_kernels() is None:
    pytest.skip(library.describe_kernels(), allow_module_level=True)


def scan_by(jobs, y_true, y_pred, meanwhile=None, progress=None) -> tuple[Stats, Probe]:
    """Return the Stats and the kept maps by this many threads."""
    probe = ProbeBuilder(len(y_true), lambda _: y_true.shape[1:])
    stats = scan(
        pair_of(y_true=y_true, y_pred=y_pred),
        layout_of(y_true, y_pred),
        pairings=(LABELS,),
        threshold=0.5,
        probe=probe,
        jobs=jobs,
        meanwhile=meanwhile,
        progress=progress,
    )
    return stats, probe.build()


def assert_alike(y_true, y_pred, jobs=3):
    one, kept = scan_by(1, y_true, y_pred)
    calls = []
    several, kept_by_several = scan_by(jobs, y_true, y_pred, meanwhile=lambda: calls.append(0))
    assert_same_stats(one, several)
    for first, second in ((kept.many, kept_by_several.many), (kept.crops, kept_by_several.crops)):
        assert first.samples.tolist() == second.samples.tolist()
        for maps, others in ((first.y_true, second.y_true), (first.y_pred, second.y_pred)):
            for decoding, own in maps.items():
                np.testing.assert_array_equal(own, others[decoding])
    assert not [one for one in threading.enumerate() if one.name.startswith("iou-doctor-scan")]
    return calls


def cut_small(patch, *, values=2, at_once=3):
    """Let small arrays be counted by several threads, in many parts."""
    for name in ("WORTH_A_HELPER", "WORTH_THREADS"):
        patch.setattr(windows, name, 0)
    patch.setattr(windows, "WINDOW_VALUES", values)
    patch.setattr(ahead, "WAITING", at_once)
    patch.setattr(ahead, "WAITING_FOR_EACH", 0)


@settings(max_examples=80)
@given(st.data(), st.integers(1, 40), st.integers(2, 4))
def test_any_labels_are_counted_as_by_one_thread(data, n, jobs):
    values, at_once = data.draw(st.sampled_from([1, 2, 40])), data.draw(st.sampled_from([1, 3, 64]))
    shape = (n, 2, data.draw(st.integers(1, 9)))
    y_true, y_pred = data.draw(label_maps(shape)), data.draw(label_maps(shape))
    with pytest.MonkeyPatch.context() as patch:
        cut_small(patch, values=values, at_once=at_once)
        assert assert_alike(y_true, y_pred, jobs) == [0]


def labels_of(seed, n=300, most=20):
    return np.random.default_rng(seed).integers(0, most, (n, 4, 5)).astype(np.int32)


@pytest.mark.parametrize("rows", [20, 30, 61, 400])
def test_parts_for_whose_rows_there_is_no_room_are_finished_afterwards(monkeypatch, rows):
    cut_small(monkeypatch)
    monkeypatch.setattr(count_labels, "ROWS", rows)  # an image may need 20
    assert_alike(labels_of(1, most=4), labels_of(2, most=4))


@pytest.mark.parametrize("odd", [0, 7, 8, 299])
def test_parts_that_only_numpy_can_count_are_counted_too(monkeypatch, odd):
    cut_small(monkeypatch)
    y_true = labels_of(1, most=4)
    y_true[odd, 0, 0] = 100_000  # no byte tells it from the others
    assert_alike(y_true, labels_of(2, most=4))


def test_the_threads_have_ended_after_an_error(monkeypatch):
    cut_small(monkeypatch)

    def fail():
        raise RuntimeError("meanwhile")

    with pytest.raises(RuntimeError, match="meanwhile"):
        scan_by(3, labels_of(1), labels_of(2), meanwhile=fail)
    assert not [one for one in threading.enumerate() if one.name.startswith("iou-doctor-scan")]


def test_the_threads_have_ended_while_an_error_of_the_progress_is_kept(monkeypatch):
    cut_small(monkeypatch)

    def fail(*_):
        raise RuntimeError("progress")

    with pytest.raises(RuntimeError, match="progress") as kept:
        scan_by(3, labels_of(1, most=4), labels_of(2, most=4), progress=fail)
    assert not [one for one in threading.enumerate() if one.name.startswith("iou-doctor-scan")]
    assert kept.value is not None


@pytest.mark.parametrize(
    ("values", "jobs", "may_wait", "helpers"),
    [
        (2**21 - 1, 8, False, 0),
        (2**21, 8, False, 1),
        (2**21, 8, True, 0),
        (2**25, 8, True, 7),
        (2**25, 1, False, 0),
    ],
)
def test_helpers_count_what_is_worth_it(values, jobs, may_wait, helpers):
    labels = labels_of(1)
    pair, layout = pair_of(y_true=labels, y_pred=labels), layout_of(labels, labels)
    found = windows.choose_helpers(pair, layout, values, jobs, may_wait=may_wait)
    assert found == helpers


def test_what_would_be_copied_is_left_to_others():
    labels = labels_of(1)
    floats = labels.astype(np.float32)
    for odd in (labels.transpose(0, 2, 1), labels[:, :, ::-1], labels.astype(">i4"), floats):
        pair, layout = pair_of(y_true=labels, y_pred=odd), layout_of(labels, odd)
        assert windows.choose_helpers(pair, layout, 2**25, 4, may_wait=True) == 0
