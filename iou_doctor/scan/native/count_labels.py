"""Count the pairs of integer labels with the native kernels, and turn the counts into tables."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from threading import local
from typing import cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.counts.label_decoding import VALUE_LIMIT
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.structures import CELLS, LABELS, SPACE

ROWS = 5 * 2**18
"""Rows of the block that kernels write to; each batch takes the rows it needs.

The block is 40 MiB, because glibc returns blocks of more than 32 MiB to Linux at once, and Linux
provides only the pages that are written to.
"""
Side = NDArray[np.void]
"""The labels of one array as the kernels take them: an array of `LABELS` without axes."""


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


@record
class PreparedLabels:
    """The labels of some images as the kernels take them, and what they find out about them."""

    y_true: Side
    y_pred: Side
    pixels: int
    """The pixels of one image."""
    samples: NDArray[np.int64]
    """The number of each image, shape (n,)."""
    arrays: tuple[EncodedLabels, EncodedLabels]
    """The arrays whose memory the kernels read, which must not go before they are done."""


class _Own(local):
    """The working space of one thread."""

    def __init__(self) -> None:
        self.space: NDArray[np.void] | None = None
        self.rows = np.empty((4, 0), dtype=np.int64)
        self.used = 0


class Scratch:
    """What a pass keeps between batches: the codes it has seen, and each thread's space."""

    def __init__(self) -> None:
        self.seen: NDArray[np.bool_] = np.zeros((2, 256), dtype=np.bool_)
        self._own = _Own()

    def get_space(self) -> NDArray[np.void]:
        """Return this thread's working space, which is made on first use."""
        if self._own.space is None:
            self._own.space = np.zeros(1, dtype=SPACE)
        return self._own.space

    def get_rows(self, most: int) -> tuple[NDArray[np.int64], int]:
        """Return this thread's block with room for `most` rows, and its first free row."""
        if self._own.used + most > self._own.rows.shape[1]:
            # the tables of batches are views of the block: new memory is slow, so nothing is copied
            self._own.rows, self._own.used = _make_block(), 0
        return self._own.rows, self._own.used

    def take(self, end: int) -> PairCounts:
        """Return a table of the rows up to `end`, which are no longer free then."""
        table = PairCounts(*self._own.rows[:, self._own.used : end])
        self.use(end)
        return table

    def use(self, end: int) -> None:
        """Note that the rows up to `end` are no longer free."""
        self._own.used = end


def _make_block() -> NDArray[np.int64]:
    """Return room for `ROWS` rows, shape (4, ROWS), in small pages.

    For large arrays, NumPy asks Linux for pages of 2 MiB. Linux takes up to 0.01 s to find and
    clear the few that hold the rows of some images.
    """
    if sys.platform != "linux":
        return np.empty((4, ROWS), dtype=np.int64)
    size = 4 * ROWS * np.dtype(np.int64).itemsize
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel that has no large pages
        block.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(block, dtype=np.int64).reshape(4, ROWS)


def encode_labels(stored: StoredArray) -> EncodedLabels:
    """Return integer labels, shape (n, *spatial), encoded for the kernels."""
    stored = np.ascontiguousarray(stored)
    start = 128 if stored.dtype == np.int8 else 0
    labels = stored.view(np.uint8) if stored.dtype == np.bool_ else stored
    return EncodedLabels(stored, _list_labels(start), start, cast(NDArray[np.integer], labels))


def _list_labels(start: int) -> NDArray[np.int64]:
    """Return the label of each byte if byte `start` stands for -`start`."""
    return (np.arange(256) - start) % 256 - start


def count_labels(
    kernels: Kernels,
    *,
    y_true: EncodedLabels,
    y_pred: EncodedLabels,
    samples: NDArray[np.int64],
    scratch: Scratch,
) -> tuple[PairCounts, tuple[ValueCounts, ValueCounts]] | None:
    """Return the table of label pairs, and the counts over the labels of either side.

    `None` if images are too small for so many labels, a byte cannot tell the labels apart, or
    labels are beyond the limits. The arguments are those of `prepare_labels`.
    """
    prepared = prepare_labels(y_true=y_true, y_pred=y_pred, samples=samples, scratch=scratch)
    parts = count_in_turns(kernels, prepared, scratch)
    return None if parts is None else measure_counts(prepared, parts)


def prepare_labels(
    *,
    y_true: EncodedLabels,
    y_pred: EncodedLabels,
    samples: NDArray[np.int64],
    scratch: Scratch,
) -> PreparedLabels:
    """Return labels as the kernels take them.

    Args:
        y_true: the labels of the masks.
        y_pred: the labels of the predictions.
        samples: the number of each image, shape (n,).
        scratch: the working space of the pass.
    """
    true, pred = (
        _make_side(side, scratch.seen[which]) for which, side in enumerate((y_true, y_pred))
    )
    pixels = y_true.stored.size // len(samples)
    return PreparedLabels(true, pred, pixels, np.ascontiguousarray(samples), (y_true, y_pred))


def count_in_turns(
    kernels: Kernels, prepared: PreparedLabels, scratch: Scratch, first: int = 0
) -> list[PairCounts] | None:
    """Return tables of some images each, as many as there is room for.

    `None` if images are too small for so many labels, or a byte cannot tell the labels apart.

    Args:
        kernels: the native kernels.
        prepared: the labels.
        scratch: the working space of the pass.
        first: the position of the first image to count.
    """
    count = kernels.get("count_labels")
    space, samples = scratch.get_space(), prepared.samples
    done, parts = np.array([first]), []
    while done[0] < len(samples):
        rows, used = scratch.get_rows(min(CELLS, prepared.pixels))
        end = count(
            *(prepared.y_true.ctypes.data, prepared.y_pred.ctypes.data, prepared.pixels),
            *(samples.ctypes.data, len(samples), done.ctypes.data),
            *(space.ctypes.data, rows.ctypes.data, rows.shape[1], used),
        )
        if end < 0:
            return None
        parts.append(scratch.take(end))
    return parts


def measure_counts(
    prepared: PreparedLabels, parts: list[PairCounts]
) -> tuple[PairCounts, tuple[ValueCounts, ValueCounts]] | None:
    """Return the table of label pairs, and the counts over the labels of either side.

    `None` if labels are beyond the limits.

    Args:
        prepared: the labels, all of which have been counted.
        parts: the tables of some images each.
    """
    true, pred = prepared.y_true, prepared.y_pred
    if not (_is_within_limits(true) and _is_within_limits(pred)):
        return None
    table = PairCounts.merge(parts)
    table.pool()  # here, where the rows are in the cache and other threads go on
    return table, (_measure_labels(true), _measure_labels(pred))


def _make_side(coded: EncodedLabels, seen: NDArray[np.bool_]) -> Side:
    """Return the labels as the kernels take them. The arrays must outlive the result."""
    side = np.zeros((), dtype=LABELS)
    side["stored"] = coded.stored.ctypes.data
    side["width"] = coded.stored.dtype.itemsize
    side["is_unsigned"] = coded.stored.dtype.kind == "u"
    side["lowest"], side["highest"] = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    side["start"], side["names"] = coded.start, coded.values
    side["seen"] = seen.ctypes.data
    return side


def _is_within_limits(side: Side) -> bool:
    """Return whether the labels are within `VALUE_LIMIT`, so that they do not saturate."""
    within = side["lowest"] >= -VALUE_LIMIT and side["highest"] <= VALUE_LIMIT
    return bool(side["width"] == 1 or within)


def _measure_labels(side: Side) -> ValueCounts:
    """Return the counts over the labels, from the label and the total of each code."""
    occurs = side["totals"] > 0
    labels, count = side["names"][occurs], side["totals"][occurs]
    total = int(count.sum())
    return ValueCounts(
        values=total,
        pixels=total,
        minimum=int(labels.min()),
        maximum=int(labels.max()),
        outside_unit=int(count[(labels < 0) | (labels > 1)].sum()),
        at_least_one=int(count[labels >= 1].sum()),
    )
