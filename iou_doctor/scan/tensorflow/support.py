"""Which passes the kernels in TensorFlow support; NumPy counts the others."""

from __future__ import annotations

from collections.abc import Sequence

from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan.tensorflow.tensor_codes import VALUES
from iou_doctor.scan.tensorflow.tensor_sides import CLASSES

MOST_GRAPH_CHANNELS = 64
"""The maximum number of channels. They are unrolled, and the compile time of XLA grows with their
number.
"""


def is_supported(layout: Layout, pairings: Sequence[Pairing]) -> bool:
    """Return whether the kernels can count all that a pass asks for."""
    sides = (
        (layout.y_true, {pairing.y_true for pairing in pairings}),
        (layout.y_pred, {pairing.y_pred for pairing in pairings}),
    )
    if any(not axes.is_per_class and LabelDecoding.LABELS not in own for axes, own in sides):
        return False
    return all(
        _is_side_supported(axes, decoding, flat=pairing.flat)
        for pairing in pairings
        for axes, decoding in ((layout.y_true, pairing.y_true), (layout.y_pred, pairing.y_pred))
    )


def _is_side_supported(axes: Axes, decoding: LabelDecoding, *, flat: bool) -> bool:
    if (
        axes.is_reshaped
        or (axes.is_dense and not axes.is_per_class)
        or axes.channels > MOST_GRAPH_CHANNELS
    ):
        return False
    if decoding is LabelDecoding.ARGMAX_LAST:
        return flat and axes.is_per_class and axes.has_channels_last
    if flat:
        return decoding in {LabelDecoding.LABELS, LabelDecoding.BINS}
    return decoding in (CLASSES if axes.is_per_class else VALUES)
