"""From a table of class ids to areas: odd labels, ignored ones, cells and their counters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import MOST_KEPT
from iou_doctor.counts.label_decoding import (
    LabelDecoding,
    Pairing,
    is_code_of_no_class,
    naive_answer,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Choices, Counting, Floats, Group, Ignored, Stray
from iou_doctor.metrics.engine.areas import (
    Areas,
    LengthError,
    LibraryError,
    ScoreError,
    sum_areas,
)
from iou_doctor.metrics.engine.cells import assign_cells, counts_in_bytes, is_inside
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

TWO_CLASSES = 2
FLOAT32_LIMIT = 2**24
"""In float32, 2**24 + 1 is 2**24."""
_NONE_LEAVE = frozenset(
    {
        Ignored.NO_OPTION,
        Ignored.CLASS_CLEARED,
        Ignored.MEAN_ONLY,
        Ignored.MEAN_ONLY_INSIDE,
    }
)
"""The rules by which no pixel leaves."""


def read_class_ids(inputs: MetricInputs, choices: Choices) -> PairCounts:
    """Return the pairs as the library reads them where it takes class ids."""
    if (
        choices.integers
        and inputs.pred_dtype.kind == "f"
        and inputs.form is not PredictionForm.CHANNELS
    ):
        raise build_score_error(inputs)
    broken = is_code_of_no_class(inputs.labels.prediction_span[0])
    if choices.floats is Floats.REFUSED and inputs.form is not PredictionForm.CHANNELS and broken:
        raise build_score_error(inputs)
    if choices.floats is Floats.EXACT and inputs.form is not PredictionForm.CHANNELS:
        return inputs.labels
    return answer_naively(inputs.labels)


def build_score_error(inputs: MetricInputs) -> ScoreError:
    """Return the error for predictions that are no integers."""
    few = len(inputs.labels.truth_counts()) <= TWO_CLASSES
    return ScoreError(inputs.pred_dtype, "binary" if few else "multiclass")


def answer_naively(pairs: PairCounts) -> PairCounts:
    """Return the pairs with what a library reads where there is no class; equal rows may occur."""

    def answered() -> PairCounts:
        return pairs.replaced(
            truth=naive_answer(pairs.truth), prediction=naive_answer(pairs.prediction)
        )

    lowest = min(pairs.truth_span[0], pairs.prediction_span[0])
    return pairs.cached("naive", answered) if is_code_of_no_class(lowest) else pairs


def flatten_pairs(inputs: MetricInputs, pairing: Pairing) -> PairCounts:
    """Return what an implementation reads that casts both sides to integers.

    Raises:
        Raises: the two sides flatten to different lengths.
    """
    if pairing not in inputs.flat:
        raise LengthError(inputs.lengths.get(pairing, (None, None)))
    pairs = answer_naively(inputs.flat[pairing])
    if pairing.pred is LabelDecoding.BINS:
        return pairs.cached("above", lambda: _threshold_bins(pairs))
    return pairs


def _threshold_bins(pairs: PairCounts) -> PairCounts:
    return pairs.replaced(prediction=(pairs.prediction % 3 >= 1).astype(np.int64))


def count_pairs(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of a table of ids, after the contract's rules for odd ones."""
    pairs = drop_ignored(pairs, inputs, choices)
    if choices.stray_truth is Stray.OWN_CLASS:
        return _count_found_labels(pairs, inputs)
    if choices.stray_truth is Stray.NOT_1:
        pairs = _binarise(pairs)
    if choices.distinct:
        _check_distinct(inputs)
    found = _count_cells(pairs, inputs, choices)
    return (
        clear_class(found, inputs.ignore_index)
        if choices.ignored is Ignored.CLASS_CLEARED
        else found
    )


def _count_cells(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of the cells where the pairs are counted; many contracts share them."""
    classes, images = inputs.num_classes, inputs.samples
    in_bytes = counts_in_bytes(inputs, choices)
    if choices.group is Group.DATA_SET and not choices.batches and inputs.batch_size is None:
        pairs, images = pairs.pooled(), 1

    def counted() -> Areas:
        cells = assign_cells(pairs, classes, choices, in_bytes=in_bytes)
        dropped = 0 if cells is pairs else pairs.total - cells.total
        largest = _find_largest_count(cells) if choices.counting is Counting.STOPS else 0
        if largest > FLOAT32_LIMIT and inputs.batch_size is not None:
            cells = saturate_counts(cells, inputs.batch_size)
        found = sum_areas(cells, images=images, classes=classes)
        return replace(found, dropped=dropped, largest=largest)

    odd = not (is_inside(pairs.truth_span, classes) and is_inside(pairs.prediction_span, classes))
    stops = choices.counting is Counting.STOPS
    rules = (choices.stray_truth, choices.stray_prediction, choices.wrap) if odd else ()
    rules = (*rules, in_bytes)
    if images * classes > MOST_KEPT:
        return counted()
    return pairs.cached(
        ("areas", images, classes, stops and inputs.batch_size, stops, rules), counted
    )


def _find_largest_count(cells: PairCounts) -> int:
    """Return the largest count of a cell over all images."""
    return int(cells.pooled().count.max(initial=0))


def drop_ignored(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> PairCounts:
    """Return the pairs without those whose truth the contract ignores."""
    ignore, rule = inputs.ignore_index, choices.ignored
    if rule is Ignored.BELOW_0_TOO:
        pairs = _drop_truth(pairs, "below 0")
    if rule is Ignored.IS_255:
        ignore = 255
    if ignore is None:
        return pairs
    if rule in _NONE_LEAVE:
        if rule is Ignored.MEAN_ONLY_INSIDE and not _is_class(ignore, inputs):
            raise LibraryError(
                "ValueError: ignore_index should be integer and in the range of"
                f" [0, {inputs.num_classes}), but given {ignore}"
            )
        return pairs
    if rule is Ignored.INSIDE_ONLY and not _is_class(ignore, inputs):
        return pairs
    if rule is Ignored.OUTSIDE_ONLY and _is_class(ignore, inputs):
        raise LibraryError(
            "ValueError: ``ignore_index`` should be outside the class values range, but got class"
            f" values in range 0..{inputs.num_classes - 1} and ``ignore_index={ignore}``."
        )
    return _drop_truth(pairs, ignore)


def _is_class(label: int, inputs: MetricInputs) -> bool:
    return 0 <= label < inputs.num_classes


def _drop_truth(pairs: PairCounts, label: int | str) -> PairCounts:
    """Return the pairs without those of one true label, or without those below 0."""
    if not isinstance(label, str):
        return pairs.without(label)
    if pairs.truth_span[0] >= 0:
        return pairs
    return pairs.cached(label, lambda: pairs.where(pairs.truth >= 0))


def _find_distinct(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    # asked for counts, NumPy does not import numpy.ma, which takes longer than a small check
    values, _ = np.unique(labels, return_counts=True)
    return values


def saturate_counts(cells: PairCounts, batch_size: int) -> PairCounts:
    """Return the counts of updates of so many images, each cell stopping at 2**24."""
    if batch_size > cells.images[1]:
        updates = cells.pooled()
    else:
        updates = cells.in_batches(batch_size).relabel()
    return updates.replaced(count=updates.count.clip(max=FLOAT32_LIMIT))


def _check_distinct(inputs: MetricInputs) -> None:
    """Raise where torchmetrics does, which counts values and does not look at them."""
    allowed = inputs.num_classes + (inputs.ignore_index is not None)
    if inputs.pred_dtype.kind == "f" or inputs.form is not PredictionForm.LABELS:
        return
    pairs = inputs.labels.pooled()
    for side, labels, span, most in (
        ("target", pairs.truth, pairs.truth_span, allowed),
        ("preds", pairs.prediction, pairs.prediction_span, inputs.num_classes),
    ):
        if not is_inside(span, most) and len(_find_distinct(labels)) > most:
            raise LibraryError(
                f"RuntimeError: Detected more unique values in `{side}` than expected. Expected"
                f" only {most} but found {len(_find_distinct(labels))} in `target`."
            )


def clear_class(found: Areas, label: int | None) -> Areas:
    """Return the areas without those of one class."""
    if label is None or not 0 <= label < found.truth.shape[1]:
        return found
    keep = np.arange(found.truth.shape[1]) != label
    return Areas.of(np.where(keep, part, 0) for part in found.parts)


def _count_found_labels(pairs: PairCounts, inputs: MetricInputs) -> Areas:
    """Return the areas where every label that occurs is a class."""
    seen = _find_labels(pairs)

    def counted() -> Areas:
        ids = pairs
        if not np.array_equal(seen, np.arange(len(seen))):
            ids = pairs.replaced(
                truth=np.searchsorted(seen, pairs.truth),
                prediction=np.searchsorted(seen, pairs.prediction),
            )
        return sum_areas(ids, images=inputs.samples, classes=len(seen))

    if inputs.samples * len(seen) > MOST_KEPT:
        return counted()
    return pairs.cached(("areas of all labels", inputs.samples), counted)


def _find_labels(pairs: PairCounts) -> NDArray[np.int64]:
    """Return the labels that occur on either side."""
    pooled = pairs.pooled()
    return _find_distinct(np.concatenate([pooled.truth, pooled.prediction]))


def _binarise(pairs: PairCounts) -> PairCounts:
    """Return the pairs with 1 for the label 1 and 0 for another, as scikit-learn reads two.

    Raises:
        Raises: there are more labels than two, or two without 1.
    """
    seen = _find_labels(pairs)
    if len(seen) > TWO_CLASSES:
        raise LibraryError(
            "ValueError: Target is multiclass but average='binary'. Please choose another average"
            " setting, one of [None, 'micro', 'macro', 'weighted']."
        )
    if len(seen) == TWO_CLASSES and 1 not in seen:
        raise LibraryError(
            f"ValueError: pos_label=1 is not a valid label. It should be one of {seen}"
        )
    return pairs.replaced(
        truth=(pairs.truth == 1).astype(np.int64),
        prediction=(pairs.prediction == 1).astype(np.int64),
    )
