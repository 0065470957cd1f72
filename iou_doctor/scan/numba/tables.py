"""Encode labels for the kernels, and turn what they count into tables."""

from __future__ import annotations

from threading import local
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import VALUE_LIMIT
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record

if TYPE_CHECKING:
    from iou_doctor.scan.numba.kernels._labels import Side as LabelSide
    from iou_doctor.scan.numba.kernels._labels import Space

Scalar = TypeVar("Scalar", bound=np.generic)

ROWS = 5 * 2**18
"""Rows of the block that kernels write to; each batch takes the rows it needs.

The block is 40 MiB, because glibc returns blocks of more than 32 MiB to Linux at once, and Linux
provides only the pages that are written to.
"""


@record
class EncodedLabels:
    """Labels whose lowest byte is their code."""

    stored: StoredArray
    """Integers or bytes, C-contiguous, shape (n, *spatial)."""
    values: NDArray[np.int64]
    """The label that each code stands for, shape (256,). For wide labels, the kernels find it."""
    start: int
    """The code of the smallest label. From it on, labels ascend with the code modulo 256."""
    labels: NDArray[np.integer]
    """The labels themselves, of any integer dtype, shape (n, *spatial)."""


class _Own(local):
    """The working space of one thread."""

    def __init__(self) -> None:
        self.space: Space | None = None
        self.rows = np.empty((4, 0), dtype=np.int64)
        self.used = 0


class Scratch:
    """What a pass keeps between batches: the codes it has seen, and each thread's space."""

    def __init__(self) -> None:
        self.seen: NDArray[np.bool_] = np.zeros((2, 256), dtype=np.bool_)
        self._own = _Own()

    def get_space(self, kernels: ModuleType) -> Space:
        """Return this thread's space, made by `kernels.space` on first use."""
        space = self._own.space
        if space is None:
            space = self._own.space = cast("Space", kernels.space())
        return space

    def get_rows(self, most: int) -> tuple[NDArray[np.int64], int]:
        """Return this thread's block with room for `most` rows, and its first free row."""
        if self._own.used + most > self._own.rows.shape[1]:
            # the tables of batches are views of the block: new memory is slow, so nothing is copied
            self._own.rows, self._own.used = np.empty((4, ROWS), dtype=np.int64), 0
        return self._own.rows, self._own.used

    def take(self, end: int) -> PairCounts:
        """Return a table of the rows up to `end`, which are no longer free then."""
        table = PairCounts(*self._own.rows[:, self._own.used : end])
        self._own.used = end
        return table


def encode_labels(stored: StoredArray) -> EncodedLabels:
    """Return integer labels, shape (n, *spatial), encoded for the kernels."""
    stored = np.ascontiguousarray(stored)
    start = 128 if stored.dtype == np.int8 else 0
    labels = stored.view(np.uint8) if stored.dtype == np.bool_ else stored
    return EncodedLabels(stored, _list_labels(start), start, cast(NDArray[np.integer], labels))


def make_read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a read-only view. Numba would compile a second version for writable arrays."""
    view = array.view()
    view.flags.writeable = False
    return view


def _list_labels(start: int) -> NDArray[np.int64]:
    """Return the label of each byte if byte `start` stands for -`start`."""
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

    `None` if images are too small for so many labels, or a byte cannot tell the labels apart.
    """
    sides = y_true, y_pred
    true, pred = (
        _make_side(kernels, side, scratch.seen[which]) for which, side in enumerate(sides)
    )
    pixels = y_true.stored.size // len(samples)
    space = scratch.get_space(kernels)
    parts: list[PairCounts] = []
    done = 0
    while done < len(samples):
        rows, first = scratch.get_rows(min(kernels.CELLS, pixels))
        end, done = kernels.tally(true, pred, pixels, samples, done, space, rows, first)
        if end < 0:
            return None
        parts.append(scratch.take(end))
    if not (_is_within_limits(true) and _is_within_limits(pred)):
        return None
    table = PairCounts.merge(parts)
    table.pool()  # here, where the rows are in the cache and other threads go on
    return table, (_measure_labels(true), _measure_labels(pred))


def _make_side(kernels: ModuleType, coded: EncodedLabels, seen: NDArray[np.bool_]) -> LabelSide:
    """Return the labels as the kernels take them."""
    dtype = coded.stored.dtype
    side: LabelSide = kernels.Side(
        stored=make_read_only(coded.stored.reshape(-1).view(np.uint8)),
        width=dtype.itemsize,
        flip=-(1 << (8 * dtype.itemsize - 1)) if dtype.kind == "u" else 0,
        extremes=np.array([2**63 - 1, -(2**63)]),
        start=np.array([coded.start]),
        labels=coded.values.copy(),
        seen=seen,
        totals=np.zeros(256, dtype=np.int64),
    )
    return side


def _is_within_limits(side: LabelSide) -> bool:
    """Return whether the labels are within `VALUE_LIMIT`, so that they do not saturate."""
    if side.width == 1:
        return True
    low, high = (extreme - side.flip for extreme in side.extremes.tolist())
    return bool(low >= -VALUE_LIMIT and high <= VALUE_LIMIT)


def _measure_labels(side: LabelSide) -> ValueCounts:
    """Return the counts over the labels, from the label and the total of each code."""
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
