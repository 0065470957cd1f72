"""Find the class of each pixel by argmax, and count what needs whole pixels, tile by tile.

A tile has one row for each channel. Therefore all work is done on long rows, which NumPy does many
times faster than on the short last axis of scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import encode_no_class
from iou_doctor.counts.value_counts import SUM_TOLERANCE, ValueCounts
from iou_doctor.scan.numpy.decode_labels import argmax_like_keras
from iou_doctor.scan.numpy.tiles import SPACE, choose_tile_dtype, iterate_tiles
from iou_doctor.scan.numpy.values import (
    Found,
    ValueTally,
    count_near_bound,
    count_true,
    find_extremes,
    find_finite_extremes,
)


def argmax_and_count(
    values: StoredArray, tally: ValueTally | None = None
) -> tuple[NDArray[np.integer], ValueCounts]:
    """Return class ids by argmax over the last axis, and the counts that need whole pixels.

    Args:
        values: shape (n, *spatial, C), any dtype.
        tally: counts the values too, if they are floats.

    Returns:
        The ids, shape (n, *spatial), and the counts. An id is the first largest channel. A pixel
        with a NaN channel, or with all channels 0, is not a class; its code holds the class that
        `argmax_like_keras` gives it. Ids are int64 if there is such a pixel.
    """
    values = values.view(np.uint8) if values.dtype.kind == "b" else values
    dtype, channels = choose_tile_dtype(values), values.shape[-1]
    pixels = values.size // channels
    ids = np.empty(pixels, dtype=np.min_scalar_type(2 * channels))
    tops, sums = np.empty(pixels, dtype=dtype), np.empty(pixels)
    ties = one_hot = all_zero = 0
    for first, tile in iterate_tiles(values, dense=True, dtype=dtype):
        here = slice(first, first + tile.shape[1])
        top = tile.max(axis=0, out=tops[here])  # NaN if any channel is
        at_top = SPACE.take("mask", tile.shape, np.bool_)
        np.equal(tile, top, out=at_top)
        ids[here] = _find_first(at_top)
        _sum_channels(tile, sums[here])
        low, high = find_extremes(top)
        if high != high or count_true(at_top) > len(top):  # NaN equals nothing
            ties += count_true(_count_channels(at_top) > 1)
        if not high < 1:
            one_hot += _count_one_hot(tile, top)
        if not low > 0:
            all_zero += _mark_no_class(ids[here], tile, top)
        if tally:
            tally.add(tile, first, high=high)
    found: Found = {"ties": ties, "one_hot": one_hot, "all_zero": all_zero}
    if pixels:
        found |= _measure_sums(sums) | _measure_tops(tops, channels)
    labels = _list_labels(channels)[ids] if ids.max(initial=0) >= channels else ids
    return labels.reshape(values.shape[:-1]), ValueCounts(**found)


def _list_labels(channels: int) -> NDArray[np.int64]:
    """Return the label of each id: channels, and from `channels` on the codes for no class."""
    classes = np.arange(channels)
    return np.concatenate([classes, encode_no_class(classes)])


def _find_first(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Return the first true channel of each pixel, shape (pixels,), of a mask (C, pixels)."""
    channels = len(mask)
    from_last = np.arange(channels, 0, -1, dtype=np.min_scalar_type(channels))
    weighted = SPACE.take("values", mask.shape, from_last.dtype.type)
    np.multiply(mask.view(np.uint8), from_last[:, np.newaxis], out=weighted)
    found: NDArray[np.integer] = channels - weighted.max(axis=0)
    return found


def _count_channels(mask: NDArray[np.bool_]) -> NDArray[np.integer]:
    """Return the number of true channels of each pixel, shape (pixels,)."""
    count: NDArray[np.integer] = mask.view(np.uint8).sum(
        axis=0, dtype=np.min_scalar_type(len(mask))
    )
    return count


def _sum_channels(tile: StoredArray, sums: NDArray[np.float64]) -> None:
    """Write the sum of each pixel's channels, added in their order, to `sums`.

    `np.sum` adds in an order that depends on the strides, so the last bit of a pixel's sum could
    depend on the tile in which it is read.
    """
    if tile.shape[1] == 1:
        sums[:] = np.cumsum(tile, axis=0, dtype=np.float64)[-1]
    else:  # row by row
        tile.sum(axis=0, dtype=np.float64, out=sums)


def _mark_no_class(ids: NDArray[np.unsignedinteger], tile: StoredArray, tops: StoredArray) -> int:
    """Add C to the ids of pixels without a class; return how many are all 0."""
    unclear = np.flatnonzero((tops == 0) | (tops != tops))
    pixels = tile[:, unclear].T
    naive = argmax_like_keras(pixels)
    zero = (pixels == 0).all(axis=-1)
    none = zero | (tops[unclear] != 0)  # NaN is not 0
    ids[unclear] = naive + len(tile) * none
    return count_true(zero)


def _count_one_hot(tile: StoredArray, tops: StoredArray) -> int:
    ones = tops == 1
    return count_true(ones & (_count_channels(tile != 0) == 1)) if ones.any() else 0


def _measure_sums(sums: NDArray[np.float64]) -> Found:
    """Return the counts over the sums of pixels, shape (pixels,); there is at least one pixel."""
    low, high = find_extremes(sums)  # NaN if any sum is
    off = 0
    if not (abs(low - 1) <= SUM_TOLERANCE and abs(high - 1) <= SUM_TOLERANCE):
        off = count_true(~(np.abs(sums - 1) <= SUM_TOLERANCE))  # NaN is off
    low_finite, high_finite = find_finite_extremes(sums)
    return {"sum_off": off, "minimum_sum": low_finite, "maximum_sum": high_finite}


def _measure_tops(tops: StoredArray, classes: int) -> Found:
    """Return the counts over the largest channels of pixels, shape (pixels,)."""
    low, _ = find_finite_extremes(tops)
    return {"near_twice": count_near_bound(tops, classes), "minimum_top": low}
