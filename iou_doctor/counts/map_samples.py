"""The label maps of some samples, for questions that counts cannot answer.

Counts say how often two labels occur in the same pixel, but not where. Whether samples were
shuffled, flipped or shifted is visible only in the maps themselves, so the pass over the data
keeps some of them at three scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.record import record

Labels = NDArray[np.int32]
DecodedLabels = Mapping[LabelDecoding, tuple[Labels, ...]]
"""The maps of some samples, by decoding."""

NO_LABEL = -(2**31)
"""The label of every pixel without a class (a fraction, NaN, channels that are all 0)."""


@record
class DecodedMaps:
    """Decoded label maps of some samples, with the same pixels of both arrays."""

    samples: NDArray[np.int64]
    """Shape (k,), ascending."""
    y_true: DecodedLabels
    """One map for each sample, by decoding of the masks."""
    y_pred: DecodedLabels
    """One map for each sample, by decoding of the predictions."""

    @classmethod
    def merge(cls, parts: Sequence[DecodedMaps]) -> DecodedMaps:
        """Return the maps of all samples from those of some each, in any order."""
        kept = [part for part in parts if len(part.samples)]
        if not kept:
            return parts[0]
        samples = np.concatenate([part.samples for part in kept])
        order = np.argsort(samples)

        def join(sides: Sequence[DecodedLabels]) -> DecodedLabels:
            joined = {key: [*chain.from_iterable(side[key] for side in sides)] for key in sides[0]}
            return {key: tuple(maps[place] for place in order) for key, maps in joined.items()}

        return cls(
            samples[order],
            join([part.y_true for part in kept]),
            join([part.y_pred for part in kept]),
        )


@record
class Probe:
    """The maps that the pass kept. `many` and `fine` are thinned evenly along each axis."""

    many: DecodedMaps
    """Some hundred consecutive samples of a few hundred pixels, for the order of samples."""
    fine: DecodedMaps
    """Some tens of samples of some thousand pixels, from all over the data, for flips and tiles."""
    crops: DecodedMaps
    """The middle of a few samples at full resolution, for shifts and seams. Only for 2-D data."""

    @classmethod
    def merge(cls, parts: Sequence[Probe]) -> Probe:
        """Return the probe of all samples from those of some each, in any order."""
        return cls(
            DecodedMaps.merge([part.many for part in parts]),
            DecodedMaps.merge([part.fine for part in parts]),
            DecodedMaps.merge([part.crops for part in parts]),
        )


@record
class LabelMaps:
    """The maps of some samples under the interpretation of the arrays."""

    samples: NDArray[np.int64]
    y_true: tuple[Labels, ...]
    """Class ids, labels outside the classes, and `NO_LABEL` for pixels without a label."""
    y_pred: tuple[Labels, ...]

    @classmethod
    def merge(cls, parts: Sequence[LabelMaps]) -> LabelMaps:
        """Return the maps of all samples from those of some each, in any order."""
        samples = np.concatenate([part.samples for part in parts])
        true, pred = (
            [labels for side in sides for labels in side]
            for sides in ([part.y_true for part in parts], [part.y_pred for part in parts])
        )
        order = np.argsort(samples)
        return cls(samples[order], tuple(true[k] for k in order), tuple(pred[k] for k in order))


@record
class InterpretedProbe:
    """The probe under the interpretation of the arrays."""

    many: LabelMaps
    fine: LabelMaps
    crops: LabelMaps
    spatial_axes: int
    """The number of spatial axes of the maps."""
    is_square: bool
    """Whether height and width are equal in every sample."""
    codes: int | None = None
    """The number of labels if each stands for the channels that a pixel has; `None` for classes."""
    whole: LabelMaps | None = None
    """A few maps with all of their pixels, if these were read once more."""
    stacks: dict[object, object] = field(default_factory=dict, compare=False, repr=False)
    """What several checks make of the maps, kept by what it was made for."""


def find_centres(size: int, count: int) -> NDArray[np.intp]:
    """Return the pixels at the centres of `count` equal parts of an axis, mirror-symmetric."""
    left = ((np.arange(count // 2) * 2 + 1) * size - count) // (2 * count)
    middle = [size // 2] if count % 2 else []
    return np.concatenate([left, middle, size - 1 - left[::-1]]).astype(np.intp)
