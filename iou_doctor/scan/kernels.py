"""The counting loops as machine code: what the NumPy reference does, several times faster.

Importing this file imports Numba. Every function releases the GIL, and its machine code is kept
on disk, so that only the first use on a machine compiles. The reference in `pair_counts.py`,
`derive.py` and `values.py` defines each answer; these equal it bit for bit.

Few signatures: labels come as bytes (`low_bytes` makes them from wider integers, one signature a
width), scores as float32 or float64, float16 as its bits, turned into float32 tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

TILE = 64
"""Pixels whose channels are looked at together: 64 x 21 float32 values take 5 KiB."""
REPLICAS = 8
"""Cells for each pair, taken in turns: a store must not wait for that of the pixel before."""
FOLD = np.uint64(REPLICAS)
EVERY_OTHER, LANE = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)
BYTE_BITS, LANE_BITS = np.uint64(8), np.uint64(16)
NO_CLASS_BYTE = 128
"""Added to the answer of a naive argmax where a pixel is no class."""

FRACTIONAL, OUTSIDE_UNIT, AT_LEAST_ONE, ON_255_GRID = range(4)
SUM_IS_ONE, ALL_ZERO, ONE_HOT, TIES, NEAR_TWICE, FIRST_FRACTIONAL = range(4, 10)
COUNTERS = 10
LEAST, FINITE, ONE, NEAR_LOW, NEAR_HIGH = range(5)
"""Marks on the scale of keys, see `Tile`."""
LOWEST, HIGHEST, LOWEST_TOP = range(3)
SUM_TOLERANCE = 0.02
GRID, GRID_TOLERANCE = np.float32(255), np.float32(0.07)
BELOW_GRID, ABOVE_GRID = np.float32(-0.5), np.float32(255.5)


def _compiled(function: Kernel) -> Kernel:
    """Compile on first use; keep the machine code where a folder can be written."""
    compiled = partial(numba.njit, nogil=True, boundscheck=False, error_model="numpy")
    try:
        return cast(Kernel, compiled(cache=True)(function))
    except RuntimeError:  # neither the package's folder nor the user's takes a cache
        return cast(Kernel, compiled()(function))


@_compiled
def low_bytes(words: Any, flip: Any, low: Any) -> tuple[Any, Any]:
    """Write the lowest byte of each word to `low`; return the extremes of `word ^ flip`.

    Args:
        words: unsigned integers, shape (n,); signed ones viewed as such.
        flip: the sign bit for signed integers, else 0: after it, order is that of unsigned ones.
        low: uint8, shape (n,).
    """
    least = words[0] ^ flip
    most = least
    for i in range(words.size):
        word = words[i]
        low[i] = word & 255
        ordered = word ^ flip
        least = min(least, ordered)
        most = max(most, ordered)
    return least, most


@_compiled
def note_codes(codes: Any, seen: Any) -> None:
    """Set `seen`, bool, shape (256,), for each of uint8 codes, shape (n,)."""
    for i in range(codes.size):
        seen[codes[i]] = True


@_compiled
def largest_code(codes: Any) -> Any:
    """Return the largest of uint8 codes, shape (n,)."""
    most = np.uint8(0)
    for i in range(codes.size):
        most = max(most, codes[i])
    return most


@_compiled
def tally(true: Any, pred: Any, words: Any, orders: Any, table: Any, rows: Any) -> Any:
    """Count the pairs of codes of each image; return the number of rows written.

    Args:
        true: uint8, shape (n, pixels).
        pred: uint8, shape (n, pixels).
        words: both as uint64, shape (n, pixels / 8), or of no length where they do not fit.
        orders: the codes of either side that may occur, uint8, in ascending order of value.
        table: uint32 zeros, shape (cells * REPLICAS,); zeros again afterwards.
        rows: int64, shape (most, 4), takes image, code of truth, code of prediction and count.
    """
    width = np.uint64(orders[1].max()) + np.uint64(1)
    used = 0
    for image in range(true.shape[0]):
        if words[0].shape[1]:
            _count_words(words[0][image], words[1][image], width, table)
        else:
            _count_bytes(true[image], pred[image], width, table)
        used = _write_rows(image, orders[0], orders[1], width, table, rows, used)
    return used


@_compiled
def _count_words(true: Any, pred: Any, width: Any, table: Any) -> None:
    """Count eight pixels from two loads, their cells computed four at a time.

    A lane of 16 bits holds a code, and then its cell: 255 * 256 + 255 still fits.
    """
    for i in range(true.size):
        ours, theirs = true[i], pred[i]
        even = (ours & EVERY_OTHER) * width + (theirs & EVERY_OTHER)
        odd = (ours >> BYTE_BITS & EVERY_OTHER) * width + (theirs >> BYTE_BITS & EVERY_OTHER)
        for pixel in range(0, REPLICAS, 2):
            table[(even & LANE) * FOLD + np.uint64(pixel)] += np.uint32(1)
            table[(odd & LANE) * FOLD + np.uint64(pixel + 1)] += np.uint32(1)
            even >>= LANE_BITS
            odd >>= LANE_BITS


@_compiled
def _count_bytes(true: Any, pred: Any, width: Any, table: Any) -> None:
    for i in range(true.size):
        cell = np.uint64(true[i]) * width + np.uint64(pred[i])
        table[cell * FOLD + np.uint64(i % REPLICAS)] += np.uint32(1)


@_compiled
def _write_rows(
    image: Any, true_order: Any, pred_order: Any, width: Any, table: Any, rows: Any, used: Any
) -> Any:
    """Write the table's filled cells as rows, and clear them; return the number of rows."""
    for truth in true_order:
        for prediction in pred_order:
            cell = (np.uint64(truth) * width + np.uint64(prediction)) * FOLD
            count = np.int64(0)
            for replica in range(REPLICAS):
                count += np.int64(table[cell + np.uint64(replica)])
            if count:
                rows[used, 0], rows[used, 1] = image, truth
                rows[used, 2], rows[used, 3] = prediction, count
                used += 1
                table[cell : cell + FOLD] = 0
    return used


class Tile(NamedTuple):
    """Working space for `TILE` pixels, and what all tiles add to.

    Values lie channel by channel, C * TILE of them. A key is an integer in the order of the
    floats: the bits, or `LEAST` minus the bits where the sign is set. Keys compare and vectorise
    as integers, and -0.0 has the key of 0.0.
    """

    raw: Any
    """The bits as stored: int16, int32 or int64."""
    bits: Any
    """The bits of float32 or float64; `raw` itself but for float16."""
    floats: Any
    """A view of `bits`."""
    keys: Any
    """Of the dtype of `bits`."""
    tops: Any
    """The key of each pixel's largest channel, shape (TILE,)."""
    winners: Any
    """Its number, int32, shape (TILE,)."""
    sums: Any
    """float64, shape (3, TILE): channel sums; the smallest and the largest at this place so far."""
    marks: Any
    """Keys of note, see `LEAST`, of the dtype of `bits`."""
    tiny: Any
    """float64: what -0.0 counts as, below zero."""
    counters: Any
    """int64, shape (COUNTERS,); `FIRST_FRACTIONAL` is a pixel, negative before there is one."""
    extremes: Any
    """int64 keys, see `LOWEST`."""


@_compiled
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
    raw = tile.raw
    for start in range(0, pixels, TILE):
        for i in range(0, TILE, 8):
            for channel in range(channels):
                for j in range(8):
                    raw[channel * TILE + i + j] = scores[start + i + j, channel]
        if not _look(start, ids[start : start + TILE], tile):
            return False
    return True


@_compiled
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


@_compiled
def _look(start: Any, ids: Any, tile: Any) -> bool:
    """Take in the tile of the pixels from number `start` on; False where it is not finite."""
    if tile.raw.itemsize == 2:
        _widen(tile.raw, tile.bits)
    marks, counters, extremes = tile.marks, tile.counters, tile.extremes
    low, high = _make_keys(tile.bits, tile.keys, marks)
    if high > marks[FINITE] or low < -marks[FINITE]:
        return False
    extremes[LOWEST] = min(extremes[LOWEST], np.int64(low))
    extremes[HIGHEST] = max(extremes[HIGHEST], np.int64(high))
    if low < 0 or high >= marks[ONE]:
        _count_outside(tile.keys, marks, counters)
    if _count_values(tile.floats, counters) and counters[FIRST_FRACTIONAL] < 0:
        counters[FIRST_FRACTIONAL] = start + _first_fractional(tile.floats)
    _find_tops(tile.keys, tile.tops, tile.winners)
    _add_channels(tile.floats, tile.sums)
    for i in range(TILE):
        ids[i] = tile.winners[i]
    if _count_pixels(tile):
        _count_zeros_and_ones(ids, tile)
    return True


@_compiled
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


@_compiled
def _make_keys(bits: Any, keys: Any, marks: Any) -> Any:
    """Fill in the keys; return the smallest and the largest."""
    least = marks[LEAST]
    for i in range(bits.size):
        keys[i] = bits[i] if bits[i] >= 0 else least - bits[i]
    low = high = keys[0]
    for i in range(bits.size):
        low = min(low, keys[i])
        high = max(high, keys[i])
    return low, high


@_compiled
def _count_values(floats: Any, counters: Any) -> Any:
    """Count fractions and what is on the grid of 255; return the number of fractions."""
    fractional = np.int32(0)
    near = np.int32(0)
    for i in range(floats.size):
        fractional = np.int32(fractional + np.int32(floats[i] != np.trunc(floats[i])))
    for i in range(floats.size):
        scaled = np.float32(floats[i]) * GRID
        on_grid = abs(scaled - np.rint(scaled)) <= GRID_TOLERANCE
        inside = (scaled > BELOW_GRID) & (scaled < ABOVE_GRID)
        near = np.int32(near + np.int32(on_grid & inside))
    counters[FRACTIONAL] += fractional
    counters[ON_255_GRID] += near
    return fractional


@_compiled
def _count_outside(keys: Any, marks: Any, counters: Any) -> None:
    outside = np.int32(0)
    above = np.int32(0)
    one = marks[ONE]
    for i in range(keys.size):
        outside = np.int32(outside + np.int32((keys[i] < 0) | (keys[i] > one)))
        above = np.int32(above + np.int32(keys[i] >= one))
    counters[OUTSIDE_UNIT] += outside
    counters[AT_LEAST_ONE] += above


@_compiled
def _first_fractional(floats: Any) -> Any:
    """Return the first pixel with a fraction."""
    first = TILE
    for place in range(floats.size):
        if floats[place] != np.trunc(floats[place]):
            first = min(first, place % TILE)
    return first


@_compiled
def _find_tops(keys: Any, tops: Any, winners: Any) -> None:
    for i in range(TILE):
        tops[i] = keys[i]
        winners[i] = 0
    for channel in range(1, keys.size // TILE):
        number = np.int32(channel)
        for i in range(TILE):
            key, top, winner = keys[channel * TILE + i], tops[i], winners[i]
            tops[i] = max(key, top)
            winners[i] = number if key > top else winner


@_compiled
def _add_channels(floats: Any, sums: Any) -> None:
    """Add the channels one by one, as the reference does."""
    for i in range(TILE):
        sums[0, i] = 0.0
    for channel in range(floats.size // TILE):
        for i in range(TILE):
            sums[0, i] += floats[channel * TILE + i]


@_compiled
def _count_pixels(tile: Any) -> bool:
    """Count what whole pixels show; return whether any has a largest channel of 0 or 1."""
    keys, tops, sums, marks, counters = tile.keys, tile.tops, tile.sums, tile.marks, tile.counters
    near_low, near_high, one = marks[NEAR_LOW], marks[NEAR_HIGH], marks[ONE]
    summed = np.int32(0)
    for i in range(TILE):
        total = sums[0, i]
        summed = np.int32(summed + np.int32(abs(total - 1) <= SUM_TOLERANCE))
        sums[1, i] = total if (total < sums[1, i]) & (total > -np.inf) else sums[1, i]
        sums[2, i] = total if (total > sums[2, i]) & (total < np.inf) else sums[2, i]
    near = np.int32(0)
    special = np.int32(0)
    lowest = tops[0]
    for i in range(TILE):
        near = np.int32(near + np.int32((tops[i] >= near_low) & (tops[i] <= near_high)))
        special = np.int32(special + np.int32((tops[i] == 0) | (tops[i] == one)))
        lowest = min(lowest, tops[i])
    counters[SUM_IS_ONE] += summed
    counters[NEAR_TWICE] += near
    tile.extremes[LOWEST_TOP] = min(tile.extremes[LOWEST_TOP], np.int64(lowest))
    equal = np.int32(0)
    for channel in range(keys.size // TILE):
        for i in range(TILE):
            equal = np.int32(equal + np.int32(keys[channel * TILE + i] == tops[i]))
    if equal > TILE:
        for i in range(TILE):
            counters[TIES] += _count_equal(i, keys, tops[i]) > 1
    return bool(special)


@_compiled
def _count_equal(i: Any, keys: Any, key: Any) -> Any:
    """Return how many channels of a pixel have this key."""
    equal = 0
    for place in range(i, keys.size, TILE):
        equal += keys[place] == key
    return equal


@_compiled
def _count_zeros_and_ones(ids: Any, tile: Any) -> None:
    one = tile.marks[ONE]
    for i in range(TILE):
        if tile.tops[i] == 0 or tile.tops[i] == one:
            _count_zero_or_one(i, ids, tile)


@_compiled
def _count_zero_or_one(i: Any, ids: Any, tile: Any) -> None:
    """Look at a pixel that may be one-hot, or all zero: then it is no class."""
    channels = tile.keys.size // TILE
    filled = channels - _count_equal(i, tile.keys, 0)
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
