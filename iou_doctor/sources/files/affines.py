"""How the axes of volumes lie in the patient, and how two volumes are turned to each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iou_doctor.arrays.source import StatedTurn

Affine = tuple[tuple[float, ...], ...]
"""How the axes of an array lie in the patient: a row for right, forward and up each, and a column
for each axis of the array."""
_LEAST_COSINE = 0.8
"""The minimum cosine between an axis and the direction that it stands for. Beyond 37 degrees, an
oblique volume has no orientation that flips and orders of axes could describe."""


def build_affine(
    directions: Sequence[Sequence[float]], *, left: bool = True, posterior: bool = True
) -> Affine:
    """Return the affine of axes with these directions.

    Args:
        directions: three numbers for each axis of the array.
        left: whether the first number counts to the left of the patient, and not to the right.
        posterior: whether the second number counts backward, and not forward.
    """
    signs = np.array([-1 if left else 1, -1 if posterior else 1, 1], dtype=np.float64)
    columns = np.array(directions, dtype=np.float64).T * signs[:, np.newaxis]
    return tuple(tuple(float(value) for value in row) for row in columns)


def compare_affines(true: Affine | None, pred: Affine | None) -> StatedTurn | None:
    """Return how a prediction has to be turned to lie like its mask; `None`: it is not known.

    Args:
        true: the affine of the mask.
        pred: that of the prediction.
    """
    true_axes, pred_axes = _find_axes(true), _find_axes(pred)
    if true_axes is None or pred_axes is None:
        return None
    places = [place for place, _ in pred_axes]
    order = tuple(places.index(place) for place, _ in true_axes)
    flipped = tuple(
        axis
        for axis, (_, direction) in enumerate(true_axes)
        if direction != pred_axes[order[axis]][1]
    )
    return StatedTurn(order, flipped)


def _find_axes(affine: Affine | None) -> list[tuple[int, int]] | None:
    """Return the direction (0 to 2) and the sign of each axis; `None` if they are oblique."""
    if affine is None:
        return None
    matrix = np.array(affine, dtype=np.float64)
    with np.errstate(over="ignore"):  # a length beyond all floats is that of no voxel
        lengths = np.linalg.norm(matrix, axis=0)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or (lengths == 0).any():
        return None
    cosines = matrix / lengths
    places = np.abs(cosines).argmax(axis=0)
    strongest = cosines[places, range(3)]
    if len(set(places.tolist())) < 3 or (np.abs(strongest) < _LEAST_COSINE).any():
        return None
    return [(int(place), int(np.sign(c))) for place, c in zip(places, strongest, strict=True)]
