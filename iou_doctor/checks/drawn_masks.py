"""Tell masks that were drawn and then smoothed from the scores of a network."""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence

LEAST_EXACT = 0.05
"""Share of exact zeros, or of one-hot pixels, from which masks were drawn and then smoothed: no
sigmoid or softmax in 32 bits reaches 0."""
FEWEST_BYTES = 4
"""The bytes of a number of 32 bits."""
LABELS = 2
"""The number of values of smoothed labels of one channel."""


def were_drawn(evidence: Evidence) -> bool:
    """Return whether fractions in the masks stand beside exact zeros, or are only two."""
    values, encoding = evidence.stats.y_true, evidence.interpretation.y_true
    if encoding not in {Encoding.LABELS, Encoding.PROBABILITIES} or not values.within_unit:
        return False
    scaled = evidence.times_255 if encoding is Encoding.LABELS else None
    if scaled is not None and len(scaled.count_truths()) <= LABELS:
        return True
    if evidence.pair.y_true.dtype.itemsize < FEWEST_BYTES:
        return False
    is_dense = evidence.interpretation.layout.y_true.is_dense
    exact = values.one_hot if is_dense else evidence.pairs.count_truths().get(0, 0)
    return exact >= LEAST_EXACT * values.pixels
