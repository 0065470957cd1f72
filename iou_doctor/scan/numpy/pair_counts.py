"""The counting kernel: how often each pair of labels occurs in each image.

This NumPy version is the reference that any faster kernel must equal bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import NO_CLASS, is_no_class
from iou_doctor.counts.pair_counts import PairCounts

DENSE_CELLS = 2**20
"""A table of up to this many cells is counted densely (8 MiB); beyond it, keys are sorted."""


def count_pairs(
    *, y_true: NDArray[Any], y_pred: NDArray[Any], samples: NDArray[np.int64]
) -> PairCounts:
    """Return the table of label pairs.

    Args:
        y_true: derived labels, any integer dtype, shape (n, pixels).
        y_pred: derived labels, any integer dtype, shape (n, pixels).
        samples: shape (n,), the number of each row's image.
    """
    true_codes, true_values = _compact(y_true)
    pred_codes, pred_values = _compact(y_pred)
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


def _compact(labels: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return small codes from 0 and the label that each code stands for."""
    if labels.size == 0:
        return labels.astype(np.intp), np.zeros(1, dtype=np.int64)
    low, high = int(labels.min()), int(labels.max())
    if high - low < 2**16:
        codes = labels.astype(np.intp)
        if low:
            codes -= low
        return codes, np.arange(low, high + 1, dtype=np.int64)
    if low < NO_CLASS // 2 < high:
        return _compact_with_void(labels, is_no_class(labels))
    values, codes = np.unique(labels, return_inverse=True)
    return codes.reshape(labels.shape).astype(np.intp), values.astype(np.int64)


def _compact_with_void(
    labels: NDArray[Any], void: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Code pixels with and without a class apart: the two groups lie far from each other."""
    codes = np.empty(labels.shape, dtype=np.intp)
    codes[void], void_values = _compact(labels[void])
    codes[~void], class_values = _compact(labels[~void])
    codes[~void] += len(void_values)
    return codes, np.concatenate([void_values, class_values])
