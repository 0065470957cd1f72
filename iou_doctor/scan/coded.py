"""Derived labels as bytes, which the kernels count, and the tables that they give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.derivation import VALUE_LIMIT
from iou_doctor.stats import PairCounts
from iou_doctor.value_counts import ValueCounts

MOST_ROWS = 2**19
"""Rows that one call of a kernel may write: 16 MiB."""
SPARSE = 4
"""Cells of a table, for each pixel of an image, from which on looking through them is too dear."""


@dataclass(frozen=True)
class Coded:
    """Labels of which no two different ones have the same byte."""

    codes: NDArray[np.uint8]
    """Shape (n, *spatial)."""
    values: NDArray[np.int64]
    """Shape (256,): the label that each code stands for."""
    start: int
    """The code of the smallest label; from it on, round the circle of bytes, labels ascend."""
    labels: NDArray[Any]
    """The labels themselves, of any integer dtype, shape (n, *spatial)."""


def coded_labels(kernels: ModuleType, stored: NDArray[Any]) -> Coded | None:
    """Return integer labels as bytes; `None` where their range is too wide for that."""
    if stored.dtype.itemsize == 1:
        start = 128 if stored.dtype.kind == "i" else 0
        codes = np.ascontiguousarray(stored).view(np.uint8)
        return Coded(codes, _circle(start, -start), start, codes if start == 0 else stored)
    stored = np.ascontiguousarray(stored)
    unsigned = np.dtype(f"u{stored.dtype.itemsize}").type
    flip = 1 << (8 * stored.dtype.itemsize - 1) if stored.dtype.kind == "i" else 0
    codes = np.empty(stored.shape, dtype=np.uint8)
    words = read_only(stored.view(unsigned).reshape(-1))
    low, high = kernels.low_bytes(words, unsigned(flip), codes.reshape(-1))
    low, high = int(low) - flip, int(high) - flip
    if high - low > 255 or low < -VALUE_LIMIT or high > VALUE_LIMIT:
        return None
    return Coded(codes, _circle(low & 255, low), low & 255, stored)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to: Numba compiles anew for arrays that can."""
    view = array.view()
    view.flags.writeable = False
    return view


def _circle(start: int, low: int) -> NDArray[np.int64]:
    """Return what each byte stands for where `start` stands for `low`, and the next for more."""
    return (np.arange(256) - start) % 256 + low


def count_coded(
    kernels: ModuleType, *, y_true: Coded, y_pred: Coded, samples: NDArray[np.int64]
) -> PairCounts | None:
    """Return the table of label pairs; `None` where images are too small for so many labels."""
    n = len(samples)
    sides = [y_true, y_pred]
    pixels = y_true.codes.size // max(1, n)
    orders = [_order(kernels, side) for side in sides]
    if (int(orders[0].max()) + 1) * (int(orders[1].max()) + 1) > pixels:
        sides = [_ranked(kernels, side) for side in sides]
        orders = [_order(kernels, side) for side in sides]
    cells = (int(orders[0].max()) + 1) * (int(orders[1].max()) + 1)
    if cells > max(SPARSE * pixels, 1):
        return None
    codes = [read_only(np.ascontiguousarray(side.codes).reshape(n, -1)) for side in sides]
    rows = _rows(kernels, codes, orders, cells)
    return PairCounts.from_rows(
        image=samples[rows[:, 0]],
        truth=sides[0].values[rows[:, 1]],
        prediction=sides[1].values[rows[:, 2]],
        count=np.ascontiguousarray(rows[:, 3]),
    )


def _rows(
    kernels: ModuleType,
    codes: list[NDArray[np.uint8]],
    orders: list[NDArray[np.uint8]],
    cells: int,
) -> NDArray[np.int64]:
    """Return image, code of truth, code of prediction and count, in ascending order."""
    n, pixels = codes[0].shape
    words = [_words(side) for side in codes]
    if any(side.size == 0 for side in words):
        words = [side[:, :0] for side in words]
    table = np.zeros(cells * kernels.REPLICAS, dtype=np.uint32)
    each = min(cells, pixels)
    step = max(1, MOST_ROWS // max(1, each))
    parts = []
    for first in range(0, n, step):
        some = slice(first, first + step)
        space = np.empty((min(step, n - first) * each, 4), dtype=np.int64)
        true, pred = codes[0][some], codes[1][some]
        used = kernels.tally(
            true, pred, (words[0][some], words[1][some]), (orders[0], orders[1]), table, space
        )
        space[:used, 0] += first
        parts.append(space[:used].copy())
    return np.concatenate(parts)


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return bytes eight at a time, or nothing where images do not begin and end so."""
    if codes.shape[1] % 8 or codes.ctypes.data % 8:
        return read_only(np.empty((len(codes), 0), dtype=np.uint64))
    return codes.view(np.uint64)


def _order(kernels: ModuleType, side: Coded) -> NDArray[np.uint8]:
    """Return the codes that may occur, in ascending order of the labels they stand for."""
    top = kernels.largest_code(read_only(side.codes.reshape(-1)))
    order: NDArray[np.uint8] = ((side.start + np.arange(256)) % 256).astype(np.uint8)
    possible: NDArray[np.uint8] = order[order <= top]
    return possible


def _ranked(kernels: ModuleType, side: Coded) -> Coded:
    """Return the same labels with codes 0, 1, 2 … for those that occur."""
    seen = np.zeros(256, dtype=np.bool_)
    kernels.note_codes(read_only(side.codes.reshape(-1)), seen)
    present = np.flatnonzero(np.roll(seen, -side.start))
    found = (present + side.start) % 256
    ranks = np.zeros(256, dtype=np.uint8)
    ranks[found] = np.arange(len(found))
    values = np.zeros(256, dtype=np.int64)
    values[: len(found)] = side.values[found]
    return replace(side, codes=ranks[side.codes], values=values, start=0)


def label_counts(labels: NDArray[np.int64], count: NDArray[np.int64]) -> ValueCounts:
    """Return the counts over integer labels from a table of them: shape (rows,) each."""
    total = int(count.sum())
    return ValueCounts(
        values=total,
        pixels=total,
        minimum=int(labels.min()),
        maximum=int(labels.max()),
        outside_unit=int(count[(labels < 0) | (labels > 1)].sum()),
        at_least_one=int(count[labels >= 1].sum()),
    )
