"""Find the kinds of errors with NumPy and SciPy, class by class: the reference for the kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.error_kinds import SIDE_BITS, Kind, KindMap
from iou_doctor.counts.label_decoding import is_no_class

Mask = NDArray[np.bool_]


def find_kinds(
    y_true: NDArray[np.integer], y_pred: NDArray[np.integer], void: Mask | None, width: int
) -> KindMap:
    """Return the kinds and the regions; the arguments are those of `find_error_kinds`."""
    codes = np.zeros(y_true.shape, dtype=np.uint8)
    counted = np.ones(y_true.shape, dtype=bool) if void is None else ~void
    regions: list[NDArray[np.int64]] = [np.zeros((0, 3), dtype=np.int64)]
    for label in np.union1d(y_true[counted], y_pred):
        if is_no_class(label):
            continue
        truth, prediction = (y_true == label) & counted, y_pred == label
        window = _find_window(truth | prediction, width)
        missed, alarms = _find_kinds(truth[window], prediction[window], width)
        codes[window] |= missed | (alarms << np.uint8(SIDE_BITS))
        regions.append(_list_regions(int(label), truth[window], prediction[window]))
    codes[~counted] = 0
    labels, pixels, found = np.concatenate(regions).T
    return KindMap(codes, labels, pixels, found)


def _list_regions(label: int, truth: Mask, prediction: Mask) -> NDArray[np.int64]:
    """Return the label, the pixels and the right pixels of each region, shape (regions, 3)."""
    regions = _label(truth)
    pixels = np.bincount(regions.ravel())[1:]
    found = np.bincount(regions[prediction], minlength=len(pixels) + 1)[1:]
    return np.stack([np.full_like(pixels, label), pixels, found], axis=1)


def _find_window(mask: Mask, width: int) -> tuple[slice, ...]:
    """Return the box around the pixels of a mask, with room for a contour."""
    room = max(1, width)
    spans = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        spans.append(slice(max(0, int(places[0]) - room), int(places[-1]) + room + 1))
    return tuple(spans)


def _find_kinds(
    truth: Mask, prediction: Mask, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the kinds of the false negatives and of the false positives of one class."""
    right, neither = truth & prediction, ~(truth | prediction)
    naive = np.zeros_like(right)
    if width > 0 and right.any() and neither.any():
        naive = _is_near(right, width) & _is_near(neither, width)
    kinds = []
    for region, other in ((truth, prediction), (prediction, truth)):
        errors = region & ~other
        edges = _keep_touching(errors & _is_near(errors & naive, width), right, neither)
        regions = _label(region)
        found = np.zeros(int(regions.max()) + 1, dtype=bool)
        found[regions[right]] = True
        kind = np.where(edges, Kind.BOUNDARY, np.where(found[regions], Kind.EXTENT, Kind.SEGMENT))
        kinds.append(np.where(errors, kind, Kind.NONE).astype(np.uint8))
    return kinds[0], kinds[1]


def _is_near(mask: Mask, width: int) -> Mask:
    """Return where a pixel of the mask lies within a width, by the rounded Euclidean distance."""
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return mask
    # a rounded distance is at most d where the squared distance is at most d * (d + 1)
    near: Mask = distance_transform_edt(~mask) ** 2 < width * (width + 1) + 0.5
    return near


def _keep_touching(edges: Mask, right: Mask, neither: Mask) -> Mask:
    """Return the regions of a mask that touch a pixel of both others."""
    from scipy.ndimage import binary_dilation

    if not edges.any():
        return edges
    regions = _label(edges)
    keep = np.ones(int(regions.max()) + 1, dtype=bool)
    for other in (right, neither):
        touched = np.zeros_like(keep)
        touched[regions[binary_dilation(other, np.ones((3,) * edges.ndim))]] = True
        keep &= touched
    keep[0] = False
    kept: Mask = keep[regions]
    return kept


def _label(mask: Mask) -> NDArray[np.integer]:
    """Return the number of the region of each pixel, diagonal neighbours together; 0 outside."""
    from scipy.ndimage import label

    regions: NDArray[np.integer] = label(mask, np.ones((3,) * mask.ndim))[0]
    return regions
