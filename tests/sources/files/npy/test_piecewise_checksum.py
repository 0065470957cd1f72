"""The checksum of pieces is that of the whole, whatever their order is."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.sources.files.npy import piecewise_checksum
from iou_doctor.sources.files.npy.piecewise_checksum import PiecewiseChecksum

VALUES = np.random.default_rng(0).integers(0, 256, 60).astype(np.uint8).tobytes()
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=30)


@given(SPANS, st.integers(0, 59))
def test_a_damaged_whole_is_found_when_all_was_read(spans, place):
    wanted = zlib.crc32(b"head" + VALUES)
    damaged = bytearray(VALUES)
    damaged[place] ^= 1
    sound, ill = (PiecewiseChecksum(b"head", 60, wanted) for _ in range(2))
    unread = set(range(60))
    for low, size in [*spans, (0, 60)]:
        high = min(low + size, 60)
        unread -= set(range(low, high))
        if low < high:
            assert sound.add(low, memoryview(VALUES)[low:high])
            assert ill.add(low, memoryview(damaged)[low:high]) is bool(unread)


def test_too_many_gaps_are_given_up(monkeypatch):
    monkeypatch.setattr(piecewise_checksum, "MOST_GAPS", 3)
    checksum = PiecewiseChecksum(b"", 60, 0)
    assert all(checksum.add(low, memoryview(b"x")) for low in (0, 2, 4, 6))
    assert checksum.add(0, memoryview(VALUES))


@pytest.mark.parametrize("wanted", [zlib.crc32(VALUES), 7])
def test_one_piece_may_be_the_whole(wanted):
    assert PiecewiseChecksum(b"", 60, wanted).add(0, memoryview(VALUES)) is (wanted != 7)
