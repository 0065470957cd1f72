"""Find the cell of its matrix in which an implementation counts a pair, or the error it raises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Choices, Stray, Wrap
from iou_doctor.metrics.engine.library_errors import LabelError, NotEvaluated
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

BYTE_VALUES = 2**8
"""The numbers that uint8 holds: beyond 255 the numbering of cells starts at 0 again."""
SIDES = {"truth": "masks", "prediction": "predictions"}


def is_inside(span: tuple[int, int], classes: int) -> bool:
    """Return whether the least and the largest label, `span`, are classes."""
    return span[0] >= 0 and span[1] < classes


def counts_in_bytes(inputs: MetricInputs, choices: Choices) -> bool:
    """Return whether cells are numbered in uint8, and some of the numbers exceed 255.

    NumPy 2 keeps a uint8 array uint8 when it is multiplied by a Python integer up to 255, and
    raises for a larger one. Torch multiplies masks of uint8 in the same way.
    """
    if choices.byte_rows:
        return _numbers_rows_in_bytes(inputs)
    stored, classes = {inputs.true_dtype, inputs.pred_dtype}, inputs.num_classes
    if not choices.byte_cells or inputs.form is not PredictionForm.LABELS or classes >= BYTE_VALUES:
        return False
    if stored != {np.dtype(np.uint8)}:
        return False
    pooled = inputs.labels.pool()
    numbers = classes * pooled.truth + pooled.prediction
    return bool((numbers[pooled.truth < classes] >= BYTE_VALUES).any())


def _numbers_rows_in_bytes(inputs: MetricInputs) -> bool:
    classes, truth = inputs.num_classes, inputs.labels.pool().truth
    if inputs.true_dtype != np.uint8 or classes >= BYTE_VALUES:
        return False
    return bool((classes * truth[truth < classes] >= BYTE_VALUES).any())


def assign_cells(
    pairs: PairCounts, classes: int, choices: Choices, *, in_bytes: bool
) -> PairCounts:
    """Return the pairs with the labels of the cells in which the implementation counts them.

    A side that is left out gets the label -1.

    Raises:
        LabelError: the library would raise for a label outside the classes.
    """
    pairs = _apply_stray_rule(pairs, "truth", classes, choices.stray_truth)
    pairs = _apply_stray_rule(pairs, "prediction", classes, choices.stray_prediction)
    wraps = Stray.WRAPS in {choices.stray_truth, choices.stray_prediction} or choices.byte_rows
    plain = is_inside(pairs.truth_span, classes) and is_inside(pairs.prediction_span, classes)
    if wraps and (in_bytes or not plain):
        pairs = _wrap_cells(pairs, classes, choices, in_bytes=in_bytes)
    return pairs


def _apply_stray_rule(pairs: PairCounts, side: str, classes: int, stray: Stray) -> PairCounts:
    if stray is Stray.WRAPS or is_inside(getattr(pairs, f"{side}_span"), classes):
        return pairs
    if stray is Stray.AS_NUMBER:
        raise NotEvaluated("it calculates with labels as numbers, and some are not 0 or 1")
    if stray is Stray.RAISES:
        refuse_stray(pairs, side, classes)
    labels = getattr(pairs, side)
    known = (labels >= 0) & (labels < classes)
    if stray is Stray.DROPPED:
        return pairs.keep_rows(known)
    return pairs.replace(**{side: np.where(known, labels, -1)})


def refuse_stray(pairs: PairCounts, side: str, classes: int) -> None:
    """Raise if a side has a label outside the classes.

    Args:
        pairs: what the implementation reads.
        side: "truth" or "prediction".
        classes: the number of classes.

    Raises:
        LabelError: it has.
    """
    labels = getattr(pairs, side)
    known = (labels >= 0) & (labels < classes)
    if not known.all():
        raise LabelError(int(labels[~known][0]), SIDES[side], classes, labels)


def _wrap_cells(pairs: PairCounts, classes: int, choices: Choices, *, in_bytes: bool) -> PairCounts:
    truth_major = choices.wrap is Wrap.TRUTH_MAJOR
    width = classes + 1 if choices.wrap is Wrap.WITH_VOID else classes
    major, minor = (
        (pairs.truth, pairs.prediction) if truth_major else (pairs.prediction, pairs.truth)
    )
    row = width * major
    if in_bytes and choices.byte_rows:
        index = row % BYTE_VALUES + minor
    else:
        index = (row + minor) % BYTE_VALUES if in_bytes else row + minor
    if ((index < 0) | (index >= width * width)).any():
        raise _build_cell_error(pairs, index, classes, width)
    one, other = np.divmod(index, width)
    truth, prediction = (one, other) if truth_major else (other, one)
    cells = pairs.replace(truth=truth, prediction=prediction)
    return cells.keep_rows((truth < classes) & (prediction < classes))


def _build_cell_error(
    pairs: PairCounts, index: NDArray[np.int64], classes: int, width: int
) -> LabelError:
    """Return the error for cells outside the matrix.

    A cell below 0 is reported before one beyond the end. The error names the first label that
    leads to such a cell, of the masks if possible, else of the predictions.
    """
    below = index < 0
    rows = pairs.keep_rows(below if below.any() else index >= width * width)
    for side, name in SIDES.items():
        labels: NDArray[np.int64] = getattr(rows, side)
        odd = labels[(labels < 0) | (labels >= classes)]
        if len(odd):
            found = LabelError(int(odd[0]), name, classes, getattr(pairs, side))
            found.cells = width, int(index.max()) + 1
            found.below = bool(below.any())
            return found
    raise AssertionError("labels within the classes have a cell")
