"""The label maps of some samples, which the scan kept, in the doctor's own interpretation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import (
    NO_LABEL,
    DecodedMaps,
    InterpretedProbe,
    LabelMaps,
    Labels,
    Probe,
)
from iou_doctor.interpret.interpretation import are_bins_above


def decode_samples(
    probe: Probe, interpretation: Interpretation, pairing: Pairing
) -> InterpretedProbe:
    """Return the kept label maps with scores compared with the threshold.

    Args:
        probe: what the scan kept.
        interpretation: gives the threshold and the number of spatial axes.
        pairing: the decodings of masks and predictions to use.
    """
    many, fine, crops = (
        LabelMaps(
            maps.samples,
            _decode_maps(maps, maps.y_true, pairing.y_true, interpretation),
            _decode_maps(maps, maps.y_pred, pairing.y_pred, interpretation),
        )
        for maps in (probe.many, probe.fine, probe.crops)
    )
    layout = interpretation.layout
    # if one array is flattened, the maps have the axes of the other one
    sizes = max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)
    square = len(sizes) >= 2 and None not in sizes and sizes[-1] == sizes[-2]
    return InterpretedProbe(many, fine, crops, spatial_axes=len(sizes), is_square=square)


def _decode_maps(
    maps: DecodedMaps,
    labels: Mapping[LabelDecoding, tuple[Labels, ...]],
    decoding: LabelDecoding,
    interpretation: Interpretation,
) -> tuple[Labels, ...]:
    if not len(maps.samples):
        return ()
    if decoding is not LabelDecoding.BINS:
        return labels[decoding]
    return tuple(_apply_threshold(bins, interpretation.threshold) for bins in labels[decoding])


def _apply_threshold(bins: Labels, threshold: float) -> Labels:
    above = are_bins_above(bins, threshold).astype(np.int32)
    return np.where(bins == NO_LABEL, bins, above)
