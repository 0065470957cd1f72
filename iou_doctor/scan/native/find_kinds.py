"""Find the kinds of errors of one image or volume with the native kernels."""

from __future__ import annotations

from functools import cache
from math import isqrt
from threading import local

import numpy as np
from numpy.typing import NDArray

from iou_doctor.record import record
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.structures import KINDS, PLANES, RUN

LEAST_ROOM = 2**14
"""The number of runs that there is room for at first: label maps need few, noise needs many."""
LEAST_LINE = 258
"""Words of a line, as in `kernels.h`."""


class _Own(local):
    """The working space of one thread, by purpose: memory and its address."""

    def __init__(self) -> None:
        self.spaces: dict[str, tuple[NDArray[np.uint8], int]] = {}


_own = _Own()


@record
class CodedMaps:
    """A pair of label maps as the kernels take them, C-contiguous.

    Their shape is (height, width) or (depth, height, width).
    """

    truth: NDArray[np.uint16]
    """Labels, and `NOTHING` for void."""
    prediction: NDArray[np.uint16]
    """Labels, and `NOTHING` for pixels of no class."""
    labels: int
    """One more than the largest label apart from `NOTHING`."""


def find_codes(
    kernels: Kernels, maps: CodedMaps, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the codes of a `KindMap`, and the regions of the truth.

    Args:
        kernels: the native kernels.
        maps: the labels.
        width: the width of contours.

    Returns:
        The codes, of the shape of the maps, and the label, the pixels and the right pixels of each
        region, shape (regions, 3).
    """
    find, task, room = kernels.get("find_kinds"), _describe(maps, width), LEAST_ROOM
    steps = list_steps(width, 3 if task["depth"] > 1 else 2)
    task["steps"], task["step_count"] = steps.ctypes.data, len(steps)
    while True:
        codes = np.zeros(maps.truth.shape, dtype=np.uint8)
        regions = np.empty((room, 3), dtype=np.int32)
        task["codes"], task["regions"] = codes.ctypes.data, regions.ctypes.data
        task["runs"] = _get_space("runs", room * RUN.itemsize)
        task["unsorted"] = _get_space("unsorted", room * RUN.itemsize)
        task["room"] = room
        count = find(task.ctypes.data)
        if count >= 0:
            return codes, regions[:count].copy()
        room *= 4


def _describe(maps: CodedMaps, width: int) -> NDArray[np.void]:
    """Return the task, apart from what depends on the number of runs."""
    depth, height, columns = (1, *maps.truth.shape)[-3:]
    gap = width // 64 + 1
    stride = columns // 64 + 1 + gap
    plane = (height + 2 * width) * stride * (depth + 2 * width if depth > 1 else 1)
    line = max(LEAST_LINE, stride + 2)
    task = np.zeros((), dtype=KINDS)
    task["truth"], task["prediction"] = maps.truth.ctypes.data, maps.prediction.ctypes.data
    task["depth"], task["height"], task["width"] = depth, height, columns
    task["labels"], task["reach"] = maps.labels, width
    task["ends"] = _get_space("ends", 4 * 2 * maps.labels)
    task["firsts"] = _get_space("firsts", 4 * depth * height)
    task["planes"] = _get_space("planes", 8 * PLANES * plane)
    task["lines"] = _get_space("lines", 8 * 4 * line)
    task["plane"], task["line"] = plane, line
    return task


def _get_space(purpose: str, size: int) -> int:
    """Return the address of at least `size` bytes of this thread's own memory."""
    found = _own.spaces.get(purpose)
    if found is None or found[0].nbytes < size:
        space = np.empty(size, dtype=np.uint8)
        found = _own.spaces[purpose] = space, space.ctypes.data
    return found[1]


@cache
def list_steps(width: int, axes: int) -> NDArray[np.int32]:
    """Return the rows within a width of a pixel, the longest first, shape (rows, 3).

    Each has its slice, its row, and how far it reaches in both directions. A distance is at most
    the width after rounding if its square is at most width * (width + 1).
    """
    most = width * (width + 1)
    slices = range(-width, width + 1) if axes == 3 else (0,)
    near = [
        (z * z + y * y, z, y)
        for z in slices
        for y in range(-width, width + 1)
        if z * z + y * y <= most
    ]
    return np.array([(z, y, isqrt(most - far)) for far, z, y in sorted(near)], dtype=np.int32)
