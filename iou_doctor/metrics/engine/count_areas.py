"""From what is given to areas, by the choices of a contract."""

from __future__ import annotations

import numpy as np

from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.metrics.definition import Choices, Floats
from iou_doctor.metrics.engine.areas import Areas, LibraryError
from iou_doctor.metrics.engine.labels import (
    answer_naively,
    build_score_error,
    count_pairs,
    flatten_pairs,
    read_class_ids,
)
from iou_doctor.metrics.engine.scores import count_exact_ones, count_one_channel, sum_scores
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

READ_FROM_SUMS = frozenset({Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO})


def count_areas(inputs: MetricInputs, choices: Choices, pairing: Pairing | None = None) -> Areas:
    """Return the areas that a contract with these choices counts.

    Args:
        inputs: the arrays.
        choices: the contract's.
        pairing: what it counts where it flattens both arrays as they are stored.

    Raises:
        Raises: the library would raise.
        NotReplayed: a statistic is missing.
    """
    if (
        choices.floats is Floats.SCORES_REFUSED
        and inputs.pred_dtype.kind == "f"
        and (inputs.form is not PredictionForm.LABELS)
    ):
        raise build_score_error(inputs)
    if (
        not choices.half
        and inputs.pred_dtype == np.float16
        and inputs.form is not PredictionForm.CHANNELS
    ):
        raise LibraryError("ValueError: float16 is not the expected format")
    if pairing is not None:
        return count_pairs(flatten_pairs(inputs, pairing), inputs, choices)
    if inputs.form is PredictionForm.ONE_CHANNEL and choices.floats is Floats.NON_ZERO:
        return count_exact_ones(inputs)
    soft = choices.floats in {Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO}
    if inputs.form is not PredictionForm.LABELS and soft:
        return sum_scores(inputs, choices)
    if choices.floats is Floats.READ and inputs.read is not None:
        return count_pairs(answer_naively(inputs.read), inputs, choices)
    if inputs.form is PredictionForm.ONE_CHANNEL:
        return count_one_channel(inputs, choices)
    pairs = read_class_ids(inputs, choices)
    return count_pairs(pairs, inputs, choices)
