"""A small sample of label maps, kept with their places, for questions that counts cannot answer.

Counts know which values meet, not where. Whether samples were shuffled, flipped or shifted shows
only on the maps themselves, so the pass keeps some of them at three scales.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.record import record

Labels = NDArray[np.int32]

NO_LABEL = -(2**31)
"""Stands for every value that is no class at all (a fraction, NaN, an all-zero pixel)."""


@record
class DecodedMaps:
    """Derived label maps of some samples, both sides over the same pixels."""

    samples: NDArray[np.int64]
    """Shape (k,), ascending."""
    y_true: Mapping[LabelDecoding, tuple[Labels, ...]]
    """For each derivation of the masks, one map for each sample."""
    y_pred: Mapping[LabelDecoding, tuple[Labels, ...]]
    """The same for the predictions."""


@record
class Probe:
    """The maps that the pass kept. The grids of `many` and `fine` are thinned evenly."""

    many: DecodedMaps
    """Up to some hundred samples in a row, a few hundred pixels each: for the order of samples."""
    fine: DecodedMaps
    """Some tens of samples spread over the data, some thousand pixels each: for flips and tiles."""
    crops: DecodedMaps
    """Fewer samples, the middle at full resolution: for shifts and seams. 2-D data only."""


@record
class LabelMaps:
    """Maps as the doctor reads them: truth and prediction of the same samples."""

    samples: NDArray[np.int64]
    y_true: tuple[Labels, ...]
    """Class ids and stored labels that are no class; `NO_LABEL` for no label at all."""
    y_pred: tuple[Labels, ...]


@record
class InterpretedProbe:
    """The probe as the doctor reads it."""

    many: LabelMaps
    fine: LabelMaps
    crops: LabelMaps
    spatial_axes: int
    """Spatial axes of the maps."""
    is_square: bool
    """Whether height and width are equal in every sample."""


def find_centres(size: int, count: int) -> NDArray[np.intp]:
    """Return the pixels at the centres of `count` equal parts, the same from either end."""
    left = ((np.arange(count // 2) * 2 + 1) * size - count) // (2 * count)
    middle = [size // 2] if count % 2 else []
    return np.concatenate([left, middle, size - 1 - left[::-1]]).astype(np.intp)
