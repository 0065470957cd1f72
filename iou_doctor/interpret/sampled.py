"""The probe as the doctor reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Reading
from iou_doctor.counts.label_decoding import Derivation, Pairing
from iou_doctor.counts.map_samples import NO_LABEL, LabelMaps, Labels, Maps, Probe, Sampled


def sampled(probe: Probe, reading: Reading, pairing: Pairing) -> Sampled:
    """Return the probe's maps with thresholds applied.

    Args:
        probe: what the pass kept.
        reading: for the threshold and the number of spatial axes.
        pairing: the doctor's own pairing.
    """
    many, fine, crops = (
        LabelMaps(
            maps.samples,
            _side(maps, maps.y_true, pairing.true, reading),
            _side(maps, maps.y_pred, pairing.pred, reading),
        )
        for maps in (probe.many, probe.fine, probe.crops)
    )
    layout = reading.layout
    # where one side is flattened, the maps have the axes of the other one
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    square = len(sizes) >= 2 and None not in sizes and sizes[-1] == sizes[-2]
    return Sampled(many, fine, crops, axes=len(sizes), square=square)


def _side(
    maps: Maps,
    labels: Mapping[Derivation, tuple[Labels, ...]],
    derivation: Derivation,
    reading: Reading,
) -> tuple[Labels, ...]:
    if not len(maps.samples):
        return ()
    if derivation is not Derivation.BINS:
        return labels[derivation]
    return tuple(_above(codes, reading.threshold) for codes in labels[derivation])


def _above(codes: Labels, threshold: float) -> Labels:
    compared = codes // 3 if threshold == 0 else codes % 3
    return np.where(codes == NO_LABEL, codes, (compared >= 1).astype(np.int32))
