"""Infers encodings, number of classes and threshold from the counts over all values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import (
    Encoding,
    Interpretation,
    Options,
)
from iou_doctor.arrays.layout import Assumption, Axes, Layout
from iou_doctor.arrays.pairings import choose_dense_decoding
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.counts.label_decoding import (
    LabelDecoding,
    Pairing,
    is_no_class,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import MIDDLE_OF_BYTES, ValueCounts
from iou_doctor.errors import UsageError
from iou_doctor.interpret.encoding import (
    are_clipped_scores,
    are_multiples,
    infer_encoding,
    is_picture,
)
from iou_doctor.interpret.num_classes import infer_num_classes, name_classes
from iou_doctor.interpret.overlapping_axis import do_channels_overlap
from iou_doctor.record import record

DecodedLabels = NDArray[np.int64]

_MASKS, _PREDICTIONS = "masks", "predictions"


def infer_interpretation(
    pair: Pair,
    layout: Layout,
    stats: Stats,
    options: Options,
    *,
    threshold: float,
    takes_channels: bool = False,
) -> Interpretation:
    """Return how the arrays are to be understood.

    Args:
        pair: the sources, for their dtypes.
        layout: what the axes mean.
        stats: the counts over all values.
        options: what the user and the metric's call say.
        threshold: that of the metric or the option, for probabilities.
        takes_channels: whether the metric scores each channel on its own.

    Raises:
        UsageError: an option does not fit the arrays.
    """
    true = _find_encoding(pair.y_true, layout.y_true, stats.y_true, options.masks_as, _MASKS)
    declared = options.predictions_as
    if declared is Encoding.SIGMOID and _are_whole_scores(stats.y_pred, options):
        declared = Encoding.LABELS
    pred = _find_encoding(pair.y_pred, layout.y_pred, stats.y_pred, declared, _PREDICTIONS)
    pred = _look_closer(pred, stats, options.ignore_index, is_declared=declared is not None)
    has_near_ids = _have_near_ids(stats)
    is_multilabel = do_channels_overlap(
        layout, stats, options.ignore_index, takes_channels=takes_channels
    )
    if is_multilabel and options.masks_as is None and true.encoding is not Encoding.ONE_HOT:
        why = "only 0 and 255, or 0, 1 and the ignore label, along the class axis"
        note = Assumption("masks.encoding", "one-hot", why)
        true = _FoundEncoding(Encoding.ONE_HOT, (note,))
    assumed = [*layout.assumed, *pair.assumed, *_note_names(pair), *pred.assumed, *true.assumed]
    classes, ignore_index = options.num_classes, options.ignore_index
    if classes is None:
        classes, why = infer_num_classes(layout, stats, true.encoding, pred.encoding, ignore_index)
        assumed.append(Assumption("num_classes", str(classes), why))
    is_dense_score = is_multilabel and pred.encoding is Encoding.LOGITS
    if is_dense_score and stats.y_pred.are_bytes:
        threshold = MIDDLE_OF_BYTES  # the rule `prediction-out-of-range` says so
    are_logits = pred.encoding is Encoding.BINARY_LOGITS or (
        is_dense_score and stats.y_pred.fractional > 0
    )
    if options.threshold is None and (are_logits or pred.encoding.is_thresholded):
        threshold = 0.0 if are_logits else threshold
        why = "sigmoid(0) is 0.5" if are_logits else "the usual threshold of probabilities"
        assumed.append(Assumption("threshold", f"{threshold:g}", why))
    return Interpretation(
        layout=layout,
        y_true=true.encoding,
        y_pred=pred.encoding,
        num_classes=classes,
        num_classes_declared=options.num_classes is not None,
        ignore_index=ignore_index,
        threshold=threshold,
        class_names=name_classes(options, classes)
        + tuple(map(str, range(classes, layout.y_true.channels if is_multilabel else 0))),
        assumed=tuple(assumed),
        is_multilabel=is_multilabel,
        has_near_ids=has_near_ids,
    )


def _are_whole_scores(values: ValueCounts, options: Options) -> bool:
    """Return whether scores are stored as whole numbers beyond 1, and the threshold is not.

    The rule `byte-scores` then says where to cut them.
    """
    beyond = values.fractional == 0 and values.maximum is not None and values.maximum > 1
    return beyond and (options.threshold is None or options.threshold <= 1)


@record
class _FoundEncoding:
    """An encoding, with a note if it was inferred."""

    encoding: Encoding
    assumed: tuple[Assumption, ...] = ()


def _find_encoding(
    source: Source, axes: Axes, values: ValueCounts, declared: Encoding | None, side: str
) -> _FoundEncoding:
    if declared is not None:
        _check_declared_encoding(declared, axes, f"--{side}-as")
        return _FoundEncoding(declared)
    encoding, why = infer_encoding(values, axes, floating=source.dtype.kind == "f")
    if side == _MASKS and encoding is Encoding.SIGMOID:
        # masks do not hold scores: these labels were divided by 255 or smoothed
        encoding, why = Encoding.LABELS, "masks with fractions are taken for damaged labels"
    if side == _MASKS and encoding is Encoding.LOGITS and is_picture(values, axes):
        encoding, why = Encoding.COLOUR, "masks hold no scores, and these look like a picture"
    return _FoundEncoding(encoding, (Assumption(f"{side}.encoding", encoding.value, why),))


def _look_closer(
    found: _FoundEncoding, stats: Stats, ignore_index: int | None, *, is_declared: bool
) -> _FoundEncoding:
    """Return the encoding of predictions, which their table of labels may show to be another."""
    if _have_near_ids(stats):
        encoding, why = Encoding.LABELS, "one value for each pixel, just beside a whole number"
    elif found.encoding is Encoding.BINARY_LOGITS and not is_declared and are_multiples(stats):
        encoding, why = Encoding.SIGMOID, "none is below 0, as logits would be"
    elif _are_clipped(found, stats, ignore_index) and not is_declared:
        encoding, why = Encoding.BINARY_LOGITS, "fractions between the two ends of a scale"
    else:
        return found
    return _FoundEncoding(encoding, (Assumption("predictions.encoding", encoding.value, why),))


def _are_clipped(found: _FoundEncoding, stats: Stats, ignore_index: int | None) -> bool:
    if found.encoding is not Encoding.LABELS or not stats.y_pred.fractional:
        return False
    return are_clipped_scores(stats, ignore_index)


def _have_near_ids(stats: Stats) -> bool:
    return any(pairing.y_pred is LabelDecoding.NEAREST for pairing in stats.tables)


def _check_declared_encoding(encoding: Encoding, axes: Axes, option: str) -> None:
    if encoding.is_dense and not axes.is_dense:
        raise UsageError(
            f"{option} {encoding} needs a class axis, but the array has none: shape {axes.shape};"
            " name the axes with --layout, for instance NHWC"
        )
    if not encoding.is_dense and axes.is_dense and not axes.is_colour:
        raise UsageError(
            f"{option} {encoding} means one value for each pixel, but axis {axes.channel} holds"
            f" {axes.channels}: shape {axes.shape}; name the axes with --layout, for instance NHW"
        )


def _note_names(pair: Pair) -> tuple[Assumption, ...]:
    if not pair.dropped_parts:
        return ()
    parts = ", ".join(pair.dropped_parts)
    return (Assumption("pairing", parts, "without these parts the names pair up"),)


def choose_doctor_pairing(interpretation: Interpretation) -> Pairing:
    """Return the pairing whose table holds the labels of this interpretation."""
    layout = interpretation.layout
    pairing = Pairing(
        _choose_decoding(layout.y_true, interpretation.y_true),
        _choose_decoding(layout.y_pred, interpretation.y_pred),
    )
    near = interpretation.has_near_ids
    return replace(pairing, y_pred=LabelDecoding.NEAREST) if near else pairing


def _choose_decoding(axes: Axes, encoding: Encoding) -> LabelDecoding:
    if axes.is_dense:
        return choose_dense_decoding(axes)
    return LabelDecoding.BINS if encoding.is_thresholded else LabelDecoding.LABELS


def decode_doctor_labels(
    table: PairCounts, interpretation: Interpretation, pairing: Pairing
) -> PairCounts:
    """Return counts of (truth, prediction) labels from the table of the doctor's pairing."""

    def apply_threshold(bins: DecodedLabels) -> DecodedLabels:
        above = are_bins_above(bins, interpretation.threshold).astype(np.int64)
        return np.where(is_no_class(bins), bins, above)

    if LabelDecoding.BINS not in {pairing.y_true, pairing.y_pred}:
        return table
    return table.relabel(
        truth=apply_threshold if pairing.y_true is LabelDecoding.BINS else None,
        prediction=apply_threshold if pairing.y_pred is LabelDecoding.BINS else None,
    )


def are_bins_above(bins: NDArray[np.integer], threshold: float) -> NDArray[np.bool_]:
    """Return where scores reach the threshold, from their `LabelDecoding.BINS`.

    The bins hold comparisons of a score with 0 and with the threshold for probabilities.
    """
    compared = bins // 3 if threshold == 0 else bins % 3
    return compared >= 1
