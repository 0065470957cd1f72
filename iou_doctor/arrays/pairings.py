"""Which derived labels the pass has to count together."""

from __future__ import annotations

from math import prod

from iou_doctor.arrays.interpretation import Encoding, Options
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import Derivation, Pairing


def doctor_pairings(pair: Pair, layout: Layout, options: Options) -> tuple[Pairing, ...]:
    """Return every pairing that the doctor may need to read these arrays.

    What one float channel is (labels, sigmoid, logits) shows only when all values were seen, so
    each reading has its table.
    """
    if layout.relation is Relation.MISMATCHED:
        return ()
    true = _true_derivations(layout.y_true, pair.y_true.dtype.kind == "f", options.masks_as)
    pred = _pred_derivations(layout.y_pred, pair.y_pred.dtype.kind == "f", options.predictions_as)
    pairings = [Pairing(t, p) for t in true for p in pred]
    if Derivation.BINS in pred and Derivation.BINS not in true:
        pairings.append(Pairing(true[0], Derivation.TENTHS))
    if Derivation.TIMES_255 in true and pred == (Derivation.LABELS,):
        # should these floats turn out to be the predictions
        pairings.append(Pairing(Derivation.BINS, Derivation.LABELS))
    return tuple(pairings)


def _true_derivations(axes: Axes, floating: bool, said: Encoding | None) -> tuple[Derivation, ...]:
    if axes.dense:
        return (Derivation.COLOUR if axes.colour else Derivation.ARGMAX,)
    if said is not None and said.thresholded:
        return (Derivation.BINS,)
    return (Derivation.LABELS, Derivation.TIMES_255) if floating else (Derivation.LABELS,)


def _pred_derivations(axes: Axes, floating: bool, said: Encoding | None) -> tuple[Derivation, ...]:
    if axes.dense:
        return (Derivation.COLOUR if axes.colour else Derivation.ARGMAX,)
    if said is Encoding.LABELS or (said is None and not floating):
        return (Derivation.LABELS,)
    return (Derivation.BINS,) if said else (Derivation.LABELS, Derivation.BINS)


def flat_pairing(
    layout: Layout, true: Derivation, pred: Derivation, *, axis: int = -1
) -> Pairing | None:
    """Return the pairing of two sides that are flattened, or `None` where their sizes differ."""
    if layout.y_true.samples != layout.y_pred.samples or layout.mismatched:
        return None
    own = _own_table(layout.y_true, true, axis), _own_table(layout.y_pred, pred, axis)
    if own[0] and own[1] and layout.relation in {Relation.EQUAL, Relation.FLATTENED}:
        return Pairing(own[0], own[1])
    if axis != -1 and Derivation.ARGMAX_LAST in (true, pred):
        return None
    sizes = lengths(layout, Pairing(true, pred, flat=True))
    if sizes[0] is None or sizes[0] != sizes[1]:
        return None
    return Pairing(true, pred, flat=True)


def lengths(layout: Layout, pairing: Pairing) -> tuple[int | None, int | None]:
    """Return how many labels a metric that flattens gets; `None` where images differ in size."""
    return flat_size(layout.y_true, pairing.true), flat_size(layout.y_pred, pairing.pred)


def _own_table(axes: Axes, derivation: Derivation, axis: int) -> Derivation | None:
    """Return the doctor's derivation that holds the metric's answers, if one does."""
    if derivation is Derivation.ARGMAX_LAST:
        looks_at = axis + len(axes.shape) if axis < 0 else axis
        own = axes.per_class and axes.channel == looks_at and not axes.reshaped
        return Derivation.ARGMAX if own else None
    return None if axes.dense else derivation


def flat_size(axes: Axes, derivation: Derivation) -> int | None:
    """Return how many labels a metric gets from the array; `None` where images differ in size."""
    shape = axes.shape[:-1] if derivation is Derivation.ARGMAX_LAST else axes.shape
    return None if None in shape else prod(size or 0 for size in shape)
