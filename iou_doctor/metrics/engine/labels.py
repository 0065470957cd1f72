"""From a table of class ids to areas: labels outside the classes, cells and their counters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.class_areas import MOST_CACHED
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import (
    COUNTER_LIMITS,
    Choices,
    Group,
    Ignored,
    Sigmoid,
    Stray,
)
from iou_doctor.metrics.engine.areas import Areas, sum_areas
from iou_doctor.metrics.engine.cells import assign_cells, counts_in_bytes, is_inside, refuse_stray
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.engine.ignored_pixels import drop_ignored
from iou_doctor.metrics.engine.library_errors import LibraryError
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

LARGEST_LOGIT = 500.0
"""Beyond this, a sigmoid is 0 or 1."""
FLOAT32_LIMIT = 2**24
"""The limit of a float32 counter that is incremented by one: 2**24 + 1 is rounded to 2**24."""


def count_pairs(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of a table of class ids.

    Args:
        pairs: what the implementation reads from the arrays.
        inputs: the arrays.
        choices: what the contract decides about ignored labels and those outside the classes.

    Raises:
        LibraryError: the library would raise for one of the labels.
    """
    if choices.checks_ignored_predictions and inputs.pred_dtype.kind != "f":
        refuse_stray(pairs, "prediction", inputs.num_classes)
    pairs = drop_ignored(pairs, inputs, choices)
    if choices.sigmoid is Sigmoid.BY_UPDATE and inputs.pred_dtype.kind == "f":
        pairs = _threshold_ids(pairs, inputs.threshold)
    if choices.counts_distinct_labels:
        _check_distinct(inputs)
    if choices.stray_truth is Stray.OWN_CLASS:
        return _count_found_labels(pairs, inputs)
    if choices.stray_truth is Stray.NOT_1:
        pairs = _binarise(pairs)
    if choices.stray_truth is Stray.OBJECT:
        pairs = mark_objects(pairs)
    areas = _count_cells(pairs, inputs, choices)
    if choices.ignored is Ignored.CLASS_CLEARED:
        return clear_class(areas, inputs.ignore_index)
    return areas


def _threshold_ids(pairs: PairCounts, threshold: float) -> PairCounts:
    """Return the pairs of a library that takes whole numbers in floats for scores.

    It applies a sigmoid to all of them if one is outside [0, 1].
    """
    scores = pairs.prediction.astype(np.float64)
    if ((scores < 0) | (scores > 1)).any():
        scores = 1 / (1 + np.exp(-scores.clip(-LARGEST_LOGIT, LARGEST_LOGIT)))
    return pairs.replace(prediction=(scores > threshold).astype(np.int64))


def find_cells(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> PairCounts:
    """Return the pairs that an implementation counts, both labels of which are classes.

    Raises:
        LibraryError: the library would raise for one of the labels.
    """
    kept = drop_ignored(pairs, inputs, choices)
    return assign_cells(kept, inputs.num_classes, choices, in_bytes=False)


def _count_cells(pairs: PairCounts, inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of the cells where the pairs are counted; contracts share the result."""
    classes, images = inputs.num_classes, inputs.samples
    in_bytes = counts_in_bytes(inputs, choices)
    by_data_set = choices.group is Group.DATA_SET and not choices.averages_batches
    by_data_set = by_data_set and choices.sharding is None
    if by_data_set and inputs.batch_size is None:
        pairs, images = pairs.pool(), 1

    def count() -> Areas:
        cells = assign_cells(pairs, classes, choices, in_bytes=in_bytes)
        dropped = 0 if cells is pairs else pairs.total - cells.total
        largest = _find_largest_count(cells) if stops else 0
        if largest > FLOAT32_LIMIT and inputs.batch_size is not None:
            cells = _saturate_counts(cells, inputs.batch_size)
        areas = sum_areas(cells, images=images, classes=classes)
        return replace(areas, dropped=dropped, largest=largest)

    stops = choices.counting in COUNTER_LIMITS
    inside = is_inside(pairs.truth_span, classes) and is_inside(pairs.prediction_span, classes)
    # the rules for labels outside the classes matter only if there are any
    rules = () if inside else (choices.stray_truth, choices.stray_prediction, choices.wrap)
    if images * classes > MOST_CACHED:
        return count()
    updates = stops and inputs.batch_size
    return pairs.cached(("areas", images, classes, updates, stops, *rules, in_bytes), count)


def _find_largest_count(cells: PairCounts) -> int:
    """Return the largest count of a cell over all images."""
    return int(cells.pool().count.max(initial=0))


def _saturate_counts(cells: PairCounts, batch_size: int) -> PairCounts:
    """Return the counts of the updates, each cell of an update stopping at `FLOAT32_LIMIT`."""
    if batch_size > cells.image_span[1]:
        updates = cells.pool()
    else:
        updates = cells.group_into_batches(batch_size).relabel()
    return updates.replace(count=updates.count.clip(max=FLOAT32_LIMIT))


def _check_distinct(inputs: MetricInputs) -> None:
    """Raise if torchmetrics raises, which counts distinct values of any kind.

    Source: torchmetrics 1.9.0, `_multiclass_confusion_matrix_tensor_validation`. It says
    "in `target`" for both arrays.
    """
    allowed = inputs.num_classes + (inputs.ignore_index is not None)
    if inputs.pred_dtype.kind == "f" or inputs.form is not PredictionForm.LABELS:
        return
    pairs = inputs.labels.pool()
    for side, labels, span, most in (
        ("target", pairs.truth, pairs.truth_span, allowed),
        ("preds", pairs.prediction, pairs.prediction_span, allowed),
    ):
        if not is_inside(span, most) and len(_find_distinct(labels)) > most:
            raise LibraryError(
                f"RuntimeError: Detected more unique values in `{side}` than expected. Expected"
                f" only {most} but found {len(_find_distinct(labels))} in `target`."
            )


def clear_class(areas: Areas, label: int | None) -> Areas:
    """Return the areas with those of one class set to 0."""
    if label is None or not 0 <= label < areas.truth.shape[1]:
        return areas
    keep = np.arange(areas.truth.shape[1]) != label
    return Areas.of(np.where(keep, table, 0) for table in areas.tables)


def _count_found_labels(pairs: PairCounts, inputs: MetricInputs) -> Areas:
    """Return the areas where every label that occurs is a class, as scikit-learn counts."""
    labels = _find_labels(pairs)

    def count() -> Areas:
        ids = pairs
        if not np.array_equal(labels, np.arange(len(labels))):
            ids = pairs.replace(
                truth=np.searchsorted(labels, pairs.truth),
                prediction=np.searchsorted(labels, pairs.prediction),
            )
        return sum_areas(ids, images=inputs.samples, classes=len(labels))

    if inputs.samples * len(labels) > MOST_CACHED:
        return count()
    return pairs.cached(("areas of all labels", inputs.samples), count)


def _find_labels(pairs: PairCounts) -> NDArray[np.int64]:
    """Return the labels that occur on either side, ascending."""
    pooled = pairs.pool()
    return _find_distinct(np.concatenate([pooled.truth, pooled.prediction]))


def _find_distinct(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    # without return_counts, NumPy imports numpy.ma, which takes longer than a small check
    values, _ = np.unique(labels, return_counts=True)
    return values


def mark_objects(pairs: PairCounts) -> PairCounts:
    """Return the pairs with 1 for every label but 0, as an array of booleans holds it."""
    return pairs.replace(
        truth=(pairs.truth != 0).astype(np.int64),
        prediction=(pairs.prediction != 0).astype(np.int64),
    )


def _binarise(pairs: PairCounts) -> PairCounts:
    """Return the pairs with 1 for the label 1 and 0 for another.

    Source: scikit-learn 1.9.1, `_check_set_wise_labels` with `average="binary"`.

    Raises:
        LibraryError: there are more than two labels, or two without 1.
    """
    labels = _find_labels(pairs)
    if len(labels) > TWO_CLASSES:
        raise LibraryError(
            "ValueError: Target is multiclass but average='binary'. Please choose another average"
            " setting, one of [None, 'micro', 'macro', 'weighted']."
        )
    if len(labels) == TWO_CLASSES and 1 not in labels:
        raise LibraryError(
            f"ValueError: pos_label=1 is not a valid label. It should be one of {labels}"
        )
    return pairs.replace(
        truth=(pairs.truth == 1).astype(np.int64),
        prediction=(pairs.prediction == 1).astype(np.int64),
    )
