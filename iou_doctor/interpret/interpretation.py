"""The Reading: encodings, number of classes and threshold, once all values were seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import Encoding, Interpretation, Options
from iou_doctor.arrays.layout import Assumption, Axes, Layout
from iou_doctor.arrays.source import Pair, Source
from iou_doctor.counts.label_decoding import (
    COLOUR_BASE,
    NO_CLASS,
    LabelDecoding,
    Pairing,
    is_grey,
    is_no_class,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.errors import UsageError
from iou_doctor.interpret.encoding import encoding_of, is_picture
from iou_doctor.record import record

Codes = NDArray[np.int64]

VOID_LABELS = frozenset({255, -1})
"""The ids that data sets and tools use for pixels that belong to no class."""
MOST_CLASSES = 1024


def infer_interpretation(
    pair: Pair,
    layout: Layout,
    stats: Stats,
    options: Options,
    *,
    num_classes: int | None,
    ignore_index: int | None,
    threshold: float,
) -> Interpretation:
    """Return the final reading.

    Args:
        pair: the sources, for their dtypes.
        layout: what the axes mean.
        stats: the counts over all values.
        options: what the user said.
        num_classes: declared by the option or the metric's call, or `None`.
        ignore_index: declared by the option or the metric's call, or `None`.
        threshold: the cut of the metric or the option, for probabilities.
    """
    true = _encoding(pair.y_true, layout.y_true, stats.y_true, options.masks_as, _MASKS)
    pred = _encoding(pair.y_pred, layout.y_pred, stats.y_pred, options.predictions_as, _PREDICTIONS)
    assumed = [*layout.assumed, *pair.assumed, *_pairing(pair), *pred.assumed, *true.assumed]
    classes = num_classes
    if classes is None:
        classes, why = _classes(layout, stats, true.encoding, pred.encoding, ignore_index)
        assumed.append(Assumption("num_classes", str(classes), why))
    if options.threshold is None and pred.encoding is Encoding.BINARY_LOGITS:
        threshold = 0.0
        assumed.append(Assumption("threshold", "0", "sigmoid(0) is 0.5"))
    elif options.threshold is None and pred.encoding.is_thresholded:
        assumed.append(Assumption("threshold", f"{threshold:g}", "the usual cut of probabilities"))
    return Interpretation(
        layout=layout,
        y_true=true.encoding,
        y_pred=pred.encoding,
        num_classes=classes,
        num_classes_declared=num_classes is not None,
        ignore_index=ignore_index,
        threshold=threshold,
        class_names=_names(options, classes),
        assumed=tuple(assumed),
    )


@record
class _Read:
    """An encoding, and the guess that it is, if nobody said so."""

    encoding: Encoding
    assumed: tuple[Assumption, ...] = ()


_MASKS, _PREDICTIONS = "masks", "predictions"


def _encoding(
    source: Source, axes: Axes, values: ValueCounts, said: Encoding | None, side: str
) -> _Read:
    if said is not None:
        return _Read(_said(said, axes, f"--{side}-as"))
    encoding, why = encoding_of(values, axes, floating=source.dtype.kind == "f")
    if side == _MASKS and encoding is Encoding.SIGMOID:
        # masks between 0 and 1 are damaged labels (divided by 255, smoothed), not predictions
        encoding, why = Encoding.LABELS, "masks with fractions are taken for damaged labels"
    if side == _MASKS and encoding is Encoding.LOGITS and is_picture(values, axes):
        encoding, why = Encoding.COLOUR, "masks are no scores, and these are like a picture"
    return _Read(encoding, (Assumption(f"{side}.encoding", encoding.value, why),))


def _pairing(pair: Pair) -> tuple[Assumption, ...]:
    if not pair.dropped_endings:
        return ()
    endings = ", ".join(pair.dropped_endings)
    return (Assumption("pairing", endings, "without these endings the names pair up"),)


def _said(encoding: Encoding, axes: Axes, option: str) -> Encoding:
    if encoding.is_dense and not axes.is_dense:
        raise UsageError(
            f"{option} {encoding} needs a class axis, but the array has none: shape {axes.shape};"
            " name the axes with --layout, NHWC for instance"
        )
    if not encoding.is_dense and axes.is_dense and not axes.is_colour:
        raise UsageError(
            f"{option} {encoding} means one value for each pixel, but axis {axes.channel} holds"
            f" {axes.channels}: shape {axes.shape}; name the axes with --layout, NHW for instance"
        )
    return encoding


def _classes(
    layout: Layout,
    stats: Stats,
    true: Encoding,
    pred: Encoding,
    ignore_index: int | None,
) -> tuple[int, str]:
    """Return the number of classes that the arrays suggest, and why."""
    if pred.is_dense:
        return layout.y_pred.channels, "the predictions have so many channels"
    if true.is_dense:
        return layout.y_true.channels, "the masks have so many channels"
    if pred.is_thresholded:
        return 2, "one channel of scores decides between two classes"
    if not stats.tables:
        return 2, "nothing could be counted"
    table = stats.tables.get(Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS))
    if layout.y_true.is_colour or layout.y_pred.is_colour:
        return _largest_label(_grey_as_labels(next(iter(stats.tables.values()))), ignore_index)
    return _largest_label(table or next(iter(stats.tables.values())), ignore_index)


def _largest_label(table: PairCounts, ignore_index: int | None) -> tuple[int, str]:
    void = VOID_LABELS | ({ignore_index} if ignore_index is not None else set())
    sides: Mapping[str, list[int]] = {
        side: [label for label in counts if 0 <= label < MOST_CLASSES and label not in void]
        for side, counts in (
            ("masks", table.truth_counts()),
            ("predictions", table.prediction_counts()),
        )
    }
    largest = {side: max(labels) for side, labels in sides.items() if labels}
    if not largest or max(largest.values()) < 2:
        return 2, "no label is larger than 1"
    side = max(largest, key=lambda key: largest[key])
    return largest[side] + 1, f"the largest label in the {side} is {largest[side]}"


def _grey_as_labels(table: PairCounts) -> PairCounts:
    """Return the table with greys as the labels they repeat; other colours are no label."""

    def label(codes: Codes) -> Codes:
        grey = is_grey(codes)
        return np.where(grey, codes & 255, np.where(codes >= COLOUR_BASE, NO_CLASS, codes))

    return table.relabel(truth=label, prediction=label)


def _names(options: Options, classes: int) -> tuple[str, ...]:
    if not options.class_names:
        return tuple(str(class_id) for class_id in range(classes))
    if len(options.class_names) < classes:
        raise UsageError(
            f"--class-names gives {len(options.class_names)} names for {classes} classes"
        )
    return options.class_names[:classes]


def choose_doctor_pairing(interpretation: Interpretation) -> Pairing:
    """Return the pairing that holds the doctor's own labels."""
    layout = interpretation.layout
    return Pairing(
        _own(layout.y_true, interpretation.y_true), _own(layout.y_pred, interpretation.y_pred)
    )


def _own(axes: Axes, encoding: Encoding) -> LabelDecoding:
    if axes.is_colour:
        return LabelDecoding.COLOUR
    if axes.is_dense:
        return LabelDecoding.ARGMAX
    return LabelDecoding.BINS if encoding.is_thresholded else LabelDecoding.LABELS


def decode_doctor_labels(
    table: PairCounts, interpretation: Interpretation, pairing: Pairing
) -> PairCounts:
    """Return the doctor's (truth, prediction) labels from the table of its pairing."""

    def above(codes: Codes) -> Codes:
        compared = codes // 3 if interpretation.threshold == 0 else codes % 3
        return np.where(is_no_class(codes), codes, (compared >= 1).astype(np.int64))

    if LabelDecoding.BINS not in {pairing.true, pairing.pred}:
        return table
    return table.relabel(
        truth=above if pairing.true is LabelDecoding.BINS else None,
        prediction=above if pairing.pred is LabelDecoding.BINS else None,
    )
