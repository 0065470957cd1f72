"""From what is given to areas, by the choices of a contract."""

from __future__ import annotations

import numpy as np

from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.metrics.definition import Choices, Floats
from iou_doctor.metrics.engine.areas import Areas, Raises
from iou_doctor.metrics.engine.labels import class_ids, flattened, naive, of_pairs, refused
from iou_doctor.metrics.engine.scores import of_ones, of_scores, summed
from iou_doctor.metrics.inputs import Form, Given

READ_FROM_SUMS = frozenset({Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO})


def areas(given: Given, choices: Choices, pairing: Pairing | None = None) -> Areas:
    """Return the areas that a contract with these choices counts.

    Args:
        given: the arrays.
        choices: the contract's.
        pairing: what it counts where it flattens both arrays as they are stored.

    Raises:
        Raises: the library would raise.
        NotReplayed: a statistic is missing.
    """
    if (
        choices.floats is Floats.SCORES_REFUSED
        and given.pred_dtype.kind == "f"
        and (given.form is not Form.LABELS)
    ):
        raise refused(given)
    if not choices.half and given.pred_dtype == np.float16 and given.form is not Form.CHANNELS:
        raise Raises("ValueError: float16 is not the expected format")
    if pairing is not None:
        return of_pairs(flattened(given, pairing), given, choices)
    if given.form is Form.ONE_CHANNEL and choices.floats is Floats.NON_ZERO:
        return of_ones(given)
    soft = choices.floats in {Floats.SOFT, Floats.SQUARED, Floats.ABOVE, Floats.NON_ZERO}
    if given.form is not Form.LABELS and soft:
        return summed(given, choices)
    if choices.floats is Floats.READ and given.read is not None:
        return of_pairs(naive(given.read), given, choices)
    if given.form is Form.ONE_CHANNEL:
        return of_scores(given, choices)
    pairs = class_ids(given, choices)
    return of_pairs(pairs, given, choices)
