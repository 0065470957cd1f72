"""Which derived labels the pass has to count together."""

from __future__ import annotations

from math import prod

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing


def list_doctor_pairings(pair: Pair, layout: Layout, options: Options) -> tuple[Pairing, ...]:
    """Return every pairing that the doctor may need to read these arrays.

    What one float channel is (labels, sigmoid, logits) shows only when all values were seen, so
    each reading has its table.
    """
    if layout.relation is Relation.MISMATCHED:
        return ()
    true = _true_derivations(layout.y_true, pair.y_true.dtype.kind == "f", options.masks_as)
    pred = _pred_derivations(layout.y_pred, pair.y_pred.dtype.kind == "f", options.predictions_as)
    pairings = [Pairing(t, p) for t in true for p in pred]
    if LabelDecoding.BINS in pred and LabelDecoding.BINS not in true:
        pairings.append(Pairing(true[0], LabelDecoding.TENTHS))
    if LabelDecoding.TIMES_255 in true and pred == (LabelDecoding.LABELS,):
        # should these floats turn out to be the predictions
        pairings.append(Pairing(LabelDecoding.BINS, LabelDecoding.LABELS))
    return tuple(pairings)


def _true_derivations(
    axes: Axes, floating: bool, said: Encoding | None
) -> tuple[LabelDecoding, ...]:
    if axes.is_dense:
        return (LabelDecoding.COLOUR if axes.is_colour else LabelDecoding.ARGMAX,)
    if said is not None and said.is_thresholded:
        return (LabelDecoding.BINS,)
    return (LabelDecoding.LABELS, LabelDecoding.TIMES_255) if floating else (LabelDecoding.LABELS,)


def _pred_derivations(
    axes: Axes, floating: bool, said: Encoding | None
) -> tuple[LabelDecoding, ...]:
    if axes.is_dense:
        return (LabelDecoding.COLOUR if axes.is_colour else LabelDecoding.ARGMAX,)
    if said is Encoding.LABELS or (said is None and not floating):
        return (LabelDecoding.LABELS,)
    return (LabelDecoding.BINS,) if said else (LabelDecoding.LABELS, LabelDecoding.BINS)


def find_flat_pairing(
    layout: Layout, true: LabelDecoding, pred: LabelDecoding, *, axis: int = -1
) -> Pairing | None:
    """Return the pairing of two sides that are flattened, or `None` where their sizes differ."""
    if layout.y_true.samples != layout.y_pred.samples or layout.mismatched:
        return None
    own = _own_table(layout.y_true, true, axis), _own_table(layout.y_pred, pred, axis)
    if own[0] and own[1] and layout.relation in {Relation.EQUAL, Relation.FLATTENED}:
        return Pairing(own[0], own[1])
    if axis != -1 and LabelDecoding.ARGMAX_LAST in (true, pred):
        return None
    sizes = count_flat_labels(layout, Pairing(true, pred, flat=True))
    if sizes[0] is None or sizes[0] != sizes[1]:
        return None
    return Pairing(true, pred, flat=True)


def count_flat_labels(layout: Layout, pairing: Pairing) -> tuple[int | None, int | None]:
    """Return how many labels a metric that flattens gets; `None` where images differ in size."""
    return flat_size(layout.y_true, pairing.true), flat_size(layout.y_pred, pairing.pred)


def _own_table(axes: Axes, decoding: LabelDecoding, axis: int) -> LabelDecoding | None:
    """Return the doctor's derivation that holds the metric's answers, if one does."""
    if decoding is LabelDecoding.ARGMAX_LAST:
        looks_at = axis + len(axes.shape) if axis < 0 else axis
        own = axes.is_per_class and axes.channel == looks_at and not axes.is_reshaped
        return LabelDecoding.ARGMAX if own else None
    return None if axes.is_dense else decoding


def flat_size(axes: Axes, decoding: LabelDecoding) -> int | None:
    """Return how many labels a metric gets from the array; `None` where images differ in size."""
    shape = axes.shape[:-1] if decoding is LabelDecoding.ARGMAX_LAST else axes.shape
    return None if None in shape else prod(size or 0 for size in shape)
