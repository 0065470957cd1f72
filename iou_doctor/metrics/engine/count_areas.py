"""From the arrays to the areas that an implementation counts, by the choices of its contract."""

from __future__ import annotations

import numpy as np

from iou_doctor.counts.label_decoding import Pairing, decode_no_class, is_no_class
from iou_doctor.metrics.definition import Choices, Floats
from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.engine.class_ids import (
    answer_naively,
    build_score_error,
    flatten_pairs,
    holds_fractions,
    read_class_ids,
)
from iou_doctor.metrics.engine.labels import count_pairs
from iou_doctor.metrics.engine.library_errors import LibraryError, MaskError, NotEvaluated
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

_SHORT_TYPES = (np.dtype(np.float16), np.dtype(np.int8))
_COUNTED_FROM_SUMS = frozenset({Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO})


def count_areas(inputs: MetricInputs, choices: Choices, pairing: Pairing | None = None) -> Areas:
    """Return the areas that a contract with these choices counts.

    Args:
        inputs: the arrays.
        choices: what the contract decides.
        pairing: what it counts if it flattens both arrays as they are stored.

    Raises:
        LibraryError: the library would raise.
        NotEvaluated: a statistic is missing.
    """
    _check_dtype(inputs, choices)
    if pairing is not None:
        return count_pairs(flatten_pairs(inputs, pairing), inputs, choices)
    if choices.floats is Floats.COMPARED and inputs.form is not PredictionForm.CHANNELS:
        if inputs.exact is not None:
            from iou_doctor.metrics.engine.bins import count_bins  # seldom needed

            return count_bins(inputs.exact, inputs, choices)
        _check_fractions(inputs)
    if inputs.form is not PredictionForm.LABELS:
        counted = _count_scores(inputs, choices)
        if counted is not None:
            return counted
    if choices.floats is Floats.READ and inputs.interpreted is not None:
        return count_pairs(answer_naively(inputs.interpreted), inputs, choices)
    return count_pairs(read_class_ids(inputs, choices), inputs, choices)


def _count_scores(inputs: MetricInputs, choices: Choices) -> Areas | None:
    """Return the areas of scores; `None` if their labels alone give them."""
    from iou_doctor.metrics.engine import scores  # labels do not need it

    one_channel = inputs.form is PredictionForm.ONE_CHANNEL
    if one_channel and choices.floats is Floats.NON_ZERO:
        return scores.count_exact_ones(inputs)
    if choices.floats in _COUNTED_FROM_SUMS:
        return scores.sum_scores(inputs, choices)
    if choices.floats is Floats.READ and inputs.interpreted is not None:
        return None
    return scores.count_one_channel(inputs, choices) if one_channel else None


def _check_fractions(inputs: MetricInputs) -> None:
    """Refuse to say how fractions are binned.

    Raises:
        NotEvaluated: there are some, and they were not counted by their values.
    """
    for codes in (inputs.labels.truth, inputs.labels.prediction):
        naive = decode_no_class(codes[is_no_class(codes)])
        if inputs.form is PredictionForm.LABELS and (abs(naive) < inputs.num_classes).any():
            raise NotEvaluated("it bins fractions by their size, which takes too long here")


def _check_dtype(inputs: MetricInputs, choices: Choices) -> None:
    """Raise where the implementation refuses the dtype of the predictions."""
    if not choices.takes_fractional_masks and holds_fractions(inputs):
        raise MaskError(inputs.true_dtype)
    scores = inputs.pred_dtype.kind == "f" and inputs.form is not PredictionForm.LABELS
    if choices.floats is Floats.SCORES_REFUSED and scores:
        raise build_score_error(inputs)
    if not choices.takes_short_types:
        stored = [inputs.true_dtype]
        stored += [inputs.pred_dtype] if inputs.form is not PredictionForm.CHANNELS else []
        for dtype in stored:
            if dtype in _SHORT_TYPES:
                raise LibraryError(f"ValueError: {dtype} is not the expected format")
