"""Which kinds of labels the scan has to count together, so that every question can be answered."""

from __future__ import annotations

from math import prod

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing


def list_doctor_pairings(pair: Pair, layout: Layout, options: Options) -> tuple[Pairing, ...]:
    """Return every pairing of labels that an interpretation of these arrays may turn out to need.

    Whether one float channel holds labels, probabilities or logits is known only after all values
    were counted, so the scan counts the labels of each possibility.
    """
    if layout.relation is Relation.MISMATCHED:
        return ()
    true = _list_true_decodings(layout.y_true, _is_floating(pair.y_true), options.masks_as)
    pred = _list_pred_decodings(layout.y_pred, _is_floating(pair.y_pred), options.predictions_as)
    pairings = [Pairing(t, p) for t in true for p in pred]
    if LabelDecoding.BINS in pred and LabelDecoding.BINS not in true:
        pairings.append(Pairing(true[0], LabelDecoding.TENTHS))
    if LabelDecoding.TIMES_255 in true and pred == (LabelDecoding.LABELS,):
        # the two arguments may be swapped: these floats may be the predictions
        pairings.append(Pairing(LabelDecoding.BINS, LabelDecoding.LABELS))
    return tuple(pairings)


def choose_dense_decoding(axes: Axes) -> LabelDecoding:
    """Return how several values for each pixel become one label."""
    if axes.is_unit_colour:
        return LabelDecoding.UNIT_COLOUR
    return LabelDecoding.COLOUR if axes.is_colour else LabelDecoding.ARGMAX


def _is_floating(source: Source) -> bool:
    return source.dtype.kind == "f"


def _list_true_decodings(
    axes: Axes, floating: bool, declared: Encoding | None
) -> tuple[LabelDecoding, ...]:
    if axes.is_dense:
        return (choose_dense_decoding(axes),)
    if declared is not None and declared.is_thresholded:
        return (LabelDecoding.BINS,)
    return (LabelDecoding.LABELS, LabelDecoding.TIMES_255) if floating else (LabelDecoding.LABELS,)


def _list_pred_decodings(
    axes: Axes, floating: bool, declared: Encoding | None
) -> tuple[LabelDecoding, ...]:
    if axes.is_dense:
        return (choose_dense_decoding(axes),)
    if declared is Encoding.LABELS or (declared is None and not floating):
        return (LabelDecoding.LABELS,)
    if declared is Encoding.SIGMOID and not floating:
        return (LabelDecoding.BINS, LabelDecoding.LABELS)  # they may be stored as 0 to 255
    return (LabelDecoding.BINS,) if declared else (LabelDecoding.LABELS, LabelDecoding.BINS)


def find_flat_pairing(
    layout: Layout, true: LabelDecoding, pred: LabelDecoding, *, axis: int = -1
) -> Pairing | None:
    """Return the pairing for a metric that flattens both arrays.

    Args:
        layout: the axes of both arrays.
        true: how the metric turns masks into labels.
        pred: how the metric turns predictions into labels.
        axis: the axis along which the metric takes an argmax.

    Returns:
        One of the doctor's own pairings if it has the same answer, else a flat one; `None` if the
        flattened arrays differ in length.
    """
    if layout.y_true.samples != layout.y_pred.samples or layout.mismatched:
        return None
    doctor_true = _find_doctor_decoding(layout.y_true, true, axis)
    doctor_pred = _find_doctor_decoding(layout.y_pred, pred, axis)
    pixels_pair_up = layout.relation in {Relation.EQUAL, Relation.FLATTENED}
    if doctor_true and doctor_pred and pixels_pair_up:
        return Pairing(doctor_true, doctor_pred)
    if axis != -1 and LabelDecoding.ARGMAX_LAST in (true, pred):
        return None
    lengths = count_flat_labels(layout, Pairing(true, pred, flat=True))
    if lengths[0] is None or lengths[0] != lengths[1]:
        return None
    return Pairing(true, pred, flat=True)


def count_flat_labels(layout: Layout, pairing: Pairing) -> tuple[int | None, int | None]:
    """Return how many labels a metric that flattens gets from masks and from predictions.

    `None` means that images differ in size.
    """
    true = _count_labels(layout.y_true, pairing.y_true)
    return true, _count_labels(layout.y_pred, pairing.y_pred)


def _find_doctor_decoding(axes: Axes, decoding: LabelDecoding, axis: int) -> LabelDecoding | None:
    """Return the doctor's own decoding that gives the same labels as the metric's, if one does."""
    if decoding is LabelDecoding.ARGMAX_LAST:
        argmax_axis = axis + len(axes.shape) if axis < 0 else axis
        same = axes.is_per_class and axes.channel == argmax_axis and not axes.is_reshaped
        return LabelDecoding.ARGMAX if same else None
    return None if axes.is_dense else decoding


def _count_labels(axes: Axes, decoding: LabelDecoding) -> int | None:
    shape = axes.shape[:-1] if decoding is LabelDecoding.ARGMAX_LAST else axes.shape
    return None if None in shape else prod(size or 0 for size in shape)
