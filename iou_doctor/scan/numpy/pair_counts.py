"""Count how often each pair of labels occurs in each image, with NumPy.

The kernels in C and TensorFlow must give the same tables bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import NO_CLASS, is_no_class
from iou_doctor.counts.pair_counts import PairCounts

DENSE_CELLS = 2**20
"""Up to this many cells (8 MiB) are counted in a dense table. Beyond it, keys are sorted."""


def count_pairs(
    *, y_true: NDArray[np.integer], y_pred: NDArray[np.integer], samples: NDArray[np.int64]
) -> PairCounts:
    """Return the table of label pairs.

    Args:
        y_true: decoded labels, any integer dtype, shape (n, pixels).
        y_pred: decoded labels, any integer dtype, shape (n, pixels).
        samples: shape (n,), the image of each row.
    """
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
