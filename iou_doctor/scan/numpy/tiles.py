"""Cut arrays into tiles that stay in the cache, one row for each channel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredDtype

TILE_VALUES = 2**17
"""Values of a tile: 512 KiB of float32, so that its copies fit in the cache as well."""
CACHE_LINE = 64
"""Bytes to which memory is aligned, as vector instructions like it."""
MOST_ARRAYS = 64
"""Arrays of different shapes that are kept: more than the work on one batch needs."""


class Space(local):
    """Memory of each thread for one tile after the other, because new memory is slow."""

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[np.uint8]] = {}
        self._arrays: dict[tuple[str, tuple[int, ...], type[np.generic]], NDArray[Any]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        """Return an array in the memory of this name, whose content is lost."""
        key = name, shape, dtype
        if key not in self._arrays:
            self._arrays[key] = self._make(name, shape, np.dtype(dtype))
        return self._arrays[key]

    def _make(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        size = prod(shape) * dtype.itemsize
        if name not in self._memory or self._memory[name].size < size:
            memory = np.empty(size + CACHE_LINE, dtype=np.uint8)
            self._memory[name] = memory[-memory.ctypes.data % CACHE_LINE :]
            self._arrays.clear()  # some are in the memory of before
        if len(self._arrays) >= MOST_ARRAYS:
            self._arrays.clear()
        return self._memory[name][:size].view(dtype).reshape(shape)


SPACE = Space()


def iterate_tiles(
    values: StoredArray, *, dense: bool, dtype: StoredDtype
) -> Iterator[tuple[int, StoredArray]]:
    """Yield tiles in the order of the pixels, each with the index of its first pixel.

    A tile has shape (C, pixels) and is C-contiguous. The next tile overwrites it.

    Args:
        values: shape (n, *spatial), or (n, *spatial, C) if dense.
        dense: whether the last axis holds channels.
        dtype: the dtype of the tiles.
    """
    if not values.size:
        return
    channels = values.shape[-1] if dense else 1
    images = values.reshape(len(values), -1, channels)
    pixels = images.shape[1]
    width = max(1, min(TILE_VALUES // channels, len(images) * pixels))
    step = max(1, width // pixels)
    for image in range(0, len(images), step):
        for start in range(0, pixels, width):
            part = np.moveaxis(images[image : image + step, start : start + width], -1, 0)
            tile = SPACE.take("tile", part.shape, dtype.type)
            _copy(part, tile)
            yield image * pixels + start, tile.reshape(channels, -1)


def _copy(part: StoredArray, tile: StoredArray) -> None:
    if part.dtype != np.float16 or tile.dtype != np.float32:
        np.copyto(tile, part)
        return
    bits = SPACE.take("values", part.shape, np.intp)
    np.copyto(bits, part.view(np.uint16))
    np.take(_list_halves(), bits, out=tile, mode="wrap")  # the fastest mode; none is out of range


@cache
def _list_halves() -> NDArray[np.float32]:
    """Return the value of each float16 by its bits. To look it up takes half as long as a cast."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


def choose_tile_dtype(values: StoredArray) -> StoredDtype:
    """Return the dtype to compute with: float32 holds every float16 exactly and is faster."""
    return np.dtype(np.float32) if values.dtype == np.float16 else values.dtype
