"""Blocks give the bytes of an object in any order, and ask for few of them twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.sources.files.remote import blocks as module
from iou_doctor.sources.files.remote.blocks import BlockFile, Blocks
from iou_doctor.sources.files.remote.whole_objects import WholeObjects

CONTENT = np.random.default_rng(0).integers(0, 256, 1000).astype(np.uint8).tobytes()


class Counter:
    """Gives parts of an object, and counts them."""

    def __init__(self) -> None:
        self.fetched = 0

    def fetch(self, start: int, stop: int) -> bytes:
        assert 0 <= start < stop <= len(CONTENT)
        self.fetched += stop - start
        return CONTENT[start:stop]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 64)
    monkeypatch.setattr(module, "PIECE_BYTES", 8)
    monkeypatch.setattr(module, "_MOST_BLOCKS", 6)
    monkeypatch.setattr(module, "AHEAD", 3)
    monkeypatch.setattr(module, "ORDER_BYTES", 16)
    monkeypatch.setattr(module, "_MOST_PIECES", 5)


SPANS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 300)), max_size=20)


@settings(max_examples=60)
@given(SPANS)
def test_any_parts_in_any_order(spans):
    file = BlockFile(Blocks(Counter().fetch, len(CONTENT)), "name")
    for start, count in spans:
        file.seek(start)
        assert file.read(count) == CONTENT[start : start + count]
        assert file.tell() == min(start + count, max(start, len(CONTENT)))


def test_several_threads_read_at_the_same_time():
    blocks = Blocks(Counter().fetch, len(CONTENT))

    def read(start: int) -> bytes:
        buffer = bytearray(min(37, len(CONTENT) - start))
        blocks.read_into(memoryview(buffer), start)
        return bytes(buffer)

    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(read, range(0, len(CONTENT), 37)))
    assert b"".join(parts) == CONTENT


def test_reading_in_order_asks_once():
    counter = Counter()
    file = BlockFile(Blocks(counter.fetch, len(CONTENT)), "name")
    assert b"".join(iter(lambda: file.read(70), b"")) == CONTENT
    assert counter.fetched == len(CONTENT)


@pytest.mark.parametrize(("starts", "is_ahead"), [(range(0, 60, 20), True), ((0, 900, 400), False)])
def test_small_reads_in_order_are_fetched_ahead(starts, is_ahead):
    """Threads may overtake one another a little."""
    blocks = Blocks(Counter().fetch, len(CONTENT))
    for start in starts:
        buffer = bytearray(20)
        blocks.read_into(memoryview(buffer), start)
        assert bytes(buffer) == CONTENT[start : start + 20]
    assert (len(blocks._blocks) > 1) is is_ahead


def test_a_block_that_fails_is_asked_for_again():
    failures = [OSError("busy")]

    def fetch(start, stop):
        if failures:
            raise failures.pop()
        return CONTENT[start:stop]

    file = BlockFile(Blocks(fetch, len(CONTENT)), "name")
    with pytest.raises(OSError, match="busy"):
        file.read(64)
    assert file.read(64) == CONTENT[:64]


def test_the_following_objects_are_fetched_ahead():
    stamps = [FileStamp(str(n), 10, 0, 0, 0, "v") for n in range(40)]
    fetched = []

    def fetch(stamp, start, stop):
        fetched.append(stamp)
        return stamp.path.encode() * (stop - start)

    whole = WholeObjects(fetch, dict(pairwise(stamps)))
    assert [whole.read(stamp) for stamp in stamps] == [s.path.encode() * 10 for s in stamps]
    assert sorted(fetched, key=lambda one: int(one.path)) == stamps


def test_few_large_objects_are_kept():
    stamps = [FileStamp(str(n), 1 << 26, 0, 0, 0, "v") for n in range(5)]
    fetched = []

    def fetch(stamp, start, stop):
        fetched.append((stamp, stop - start))
        return b""

    whole = WholeObjects(fetch, dict(pairwise(stamps)))
    for stamp in [*stamps, stamps[0]]:
        whole.read(stamp)
    assert fetched == [(stamp, 1 << 26) for stamp in [*stamps, stamps[0]]]
