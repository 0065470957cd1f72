"""Derived labels as the kernels count them, and the tables that they give."""

from __future__ import annotations

from threading import local
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import VALUE_LIMIT
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record

ROWS = 5 * 2**18
"""Rows of a block that kernels write to; a batch takes of it what it needs. It is 40 MiB, of which
Linux gives what is written to: at once, since glibc hands back what is larger than 32 MiB."""


@record
class EncodedLabels:
    """Labels, each with its lowest byte as a code."""

    stored: NDArray[Any]
    """Integers or bytes, C-contiguous, shape (n, *spatial)."""
    values: NDArray[np.int64]
    """Shape (256,): the label that each code stands for; the kernels find it out of wider ones."""
    start: int
    """The code of the smallest label; from it on, round the circle of bytes, labels ascend."""
    labels: NDArray[Any]
    """The labels themselves, of any integer dtype, shape (n, *spatial)."""


class _Own(local):
    """What belongs to one thread."""

    def __init__(self) -> None:
        self.space: Any = None
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


def encode_labels(stored: NDArray[Any]) -> EncodedLabels:
    """Return integer labels, shape (n, *spatial), to be counted."""
    stored = np.ascontiguousarray(stored)
    start = 128 if stored.dtype == np.int8 else 0
    labels = stored.view(np.uint8) if stored.dtype == np.bool_ else stored
    return EncodedLabels(stored, _circle(start), start, labels)


def make_read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to: Numba compiles anew for arrays that can."""
    view = array.view()
    view.flags.writeable = False
    return view


def _circle(start: int) -> NDArray[np.int64]:
    """Return what each byte stands for where `start` stands for -`start`, and the next for more."""
    return (np.arange(256) - start) % 256 - start


def count_encoded(
    kernels: ModuleType,
    *,
    y_true: EncodedLabels,
    y_pred: EncodedLabels,
    samples: NDArray[np.int64],
    scratch: Scratch,
) -> tuple[PairCounts, tuple[ValueCounts, ValueCounts]] | None:
    """Return the table of label pairs, and the counts over the labels of either side.

    `None` where images are too small for so many labels, or a byte cannot tell them apart.
    """
    sides = y_true, y_pred
    true, pred = (_side(kernels, side, scratch.seen[which]) for which, side in enumerate(sides))
    pixels = y_true.stored.size // len(samples)
    space = scratch.space(kernels)
    parts: list[PairCounts] = []
    done = 0
    while done < len(samples):
        rows, first = scratch.rows(min(kernels.CELLS, pixels))
        end, done = kernels.tally(true, pred, pixels, samples, done, space, rows, first)
        if end < 0:
            return None
        parts.append(scratch.take(end))
    if not (_within_limits(true) and _within_limits(pred)):
        return None
    table = PairCounts.merge(parts)
    table.pool()  # here, where the rows are in the cache and other threads go on
    return table, (_counts(true), _counts(pred))


def _side(kernels: ModuleType, coded: EncodedLabels, seen: NDArray[np.bool_]) -> Any:
    """Return a `kernels.Side`."""
    dtype = coded.stored.dtype
    return kernels.Side(
        stored=make_read_only(coded.stored.reshape(-1).view(np.uint8)),
        width=dtype.itemsize,
        flip=-(1 << (8 * dtype.itemsize - 1)) if dtype.kind == "u" else 0,
        extremes=np.array([2**63 - 1, -(2**63)]),
        start=np.array([coded.start]),
        labels=coded.values.copy(),
        seen=seen,
        totals=np.zeros(256, dtype=np.int64),
    )


def _within_limits(side: Any) -> bool:
    """Return whether wide labels lie where the reference tells them apart."""
    if side.width == 1:
        return True
    low, high = (extreme - side.flip for extreme in side.extremes.tolist())
    return bool(low >= -VALUE_LIMIT and high <= VALUE_LIMIT)


def _counts(side: Any) -> ValueCounts:
    """Return the counts over labels, from what each code stands for and how often it occurs."""
    occurs = side.totals > 0
    labels, count = side.labels[occurs], side.totals[occurs]
    total = int(count.sum())
    return ValueCounts(
        values=total,
        pixels=total,
        minimum=int(labels.min()),
        maximum=int(labels.max()),
        outside_unit=int(count[(labels < 0) | (labels > 1)].sum()),
        at_least_one=int(count[labels >= 1].sum()),
    )
