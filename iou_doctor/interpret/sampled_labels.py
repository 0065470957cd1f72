"""The probe as the doctor reads it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import NO_LABEL, LabelMaps, Labels, Maps, Probe, Sampled


def decode_samples(probe: Probe, interpretation: Interpretation, pairing: Pairing) -> Sampled:
    """Return the probe's maps with thresholds applied.

    Args:
        probe: what the pass kept.
        interpretation: for the threshold and the number of spatial axes.
        pairing: the doctor's own pairing.
    """
    many, fine, crops = (
        LabelMaps(
            maps.samples,
            _side(maps, maps.y_true, pairing.true, interpretation),
            _side(maps, maps.y_pred, pairing.pred, interpretation),
        )
        for maps in (probe.many, probe.fine, probe.crops)
    )
    layout = interpretation.layout
    # where one side is flattened, the maps have the axes of the other one
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    square = len(sizes) >= 2 and None not in sizes and sizes[-1] == sizes[-2]
    return Sampled(many, fine, crops, axes=len(sizes), square=square)


def _side(
    maps: Maps,
    labels: Mapping[LabelDecoding, tuple[Labels, ...]],
    decoding: LabelDecoding,
    interpretation: Interpretation,
) -> tuple[Labels, ...]:
    if not len(maps.samples):
        return ()
    if decoding is not LabelDecoding.BINS:
        return labels[decoding]
    return tuple(_above(codes, interpretation.threshold) for codes in labels[decoding])


def _above(codes: Labels, threshold: float) -> Labels:
    compared = codes // 3 if threshold == 0 else codes % 3
    return np.where(codes == NO_LABEL, codes, (compared >= 1).astype(np.int32))
