"""Measure the boundary IoU: the IoU of the bands along the contours of each class.

Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation" (CVPR 2021).
The band of a class holds its pixels from which a pixel of something else, or the outside of the
image, is at most a width away. The width is 2 % of the diagonal, and the distance that of a king on
a chessboard: the public code erodes with squares of 3 by 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.scan.numpy.side import Side
from iou_doctor.scan.threads import map_in_order
from iou_doctor.scan.windows import iterate_batches

BAND_SHARE = 0.02
"""The width of the band as a share of the diagonal of an image."""

Decode = Callable[[NDArray[Any], NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]
"""Returns the classes of masks and predictions for their decoded labels, of the same shape. Pixels
that do not count, and predictions of no class, have the number of classes."""


def measure_boundaries(
    pair: Pair,
    layout: Layout,
    pairing: Pairing,
    decode: Decode,
    *,
    num_classes: int,
    threshold: float,
    jobs: int = 1,
    samples: range | None = None,
) -> NDArray[np.int64]:
    """Return the areas of the bands of all samples: union and intersection, shape (2, classes).

    One batch of a few samples is decoded at a time by each thread, so that the memory does not
    grow with the data set.

    Args:
        pair: the sources, of images.
        layout: what their axes mean; pixels of both pair up as they are stored.
        pairing: how to decode their labels.
        decode: turns decoded labels into classes.
        num_classes: the number of classes.
        threshold: the threshold of `LabelDecoding.BINS`.
        jobs: the number of threads.
        samples: which samples to measure; `None` for all of them.
    """

    def measure(batch: Batch) -> NDArray[np.int64]:
        y_true = Side(batch.y_true, layout.y_true, batch, threshold).decode(pairing.y_true)
        y_pred = Side(batch.y_pred, layout.y_pred, batch, threshold).decode(pairing.y_pred)
        areas = np.zeros((2, num_classes), dtype=np.int64)
        for labels in zip(y_true, y_pred, strict=True):
            areas += count_bands(*decode(*labels), num_classes)
        return areas

    batches = iterate_batches(pair, layout, whole_samples=True, samples=samples)
    total = np.zeros((2, num_classes), dtype=np.int64)
    for areas in map_in_order(measure, batches, jobs=jobs):
        total += areas
    return total


def count_bands(
    y_true: NDArray[np.integer], y_pred: NDArray[np.integer], num_classes: int
) -> NDArray[np.int64]:
    """Return the union and the intersection of the bands of each class, shape (2, classes).

    Args:
        y_true: the classes of an image, shape (height, width); `num_classes` where none counts.
        y_pred: the same of the prediction.
        num_classes: the number of classes.
    """
    in_true, in_pred = find_band(y_true), find_band(y_pred)
    both = in_true & in_pred & (y_true == y_pred)
    true, pred, common = (
        np.bincount(labels[where], minlength=num_classes + 1)[:num_classes]
        for labels, where in ((y_true, in_true), (y_pred, in_pred), (y_true, both))
    )
    return np.stack([true + pred - common, common])


def find_band(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which pixels lie in the band of their own class, shape (height, width)."""
    height, width = labels.shape
    reach = max(1, round(BAND_SHARE * float(np.sqrt(height**2 + width**2))))
    band = np.ones(labels.shape, dtype=bool)
    if min(height, width) <= 2 * reach:
        return band
    least, most = (
        _fold(_fold(labels, 2 * reach + 1, how), 2 * reach + 1, how, axis=1)
        for how in (np.minimum, np.maximum)
    )
    band[reach:-reach, reach:-reach] = least != most
    return band


def _fold(
    values: NDArray[np.integer], length: int, how: np.ufunc, *, axis: int = 0
) -> NDArray[np.integer]:
    """Return the least or the greatest of each run of values along an axis.

    Runs double in length with each step, so that a long run takes few steps.
    """
    along = values if axis == 0 else values.T
    done = 1
    while done < length:
        step = min(done, length - done)
        along = how(along[:-step], along[step:])
        done += step
    return along if axis == 0 else along.T
