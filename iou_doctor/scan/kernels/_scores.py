"""Dense arrays as machine code: tiles of pixels, class by class."""

from __future__ import annotations

from typing import Any

import numpy as np

from iou_doctor.scan.kernels._compiled import compiled, inlined
from iou_doctor.scan.kernels._tile import (
    ALL_ZERO,
    AT_LEAST_ONE,
    FINITE,
    FIRST_FRACTIONAL,
    FRACTIONAL,
    HIGHEST,
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
)
from iou_doctor.scan.kernels._transpose import BLOCK, transpose_block

NO_CLASS_BYTE = 128
"""Added to the answer of a naive argmax where a pixel is no class."""
SUM_TOLERANCE = 0.02
GRID, GRID_TOLERANCE = np.float32(255), np.float32(0.07)
BELOW_GRID, ABOVE_GRID = np.float32(-0.5), np.float32(255.5)


@compiled
def scores_last(scores: Any, ids: Any, tile: Any) -> bool:
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
def _take_tile(words: Any, origin: Any, channels: Any, raw: Any) -> None:
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
def scores_first(scores: Any, plane: Any, start: Any, ids: Any, tile: Any) -> bool:
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
def _look(start: Any, ids: Any, tile: Any) -> bool:
    """Take in the tile of the pixels from number `start` on; False where it is not finite."""
    if tile.raw.itemsize == 2:
        _widen(tile.raw, tile.bits)
    marks, counters, extremes = tile.marks, tile.counters, tile.extremes
    keys, low, high = _keys(tile)
    if high > marks[FINITE] or low < -marks[FINITE]:
        return False
    extremes[LOWEST] = min(extremes[LOWEST], np.int64(low))
    extremes[HIGHEST] = max(extremes[HIGHEST], np.int64(high))
    if low < 0 or high >= marks[ONE]:
        _count_outside(keys, marks, counters)
    unit = low >= 0 and high <= marks[ONE]
    fractional = _count_fractions(keys, marks[ONE], unit, tile)
    if fractional and counters[FIRST_FRACTIONAL] < 0:
        counters[FIRST_FRACTIONAL] = start + _first_fractional(tile.floats)
    _add_channels(tile.floats, tile.sums)
    _count_sums(tile.sums, counters)
    if _find_tops(keys, tile.tops, tile.winners):
        _count_ties(keys, tile.tops, counters)
    for i in range(TILE):
        ids[i] = tile.winners[i]
    if _count_tops(tile):
        _count_zeros_and_ones(ids, keys, tile)
    return True


@inlined
def _widen(halves: Any, bits: Any) -> None:
    """Turn the bits of float16 into those of float32."""
    for i in range(halves.size):
        half = np.int32(halves[i])
        size = np.int32(np.int32(half & 0x7FFF) << 13)
        # Inf and NaN take the largest exponent; below 2 ** -14 no leading bit is implied
        wide = np.int32(size + (0x70000000 if size >= 0x0F800000 else 0x38000000))
        small = np.float32(np.int32(size + 0x38800000).view(np.float32) - np.float32(2.0**-14))
        wide = small.view(np.int32) if size < 0x00800000 else wide
        bits[i] = wide | (-0x80000000 if half < 0 else 0)


@inlined
def _keys(tile: Any) -> Any:
    """Return the keys, the smallest and the largest: of no negative float they are the bits."""
    low, high = _extremes(tile.bits)
    if low >= 0:
        return tile.bits, low, high
    least = tile.marks[LEAST]
    for i in range(tile.bits.size):
        tile.keys[i] = tile.bits[i] if tile.bits[i] >= 0 else least - tile.bits[i]
    low, high = _extremes(tile.keys)
    return tile.keys, low, high


@inlined
def _extremes(keys: Any) -> Any:
    """Return the smallest and the largest."""
    low = high = keys[0]
    for i in range(keys.size):
        low = min(low, keys[i])
        high = max(high, keys[i])
    return low, high


@inlined
def _count_fractions(keys: Any, one: Any, unit: Any, tile: Any) -> Any:
    """Count fractions and what is on the grid of 255; return the number of fractions.

    Where all values lie from 0 to 1 (`unit`), a fraction is what is neither of both.
    """
    floats = tile.floats
    whole = np.int32(0)
    near = np.int32(0)
    if unit:
        for i in range(keys.size):
            whole = np.int32(whole + np.int32((keys[i] == 0) | (keys[i] == one)))
        for i in range(floats.size):
            scaled = np.float32(floats[i]) * GRID
            near = np.int32(near + np.int32(abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE))
    else:
        for i in range(floats.size):
            whole = np.int32(whole + np.int32(floats[i] == np.trunc(floats[i])))
        for i in range(floats.size):
            scaled = np.float32(floats[i]) * GRID
            on_grid = abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE
            inside = (scaled > BELOW_GRID) & (scaled < ABOVE_GRID)
            near = np.int32(near + np.int32(on_grid & inside))
    tile.counters[FRACTIONAL] += floats.size - whole
    tile.counters[ON_255_GRID] += near
    return floats.size - whole


@inlined
def _count_outside(keys: Any, marks: Any, counters: Any) -> None:
    outside = np.int32(0)
    above = np.int32(0)
    one = marks[ONE]
    for i in range(keys.size):
        outside = np.int32(outside + np.int32((keys[i] < 0) | (keys[i] > one)))
        above = np.int32(above + np.int32(keys[i] >= one))
    counters[OUTSIDE_UNIT] += outside
    counters[AT_LEAST_ONE] += above


@inlined
def _first_fractional(floats: Any) -> Any:
    """Return the first pixel with a fraction."""
    first = TILE
    for place in range(floats.size):
        if floats[place] != np.trunc(floats[place]):
            first = min(first, place % TILE)
    return first


@inlined
def _find_tops(keys: Any, tops: Any, winners: Any) -> bool:
    """Fill in the tops and the winners; return whether any two channels may share a top."""
    for i in range(TILE):
        tops[i] = keys[i]
        winners[i] = 0
    tied = np.int32(0)
    for channel in range(1, keys.size // TILE):
        number = np.int32(channel)
        for i in range(TILE):
            key, top, winner = keys[channel * TILE + i], tops[i], winners[i]
            tops[i] = max(key, top)
            winners[i] = number if key > top else winner
            tied = np.int32(tied | np.int32(key == top))
    return bool(tied)


@inlined
def _add_channels(floats: Any, sums: Any) -> None:
    """Add the channels one by one, as the reference does."""
    for i in range(TILE):
        sums[0, i] = 0.0
    for channel in range(floats.size // TILE):
        for i in range(TILE):
            sums[0, i] += floats[channel * TILE + i]


@inlined
def _count_sums(sums: Any, counters: Any) -> None:
    summed = np.int32(0)
    low, high = np.inf, -np.inf
    for i in range(TILE):
        total = sums[0, i]
        summed = np.int32(summed + np.int32(abs(total - 1) <= SUM_TOLERANCE))
        low = total if (total < low) & (total > -np.inf) else low
        high = total if (total > high) & (total < np.inf) else high
    counters[SUM_IS_ONE] += summed
    sums[1, 0] = min(sums[1, 0], low)
    sums[2, 0] = max(sums[2, 0], high)


@inlined
def _count_tops(tile: Any) -> bool:
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
def _count_ties(keys: Any, tops: Any, counters: Any) -> None:
    """Count the pixels of which two channels or more are the largest."""
    equal = np.int32(0)
    for channel in range(keys.size // TILE):
        for i in range(TILE):
            equal = np.int32(equal + np.int32(keys[channel * TILE + i] == tops[i]))
    if equal > TILE:
        for i in range(TILE):
            counters[TIES] += _count_equal(i, keys, tops[i]) > 1


@inlined
def _count_equal(i: Any, keys: Any, key: Any) -> Any:
    """Return how many channels of a pixel have this key."""
    equal = 0
    for place in range(i, keys.size, TILE):
        equal += keys[place] == key
    return equal


@inlined
def _count_zeros_and_ones(ids: Any, keys: Any, tile: Any) -> None:
    one = tile.marks[ONE]
    for i in range(TILE):
        if tile.tops[i] == 0 or tile.tops[i] == one:
            _count_zero_or_one(i, ids, keys, tile)


@inlined
def _count_zero_or_one(i: Any, ids: Any, keys: Any, tile: Any) -> None:
    """Look at a pixel that may be one-hot, or all zero: then it is no class."""
    channels = keys.size // TILE
    filled = channels - _count_equal(i, keys, 0)
    if tile.tops[i] != 0:
        tile.counters[ONE_HOT] += filled == 1 and tile.sums[0, i] == 1
        return
    # among zeros, naive argmaxes hold -0.0 to be below 0.0
    best, answer = -np.inf, 0
    for channel in range(channels):
        value = np.float64(tile.floats[channel * TILE + i])
        if value == 0 and tile.bits[channel * TILE + i] < 0:
            value = -tile.tiny
        if value > best:
            best, answer = value, channel
    ids[i] = answer
    if filled == 0:
        tile.counters[ALL_ZERO] += 1
        ids[i] = NO_CLASS_BYTE + answer
