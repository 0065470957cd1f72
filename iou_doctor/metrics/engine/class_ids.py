"""Find the class ids that a library reads from the arrays, or the error it raises."""

from __future__ import annotations

import numpy as np

from iou_doctor.counts.label_decoding import (
    LabelDecoding,
    Pairing,
    decode_no_class,
    is_no_class,
)
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import Choices, Floats
from iou_doctor.metrics.engine.library_errors import LengthError, ScoreError
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

TWO_CLASSES = 2


def read_class_ids(inputs: MetricInputs, choices: Choices) -> PairCounts:
    """Return the pairs as a library that takes class ids reads them.

    Raises:
        ScoreError: the library refuses predictions of this kind.
    """
    if inputs.form is not PredictionForm.CHANNELS:
        no_class = is_no_class(inputs.labels.prediction_span[0])
        if choices.needs_integers and inputs.pred_dtype.kind == "f":
            raise build_score_error(inputs)
        if choices.floats is Floats.REFUSED and no_class:
            raise build_score_error(inputs)
        if choices.floats is Floats.EXACT:
            return inputs.labels
    return answer_naively(inputs.labels)


def holds_fractions(inputs: MetricInputs) -> bool:
    """Return whether the masks hold a number that is not whole, or NaN."""
    return inputs.true_dtype.kind == "f" and is_no_class(inputs.labels.truth_span[0])


def build_score_error(inputs: MetricInputs) -> ScoreError:
    """Return the error for predictions that are not integers."""
    few = len(inputs.labels.count_truths()) <= TWO_CLASSES
    return ScoreError(inputs.pred_dtype, "binary" if few else "multiclass")


def answer_naively(pairs: PairCounts) -> PairCounts:
    """Return the pairs with the class that a library reads where a value, such as NaN, is no class.

    Rows of the result may be equal.
    """

    def replace_codes() -> PairCounts:
        return pairs.replace(
            truth=decode_no_class(pairs.truth), prediction=decode_no_class(pairs.prediction)
        )

    lowest = min(pairs.truth_span[0], pairs.prediction_span[0])
    return pairs.cached("naive", replace_codes) if is_no_class(lowest) else pairs


def flatten_pairs(inputs: MetricInputs, pairing: Pairing) -> PairCounts:
    """Return what an implementation reads if it flattens both arrays and casts them to integers.

    Raises:
        LengthError: the two sides flatten to different lengths.
    """
    if pairing not in inputs.flat:
        raise LengthError(inputs.lengths.get(pairing, (None, None)))
    pairs = answer_naively(inputs.flat[pairing])
    if pairing.y_pred is LabelDecoding.BINS:
        return pairs.cached("above", lambda: _threshold_bins(pairs))
    return pairs


def _threshold_bins(pairs: PairCounts) -> PairCounts:
    return pairs.replace(prediction=(pairs.prediction % 3 >= 1).astype(np.int64))
