"""Cut arrays into tiles that stay in the cache, one row for each channel."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from iou_doctor.arrays.batch import StoredArray, StoredDtype

TILE_VALUES = 2**17
"""Values of a tile: 256 KiB of float32, so that its copies fit in the cache as well."""

CACHE_LINE = 64
"""Bytes to which memory is aligned, as vector instructions like it."""


class Space(local):
    """Memory of each thread for one tile after the other, because new memory is slow."""

    def __init__(self) -> None:
        self._memory: dict[str, NDArray[np.uint8]] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array in the memory of this name, whose content is lost."""
        size = prod(shape) * np.dtype(dtype).itemsize
        if name not in self._memory or self._memory[name].size < size:
            memory = np.empty(size + CACHE_LINE, dtype=np.uint8)
            self._memory[name] = memory[-memory.ctypes.data % CACHE_LINE :]
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
            tile = SPACE.take("tile", part.shape, dtype)
            np.copyto(tile, part)
            yield image * pixels + start, tile.reshape(channels, -1)


def choose_tile_dtype(values: StoredArray) -> StoredDtype:
    """Return the dtype to compute with: float32 holds every float16 exactly and is faster."""
    return np.dtype(np.float32) if values.dtype == np.float16 else values.dtype
