"""Measure scores and find each pixel's largest channel in compiled loops, tile by tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.scan.numba.kernels._channels import (
    HIGH,
    LOW,
    ON_GRID,
    SUMMED,
    TIED,
    WHOLE,
    look_at_channels,
    look_at_unit,
)
from iou_doctor.scan.numba.kernels._compiled import compiled, inlined
from iou_doctor.scan.numba.kernels._halves import widen
from iou_doctor.scan.numba.kernels._tile import (
    ALL_ZERO,
    AT_LEAST_ONE,
    FINITE,
    FIRST_FRACTIONAL,
    FRACTIONAL,
    HIGHEST,
    LANES,
    LEAST,
    LOWEST,
    LOWEST_TOP,
    NEAR_HIGH,
    NEAR_LOW,
    NEAR_TWICE,
    ON_255_GRID,
    ONE,
    ONE_HOT,
    OUTSIDE_UNIT,
    SUM_IS_ONE,
    TIES,
    TILE,
    Tile,
)
from iou_doctor.scan.numba.kernels._transpose import BLOCK, transpose_block

NO_CLASS_BYTE = 128
"""Added to the class that a naive metric gives a pixel, to mark that the pixel has no class."""


@compiled
def scores_last(scores: NDArray[np.signedinteger], ids: NDArray[np.uint8], tile: Tile) -> bool:
    """Measure all channels of all pixels of an array with channels last.

    Args:
        scores: the bits of float32 (int32), float64 (int64) or float16 (int16), shape
            (pixels, C); the number of pixels is a multiple of `TILE`.
        ids: the output, shape (pixels,): the first largest channel; see `NO_CLASS_BYTE`.
        tile: the working space, to which the counts are added.

    Returns:
        False, after an unfinished pass, if a value is NaN or infinite.
    """
    pixels, channels = scores.shape
    words = scores.reshape(-1)
    for start in range(0, pixels, TILE):
        _take_tile(words, start * channels, channels, tile.raw)
        if not _look(start, ids[start : start + TILE], tile):
            return False
    return True


@inlined
def _take_tile(
    words: NDArray[np.signedinteger],
    origin: int,
    channels: int,
    raw: NDArray[np.signedinteger],
) -> None:
    """Copy a tile from an array with channels last, so that its channels come first."""
    if channels < BLOCK:
        for i in range(TILE):
            for channel in range(channels):
                raw[channel * TILE + i] = words[origin + i * channels + channel]
        return
    for i in range(0, TILE, BLOCK):
        for column in range(0, channels, BLOCK):
            # The last block overlaps the one before it.
            channel = min(column, channels - BLOCK)
            first = origin + i * channels + channel
            transpose_block(words, first, channels, raw, channel * TILE + i, TILE)


@compiled
def scores_first(
    scores: NDArray[np.signedinteger],
    plane: int,
    start: int,
    ids: NDArray[np.uint8],
    tile: Tile,
) -> bool:
    """Do what `scores_last` does for one image with channels first.

    Args:
        scores: the bits in the order of memory, shape (n,), of the dtypes of `scores_last`.
        plane: the distance in words from one channel of a pixel to the next.
        start: the index of the image's first pixel in the whole array.
        ids: as in `scores_last`.
        tile: as in `scores_last`.
    """
    raw = tile.raw
    channels = raw.size // TILE
    for first in range(0, ids.size, TILE):
        for channel in range(channels):
            for i in range(TILE):
                raw[channel * TILE + i] = scores[channel * plane + first + i]
        if not _look(start + first, ids[first : first + TILE], tile):
            return False
    return True


@inlined
def _look(start: int, ids: NDArray[np.uint8], tile: Tile) -> bool:
    """Add a tile whose first pixel is `start`; return whether all its values are finite."""
    if tile.raw.itemsize == 2:
        widen(tile.raw, tile.bits)
    marks, counters = tile.marks, tile.counters
    keys, low, high = _look_at_all(tile)
    if high > marks[FINITE] or low < -marks[FINITE]:
        return False
    tile.extremes[LOWEST] = min(tile.extremes[LOWEST], low)
    tile.extremes[HIGHEST] = max(tile.extremes[HIGHEST], high)
    if _count_gathered(tile) and counters[FIRST_FRACTIONAL] < 0:
        counters[FIRST_FRACTIONAL] = start + _first_fractional(tile.floats)
    if low < 0 or high >= marks[ONE]:
        _count_outside(keys, marks, counters)
    if _total(tile.gathered, TIED):  # each lane holds 0 or -1
        _count_ties(keys, tile.tops, counters)
    for i in range(TILE):
        ids[i] = tile.winners[i]
    if _count_tops(tile):
        _count_zeros_and_ones(ids, keys, tile)
    return True


@inlined
def _look_at_all(tile: Tile) -> tuple[NDArray[np.signedinteger], np.int64, np.int64]:
    """Measure all channels of a tile; return its keys, the smallest key and the largest."""
    bits, one = tile.bits, tile.marks[ONE]
    channels = bits.size // TILE
    low, high = tile.extremes[LOWEST], tile.extremes[HIGHEST]
    if low >= 0 and high <= one:  # all earlier values are from 0 to 1, so these may be too
        look_at_unit(bits, channels, tile.tops, tile.winners, tile.sums, tile.gathered)
        low, high = _extremes(tile.gathered)
        if low >= 0 and high <= one:
            if low == 0 or high == one:
                tile.gathered[WHOLE, 0] = _whole(bits, one)
            return bits, low, high
    look_at_channels(bits, channels, tile.tops, tile.winners, tile.sums, tile.gathered)
    low, high = _extremes(tile.gathered)
    return bits if low > 0 else _keys(tile), low, high  # 0 may be -0.0


@inlined
def _whole(bits: NDArray[np.signedinteger], one: np.signedinteger) -> np.int32:
    """Count the values without a fraction if all are from 0 to 1."""
    whole = np.int32(0)
    for i in range(bits.size):
        whole = np.int32(whole + np.int32((bits[i] == 0) | (bits[i] == one)))
    return whole


@inlined
def _count_gathered(tile: Tile) -> np.int64:
    """Add the results for a tile to the counters; return the number of values with a fraction."""
    counters, gathered = tile.counters, tile.gathered
    fractional = tile.bits.size - _total(gathered, WHOLE)
    counters[FRACTIONAL] += fractional
    counters[ON_255_GRID] += _total(gathered, ON_GRID)
    counters[SUM_IS_ONE] += _total(gathered, SUMMED)
    return fractional


@inlined
def _extremes(gathered: NDArray[np.signedinteger]) -> tuple[np.int64, np.int64]:
    """Return the smallest and the largest key."""
    low, high = np.int64(gathered[LOW, 0]), np.int64(gathered[HIGH, 0])
    for lane in range(LANES):
        low = min(low, np.int64(gathered[LOW, lane]))
        high = max(high, np.int64(gathered[HIGH, lane]))
    return low, high


@inlined
def _total(gathered: NDArray[np.signedinteger], row: int) -> np.int64:
    total = np.int64(0)
    for lane in range(LANES):
        total += gathered[row, lane]
    return total


@inlined
def _keys(tile: Tile) -> NDArray[np.signedinteger]:
    """Compute the keys of a tile, for which the bits do not serve."""
    least = tile.marks[LEAST]
    for i in range(tile.bits.size):
        tile.keys[i] = tile.bits[i] if tile.bits[i] >= 0 else least - tile.bits[i]
    return tile.keys


@inlined
def _count_outside(
    keys: NDArray[np.signedinteger],
    marks: NDArray[np.signedinteger],
    counters: NDArray[np.int64],
) -> None:
    outside = np.int32(0)
    above = np.int32(0)
    one = marks[ONE]
    for i in range(keys.size):
        outside = np.int32(outside + np.int32((keys[i] < 0) | (keys[i] > one)))
        above = np.int32(above + np.int32(keys[i] >= one))
    counters[OUTSIDE_UNIT] += outside
    counters[AT_LEAST_ONE] += above


@inlined
def _first_fractional(floats: NDArray[np.floating]) -> int:
    """Return the index in the tile of the first pixel with a fraction."""
    first = TILE
    for place in range(floats.size):
        if floats[place] != np.trunc(floats[place]):
            first = min(first, place % TILE)
    return first


@inlined
def _count_tops(tile: Tile) -> bool:
    """Measure the largest channel of each pixel; return whether it is 0 or 1 for any pixel."""
    tops, marks = tile.tops, tile.marks
    near_low, near_high, one = marks[NEAR_LOW], marks[NEAR_HIGH], marks[ONE]
    near = np.int32(0)
    special = np.int32(0)
    lowest = tops[0]
    for i in range(TILE):
        near = np.int32(near + np.int32((tops[i] >= near_low) & (tops[i] <= near_high)))
        special = np.int32(special + np.int32((tops[i] == 0) | (tops[i] == one)))
        lowest = min(lowest, tops[i])
    tile.counters[NEAR_TWICE] += near
    tile.extremes[LOWEST_TOP] = min(tile.extremes[LOWEST_TOP], np.int64(lowest))
    return bool(special)


@inlined
def _count_ties(
    keys: NDArray[np.signedinteger],
    tops: NDArray[np.signedinteger],
    counters: NDArray[np.int64],
) -> None:
    """Count the pixels whose largest value is shared by several channels."""
    equal = np.int32(0)
    for channel in range(keys.size // TILE):
        for i in range(TILE):
            equal = np.int32(equal + np.int32(keys[channel * TILE + i] == tops[i]))
    if equal > TILE:
        for i in range(TILE):
            counters[TIES] += _count_equal(i, keys, tops[i]) > 1


@inlined
def _count_equal(i: int, keys: NDArray[np.signedinteger], key: int) -> int:
    """Return how many channels of a pixel have this key."""
    equal = 0
    for place in range(i, keys.size, TILE):
        equal += keys[place] == key
    return equal


@inlined
def _count_zeros_and_ones(
    ids: NDArray[np.uint8],
    keys: NDArray[np.signedinteger],
    tile: Tile,
) -> None:
    one = tile.marks[ONE]
    for i in range(TILE):
        if tile.tops[i] == 0 or tile.tops[i] == one:
            _count_zero_or_one(i, ids, keys, tile)


@inlined
def _count_zero_or_one(
    i: int,
    ids: NDArray[np.uint8],
    keys: NDArray[np.signedinteger],
    tile: Tile,
) -> None:
    """Count a pixel that is one-hot or all zero; a pixel that is all zero has no class."""
    channels = keys.size // TILE
    filled = channels - _count_equal(i, keys, 0)
    if tile.tops[i] != 0:
        tile.counters[ONE_HOT] += filled == 1 and tile.sums[0, i] == 1
        return
    # For the argmax of Keras, -0.0 is less than 0.0, see `argmax_like_keras`.
    best, answer = -np.inf, 0
    for channel in range(channels):
        value: float = np.float64(tile.floats[channel * TILE + i])
        if value == 0 and tile.bits[channel * TILE + i] < 0:
            value = -tile.tiny
        if value > best:
            best, answer = value, channel
    ids[i] = answer
    if filled == 0:
        tile.counters[ALL_ZERO] += 1
        ids[i] = NO_CLASS_BYTE + answer
