"""Derived labels as bytes, which the kernels count, and the tables that they give."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from threading import local
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.derivation import VALUE_LIMIT
from iou_doctor.stats import PairCounts
from iou_doctor.value_counts import ValueCounts

ROWS = 5 * 2**18
"""Rows of a block that kernels write to; a batch takes of it what it needs. It is 40 MiB, of which
Linux gives what is written to: at once, since glibc hands back what is larger than 32 MiB."""


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


class _Own(local):
    """What belongs to one thread."""

    def __init__(self) -> None:
        self.space: Any = None
        self.codes = [np.empty(0, dtype=np.uint8)] * 2
        self.rows = np.empty((4, 0), dtype=np.int64)
        self.used = 0


class Scratch:
    """What a pass keeps from batch to batch: the codes it has met, and each thread's space."""

    def __init__(self) -> None:
        self.seen: NDArray[np.bool_] = np.zeros((2, 256), dtype=np.bool_)
        self._own = _Own()

    def space(self, kernels: ModuleType) -> Any:
        """Return this thread's `kernels.Space`."""
        if self._own.space is None:
            self._own.space = kernels.space()
        return self._own.space

    def codes(self, side: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Return this thread's room for codes, which the next call for the same side reuses.

        Args:
            side: 0 for masks, 1 for predictions.
            shape: that of the labels.
        """
        size = prod(shape)
        if self._own.codes[side].size < size:
            self._own.codes[side] = np.empty(size, dtype=np.uint8)
        return self._own.codes[side][:size].reshape(shape)

    def rows(self, most: int) -> tuple[NDArray[np.int64], int]:
        """Return this thread's block with room for `most` rows, and the first that is free."""
        if self._own.used + most > self._own.rows.shape[1]:
            # tables of batches are views of it: new memory is dear, so nothing is copied
            self._own.rows, self._own.used = np.empty((4, ROWS), dtype=np.int64), 0
        return self._own.rows, self._own.used

    def take(self, end: int) -> PairCounts:
        """Return the table of the rows up to `end`, which are no longer free."""
        table = PairCounts(*self._own.rows[:, self._own.used : end])
        self._own.used = end
        return table


def coded_labels(
    kernels: ModuleType, stored: NDArray[Any], scratch: Scratch, side: int
) -> Coded | None:
    """Return integer labels as bytes; `None` where their range is too wide for that.

    Args:
        kernels: the module.
        stored: the labels, shape (n, *spatial).
        scratch: gives room for the bytes.
        side: 0 for masks, 1 for predictions.
    """
    if stored.dtype.itemsize == 1:
        start = 128 if stored.dtype.kind == "i" else 0
        codes = np.ascontiguousarray(stored).view(np.uint8)
        return Coded(codes, _circle(start, -start), start, codes if start == 0 else stored)
    stored = np.ascontiguousarray(stored)
    unsigned = np.dtype(f"u{stored.dtype.itemsize}").type
    flip = 1 << (8 * stored.dtype.itemsize - 1) if stored.dtype.kind == "i" else 0
    codes = scratch.codes(side, stored.shape)
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


Totals = tuple[NDArray[np.int64], NDArray[np.int64]]
"""How often each code occurs, shape (256,): in the masks, and in the predictions."""


def count_coded(
    kernels: ModuleType,
    *,
    y_true: Coded,
    y_pred: Coded,
    samples: NDArray[np.int64],
    scratch: Scratch,
) -> tuple[PairCounts, Totals] | None:
    """Return the table of label pairs; `None` where images are too small for so many labels."""
    true, pred = (
        kernels.Side(
            codes=read_only(side.codes.reshape(-1)),
            start=side.start,
            labels=side.values,
            seen=scratch.seen[which],
            totals=np.zeros(256, dtype=np.int64),
        )
        for which, side in enumerate((y_true, y_pred))
    )
    pixels = y_true.codes.size // len(samples)
    space = scratch.space(kernels)
    parts: list[PairCounts] = []
    done = 0
    while done < len(samples):
        rows, first = scratch.rows(min(kernels.CELLS, pixels))
        end, done = kernels.tally(true, pred, pixels, samples, done, space, rows, first)
        if end < 0:
            return None
        parts.append(scratch.take(end))
    return PairCounts.merge(parts), (true.totals, pred.totals)


def label_counts(values: NDArray[np.int64], totals: NDArray[np.int64]) -> ValueCounts:
    """Return the counts over labels, from what each code stands for and how often it occurs."""
    occurs = totals > 0
    labels, count = values[occurs], totals[occurs]
    total = int(count.sum())
    return ValueCounts(
        values=total,
        pixels=total,
        minimum=int(labels.min()),
        maximum=int(labels.max()),
        outside_unit=int(count[(labels < 0) | (labels > 1)].sum()),
        at_least_one=int(count[labels >= 1].sum()),
    )
