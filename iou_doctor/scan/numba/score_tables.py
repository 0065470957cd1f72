"""Encode dense scores with the kernels: the largest channel of each pixel, and all counts."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.counts.label_decoding import NO_CLASS, encode_no_class, is_no_class
from iou_doctor.counts.value_counts import ValueCounts, compute_double_activation_bound
from iou_doctor.scan.numba.tables import EncodedLabels, make_read_only
from iou_doctor.scan.numpy.values import NEAR_TWICE, ROUNDING, argmax_and_count, measure

if TYPE_CHECKING:
    from iou_doctor.scan.numba.kernels._tile import Tile

MOST_CHANNELS = 128
"""The most channels whose classes fit in a byte beside the codes of pixels without a class."""
LONG_ROW = 2**14
"""Pixels of an image with channels first from which the pixels that fill no tile do not matter."""


def encode_scores(
    kernels: ModuleType, values: StoredArray
) -> tuple[EncodedLabels, ValueCounts, int | None] | None:
    """Return the classes by argmax, and the counts over all values and pixels.

    Args:
        kernels: the module `iou_doctor.scan.numba.kernels`.
        values: floats, shape (n, *spatial, C).

    Returns:
        The classes, the counts without their places, and the flat index of the first pixel with a
        fraction. `None` if a value is NaN or infinite, or if a byte cannot hold the classes.
    """
    channels = values.shape[-1]
    if channels > MOST_CHANNELS:
        return None
    tile = _make_tile(kernels, channels, values.dtype)
    ids = np.empty(values.shape[:-1], dtype=np.uint8)
    rest = _run_kernel(kernels, values, ids, tile)
    return None if rest is None else _combine_rest(kernels, values, ids, tile, rest)


Rest = tuple[StoredArray, NDArray[np.intp]]
"""The values of pixels that fill no tile, shape (k, C), and the flat indices of these pixels."""


def _run_kernel(
    kernels: ModuleType, values: StoredArray, ids: NDArray[np.uint8], tile: Tile
) -> Rest | None:
    """Run the kernel for the memory layout of the values; return the pixels that it left out."""
    n, pixels, channels = len(values), ids[0].size, values.shape[-1]
    planes = np.moveaxis(values, -1, 1)
    even = pixels % kernels.TILE == 0 or pixels >= LONG_ROW
    if even and not values.flags.c_contiguous and planes[0, 0].flags.c_contiguous:
        whole = pixels - pixels % kernels.TILE
        plane = planes.strides[1] // values.itemsize
        shape = ((channels - 1) * plane + pixels,)
        for image, own in enumerate(ids):
            memory = np.lib.stride_tricks.as_strided(planes[image], shape, (values.itemsize,))
            bits = make_read_only(memory.view(tile.raw.dtype))
            own = own.reshape(-1)[:whole]
            if not kernels.scores_first(bits, plane, image * pixels, own, tile):
                return None
        left = values.reshape(n, pixels, channels)[:, whole:] if whole < pixels else values[:0]
        places = np.arange(n)[:, np.newaxis] * pixels + np.arange(whole, pixels)
        return left.reshape(-1, channels), places.reshape(-1)
    flat = np.ascontiguousarray(values).reshape(-1, channels)
    whole = len(flat) - len(flat) % kernels.TILE
    bits = make_read_only(flat[:whole].view(tile.raw.dtype))
    if not kernels.scores_last(bits, ids.reshape(-1)[:whole], tile):
        return None
    return flat[whole:], np.arange(whole, len(flat))


def _combine_rest(
    kernels: ModuleType, values: StoredArray, ids: NDArray[np.uint8], tile: Tile, rest: Rest
) -> tuple[EncodedLabels, ValueCounts, int | None] | None:
    counts = _measure_tiles(kernels, (values.size // values.shape[-1]) - len(rest[0]), tile)
    first = int(tile.counters[kernels.FIRST_FRACTIONAL])
    firsts = [] if first < 0 else [first]
    if len(rest[0]):
        left = (rest[0].astype(np.float32) if values.dtype.itemsize == 2 else rest[0])[np.newaxis]
        labels, more = argmax_and_count(left)
        more += measure(left, samples=np.zeros(1, dtype=np.int64), first_row=0, dense=True)
        if more.non_finite:
            return None
        if more.first_fractional:
            firsts.append(int(rest[1][more.first_fractional.position[0]]))
        none = is_no_class(labels)
        bytes_ = np.where(none, labels - NO_CLASS + kernels.NO_CLASS_BYTE, labels)
        ids.reshape(-1)[rest[1]] = bytes_.reshape(-1).astype(np.uint8)
        counts += replace(more, first=None, first_fractional=None)
    return (
        _encode_classes(kernels, ids, void=counts.all_zero > 0),
        counts,
        min(firsts, default=None),
    )


def _encode_classes(kernels: ModuleType, ids: NDArray[np.uint8], *, void: bool) -> EncodedLabels:
    if not void:
        return EncodedLabels(ids, np.arange(256), 0, ids)
    table = np.arange(256)
    half = kernels.NO_CLASS_BYTE
    table[half:] = encode_no_class(table[: 256 - half])
    return EncodedLabels(ids, table, half, table[ids])


def _make_tile(kernels: ModuleType, channels: int, dtype: StoredDtype) -> Tile:
    """Return empty working space for the kernels."""
    wide = dtype.itemsize == 8
    float_type: np.dtype[np.floating] = np.dtype(np.float64 if wide else np.float32)
    bit_type: np.dtype[np.signedinteger] = np.dtype(np.int64 if wide else np.int32)
    bits = np.zeros(channels * kernels.TILE, dtype=bit_type)
    sums = np.zeros((3, kernels.TILE))
    sums[1], sums[2] = np.inf, -np.inf
    counters = np.zeros(kernels.COUNTERS, dtype=np.int64)
    counters[kernels.FIRST_FRACTIONAL] = -1
    bound = compute_double_activation_bound(channels)
    marks = [np.finfo(float_type).max, 1.0, NEAR_TWICE * bound, (1 + ROUNDING) * bound]
    keys = np.array(marks, dtype=float_type).view(bit_type)
    tile: Tile = kernels.Tile(
        raw=np.zeros(bits.shape, dtype=np.int16) if dtype.itemsize == 2 else bits,
        bits=bits,
        floats=bits.view(float_type),
        keys=np.zeros_like(bits),
        tops=np.zeros(kernels.TILE, dtype=bit_type),
        winners=np.zeros(kernels.TILE, dtype=np.int32),
        sums=sums,
        gathered=np.zeros((kernels.GATHERED, kernels.LANES), dtype=bit_type),
        marks=np.concatenate([np.array([np.iinfo(bit_type).min], dtype=bit_type), keys]),
        tiny=float(np.finfo(float_type).tiny),
        counters=counters,
        extremes=np.array([2**63 - 1, -(2**63), 2**63 - 1]),
    )
    return tile


def _measure_tiles(kernels: ModuleType, pixels: int, tile: Tile) -> ValueCounts:
    """Return the counts over the pixels that filled whole tiles."""
    if not pixels:
        return ValueCounts()
    counters, values = tile.counters, pixels * tile.bits.size // kernels.TILE
    lowest, highest, lowest_top = (_decode_key(key, tile) for key in tile.extremes.tolist())
    sums = float(tile.sums[1].min()), float(tile.sums[2].max())
    return ValueCounts(
        values=values,
        pixels=pixels,
        minimum=lowest,
        maximum=highest,
        fractional=int(counters[kernels.FRACTIONAL]),
        outside_unit=int(counters[kernels.OUTSIDE_UNIT]),
        at_least_one=int(counters[kernels.AT_LEAST_ONE]),
        off_255_grid=values - int(counters[kernels.ON_255_GRID]),
        sum_off=pixels - int(counters[kernels.SUM_IS_ONE]),
        all_zero=int(counters[kernels.ALL_ZERO]),
        one_hot=int(counters[kernels.ONE_HOT]),
        ties=int(counters[kernels.TIES]),
        near_twice=int(counters[kernels.NEAR_TWICE]),
        minimum_top=lowest_top,
        minimum_sum=sums[0] if np.isfinite(sums[0]) else None,
        maximum_sum=sums[1] if np.isfinite(sums[1]) else None,
    )


def _decode_key(key: int, tile: Tile) -> float:
    """Return the float that a key stands for."""
    least = int(tile.marks[0])
    bits = np.array([key if key >= 0 else least - key], dtype=tile.bits.dtype)
    return float(bits.view(tile.floats.dtype)[0])
