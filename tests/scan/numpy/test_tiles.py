"""Tiles hold every value once, in the order of the pixels, whatever the layout in memory."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iou_doctor.scan.numpy import tiles
from iou_doctor.scan.numpy.tiles import Space, choose_tile_dtype, iterate_tiles

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@settings(max_examples=80)
@given(SHAPES, st.booleans(), st.integers(1, 40), st.booleans())
def test_tiles_joined_are_the_array_with_channels_first(shape, dense, size, transposed):
    values = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    values = np.asfortranarray(values) if transposed else values
    found, firsts = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE_VALUES", size)
        for first, tile in iterate_tiles(values, dense=dense, dtype=values.dtype):
            assert tile.flags.c_contiguous
            found.append(tile.copy())
            firsts.append(first)
    channels = shape[-1] if dense else 1
    assert np.array_equal(np.concatenate(found, axis=1), values.reshape(-1, channels).T)
    assert firsts == np.cumsum([0, *(tile.shape[1] for tile in found[:-1])]).tolist()
    assert all(tile.size <= max(size, channels) for tile in found)


def test_an_array_without_pixels_has_no_tile():
    empty = np.zeros((2, 0, 3), "f4")
    assert list(iterate_tiles(empty, dense=True, dtype=empty.dtype)) == []


@pytest.mark.parametrize(("stored", "computed"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8")])
def test_float16_is_computed_in_float32(stored, computed):
    assert choose_tile_dtype(np.zeros(1, stored)) == np.dtype(computed)


def test_every_float16_is_looked_up_as_its_cast():
    halves = np.arange(2**16, dtype="u2").view("f2")
    joined = [
        tile.copy() for _, tile in iterate_tiles(halves[None], dense=False, dtype=np.dtype("f4"))
    ]
    assert np.array_equal(np.concatenate(joined, axis=1)[0], halves.astype("f4"), equal_nan=True)
    assert np.signbit(joined[0][0, 0x8000])


def test_space_holds_arrays_of_many_shapes_in_the_memory_of_the_largest(monkeypatch):
    monkeypatch.setattr(tiles, "MOST_ARRAYS", 4)
    space = Space()
    for size in (*range(1, 12), 3):
        array = space.take("a", (size,), np.uint8)
        assert array.shape == (size,)
        assert len(space._arrays) <= 4
    assert np.shares_memory(array, space.take("a", (11,), np.uint8))


def test_space_is_aligned_used_again_and_different_in_each_thread():
    space = Space()
    first = space.take("a", (2, 3), np.float64)
    again = space.take("a", (5,), np.uint8)
    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, space.take("b", (2, 3), np.float64))
    assert first.ctypes.data % tiles.CACHE_LINE == 0
    of_thread = []
    thread = threading.Thread(target=lambda: of_thread.append(space.take("a", (2, 3), np.float64)))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, of_thread[0])
