"""Dense arrays as machine code: tiles of pixels, class by class."""

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
"""Added to the answer of a naive argmax where a pixel is no class."""


@compiled
def scores_last(scores: NDArray[np.signedinteger], ids: NDArray[np.uint8], tile: Tile) -> bool:
    """Look at all channels of all pixels once; channels last.

    Args:
        scores: the bits of float32 (int32), float64 (int64) or float16 (int16), shape
            (pixels, C); the number of pixels is a multiple of `TILE`.
        ids: uint8, shape (pixels,), takes the first largest channel; see `NO_CLASS_BYTE`.
        tile: a `Tile`.

    Returns:
        False, half way, where a value is NaN or infinite.
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
    """Copy a tile from where its channels come last to where they come first."""
    if channels < BLOCK:
        for i in range(TILE):
            for channel in range(channels):
                raw[channel * TILE + i] = words[origin + i * channels + channel]
        return
    for i in range(0, TILE, BLOCK):
        for column in range(0, channels, BLOCK):
            # the last block overlaps the one before it
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
        scores: the bits as they lie in memory, shape (n,).
        plane: from one channel of a pixel to the next.
        start: the number of the image's first pixel.
        ids: as in `scores_last`.
        tile: a `Tile`.
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
    """Take in the tile of the pixels from number `start` on; False where it is not finite."""
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
    """Gather what all channels show; return the keys, the smallest and the largest."""
    bits, one = tile.bits, tile.marks[ONE]
    channels = bits.size // TILE
    low, high = tile.extremes[LOWEST], tile.extremes[HIGHEST]
    if low >= 0 and high <= one:  # as it was before, so it may be again
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
def _whole(bits: NDArray[np.signedinteger], one: int) -> np.int32:
    """Return how many values from 0 to 1 have no fraction."""
    whole = np.int32(0)
    for i in range(bits.size):
        whole = np.int32(whole + np.int32((bits[i] == 0) | (bits[i] == one)))
    return whole


@inlined
def _count_gathered(tile: Tile) -> np.int64:
    """Add what was gathered to the counters; return the number of fractions."""
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
    """Return the keys where they are not the bits themselves."""
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
    """Return the first pixel with a fraction."""
    first = TILE
    for place in range(floats.size):
        if floats[place] != np.trunc(floats[place]):
            first = min(first, place % TILE)
    return first


@inlined
def _count_tops(tile: Tile) -> bool:
    """Count what the largest channels show; return whether any of them is 0 or 1."""
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
    """Count the pixels of which two channels or more are the largest."""
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
    """Look at a pixel that may be one-hot, or all zero: then it is no class."""
    channels = keys.size // TILE
    filled = channels - _count_equal(i, keys, 0)
    if tile.tops[i] != 0:
        tile.counters[ONE_HOT] += filled == 1 and tile.sums[0, i] == 1
        return
    # among zeros, naive argmaxes hold -0.0 to be below 0.0
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
