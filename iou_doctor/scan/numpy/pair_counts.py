"""Count how often each pair of labels occurs in each image, with NumPy.

The kernels in C and TensorFlow must give the same tables bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import NO_CLASS, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.sorted_rows import find_span
from iou_doctor.record import record

DENSE_CELLS = 2**20
"""Up to this many cells (8 MiB) are counted in a dense table. Beyond it, keys are sorted."""
TRIAL = 2**13
"""Labels that are sorted to find out how fast NumPy sorts."""


def count_pairs(
    *, y_true: NDArray[np.integer], y_pred: NDArray[np.integer], samples: NDArray[np.int64]
) -> PairCounts:
    """Return the table of label pairs.

    Args:
        y_true: decoded labels, any integer dtype, shape (n, pixels).
        y_pred: decoded labels, any integer dtype, shape (n, pixels).
        samples: shape (n,), the image of each row.
    """
    true = _encode_in_bytes(y_true)
    pred = _encode_in_bytes(y_pred) if true else None
    if not true or not pred:
        return _count_in_table(y_true, y_pred, samples)
    keys = true.codes.astype(np.uint16)
    keys <<= 8
    keys |= pred.codes
    image, found, count = _count_by_sorting(keys) if is_sorting_fast() else _count_one_by_one(keys)
    return PairCounts.from_rows(
        image=samples[image],
        truth=(found >> 8) + true.low,
        prediction=(found & 255) + pred.low,
        count=count,
    )


@record
class _Encoded:
    codes: NDArray[np.uint8]
    """Labels minus the lowest, shape (n, pixels)."""
    low: int


def _encode_in_bytes(labels: NDArray[np.integer]) -> _Encoded | None:
    """Return labels, shape (n, pixels), as bytes; `None` if they do not fit."""
    if labels.dtype == np.uint8:
        return _Encoded(cast(NDArray[np.uint8], labels), 0)
    if labels.size == 0:
        return None
    low, high = find_span(labels)
    return _Encoded((labels - low).astype(np.uint8), low) if high - low < 256 else None


Counted = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.int64]]
"""The row, the key and the number of each key that occurs in a row, in ascending order."""


def _count_by_sorting(keys: NDArray[np.uint16]) -> Counted:
    """Count the keys of each row, shape (n, pixels); they are sorted in place."""
    keys.sort(axis=1)
    is_last = np.ones(keys.shape, dtype=bool)
    np.not_equal(keys[:, 1:], keys[:, :-1], out=is_last[:, :-1])
    ends = np.flatnonzero(is_last)
    found = keys.reshape(-1)[ends].astype(np.int64)
    return ends // keys.shape[1], found, np.diff(ends, prepend=-1)


def _count_one_by_one(keys: NDArray[np.uint16]) -> Counted:
    """Count the keys of each row, shape (n, pixels), where sorting is slow."""
    tables = [np.bincount(row) for row in keys]
    found = [np.flatnonzero(table) for table in tables]
    image = np.repeat(np.arange(len(keys)), [len(own) for own in found])
    count = [table[own] for table, own in zip(tables, found, strict=True)]
    return image, np.concatenate(found), np.concatenate(count).astype(np.int64)


@cache
def is_sorting_fast() -> bool:
    """Return whether NumPy sorts two bytes faster than it counts them, as with AVX-512 or NEON.

    Without vector instructions, sorting takes ten times as long as counting.
    """
    keys = (np.arange(TRIAL) * 2_654_435_761 >> 7).astype(np.uint16) % 512
    return _time(lambda: np.sort(keys)) < _time(lambda: np.bincount(keys))


def _time(work: Callable[[], object]) -> float:
    """Return the shortest of some durations in seconds."""
    durations = []
    for _ in range(5):
        start = perf_counter()
        work()
        durations.append(perf_counter() - start)
    return min(durations)


def _count_in_table(
    y_true: NDArray[np.integer], y_pred: NDArray[np.integer], samples: NDArray[np.int64]
) -> PairCounts:
    """Return the table of images with any labels."""
    true_codes, true_values = _encode(y_true)
    pred_codes, pred_values = _encode(y_pred)
    spans = (len(samples), len(true_values), len(pred_values))
    keys = true_codes * spans[2]
    keys += pred_codes
    if len(samples) > 1:
        keys += (np.arange(len(samples)) * (spans[1] * spans[2]))[:, np.newaxis]
    cells = spans[0] * spans[1] * spans[2]
    if cells <= max(DENSE_CELLS, 4 * keys.size):
        dense = np.bincount(keys.ravel(), minlength=1)
        found = np.flatnonzero(dense)
        count = dense[found]
    else:
        found, count = np.unique(keys, return_counts=True)
    image, rest = np.divmod(found, spans[1] * spans[2])
    truth, prediction = np.divmod(rest, spans[2])
    return PairCounts.from_rows(
        image=samples[image],
        truth=true_values[truth],
        prediction=pred_values[prediction],
        count=count.astype(np.int64),
    )


def _encode(labels: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return codes from 0, and the label that each code stands for."""
    if labels.size == 0:
        return labels.astype(np.intp), np.zeros(1, dtype=np.int64)
    low, high = int(labels.min()), int(labels.max())
    if high - low < 2**16:
        codes = labels.astype(np.intp)
        if low:
            codes -= low
        return codes, np.arange(low, high + 1, dtype=np.int64)
    if low < NO_CLASS // 2 < high:
        return _encode_with_void(labels, is_no_class(labels))
    values, codes = np.unique(labels, return_inverse=True)
    return codes.reshape(labels.shape).astype(np.intp), values.astype(np.int64)


def _encode_with_void(
    labels: NDArray[np.integer], void: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Encode pixels with and without a class separately, because their labels are far apart."""
    codes = np.empty(labels.shape, dtype=np.intp)
    codes[void], void_values = _encode(labels[void])
    codes[~void], class_values = _encode(labels[~void])
    codes[~void] += len(void_values)
    return codes, np.concatenate([void_values, class_values])
