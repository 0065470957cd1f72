"""Recognize scores in the masks, where predictions may have been passed in their place."""

import re
from pathlib import PurePath

from iou_doctor.arrays.byte_scores import are_mostly_ends, find_whole_scores
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.value_counts import ValueCounts

MASK_WORDS = frozenset(
    {"mask", "masks", "label", "labels", "gt", "truth", "target", "targets", "annotations"}
)
"""Words in the names of files that hold masks."""
PREDICTION_WORDS = frozenset(
    {"pred", "preds", "predicted", "prediction", "predictions", "logits", "probs", "scores"}
)
"""Words in the names of files that hold predictions."""
LEAST_FRACTIONAL = 0.5
"""Minimum share of fractional values among scores. Resized masks keep most of their pixels whole.
"""
LEAST_OFF_GRID = 0.1
"""Minimum share of values among scores that are not multiples of 1/255. Masks divided by 255 have
none, and scores near 0 and 1 may look like such multiples.
"""
LEAST_LOGIT = -1.0
"""The smallest of all logits is below this. Interpolated masks overshoot 0 by less."""
BINARY_LABELS = frozenset({0, 1, 255})
"""Labels in masks of two classes. One channel of scores cannot predict more classes."""
MOST_SMOOTHED_RATIO = 1.02
"""Largest ratio between the largest channels of any two pixels after label smoothing, which gives
all pixels the same largest value. Scores differ by more."""


def do_names_tell(evidence: Evidence) -> bool:
    """Return whether the file of masks is named like predictions, and the other one like masks."""
    first, second = (
        set(re.split(r"[^a-z]+", PurePath(source.path).name.lower()))
        for source in (evidence.pair.y_pred, evidence.pair.y_true)
    )
    is_first_masks = bool(first & MASK_WORDS) and not first & PREDICTION_WORDS
    return is_first_masks and bool(second & PREDICTION_WORDS) and not second & MASK_WORDS


def describe_scores(evidence: Evidence) -> str | None:
    """Return which kind of scores the masks hold, or `None` if they hold none."""
    encoding, values = evidence.interpretation.y_true, evidence.stats.y_true
    if find_scale_of_scores(evidence) is not None:
        return "one channel of whole numbers, as scores times 255"
    if (
        evidence.pair.y_true.dtype.kind != "f"
        or values.fractional < LEAST_FRACTIONAL * values.values
    ):
        return None
    from iou_doctor.checks.drawn_masks import were_drawn  # only for masks of fractions

    if were_drawn(evidence) and not do_names_tell(evidence):
        return None
    signed = values.minimum is not None and values.minimum < LEAST_LOGIT
    if encoding is Encoding.LOGITS:
        return "channels outside [0, 1]" if signed else None
    if encoding is Encoding.PROBABILITIES:
        return "channels in [0, 1]" if _has_varied_maxima(values) else None
    if (
        evidence.interpretation.layout.y_true.is_dense
        or not set(_list_predicted_labels(evidence)) <= BINARY_LABELS
    ):
        return None
    if encoding is Encoding.BINARY_LOGITS:
        return "one channel outside [0, 1]" if signed else None
    off_grid = values.off_255_grid >= LEAST_OFF_GRID * values.values
    return "one channel in [0, 1]" if values.within_unit and off_grid else None


def find_scale_of_scores(evidence: Evidence) -> int | None:
    """Return the value that stands for a score of 1 if the masks hold scores as whole numbers."""
    if evidence.interpretation.y_true is not Encoding.LABELS or not (
        set(_list_predicted_labels(evidence)) <= BINARY_LABELS
    ):
        return None
    if are_mostly_ends(evidence.pairs.count_truths()) and not do_names_tell(evidence):
        return None  # masks of 0 and 255 that went through JPEG look alike
    scores = find_whole_scores(evidence.pairs.pool().swap_sides(), None)
    return None if scores is None or scores.is_inverted else scores.one


def _list_predicted_labels(evidence: Evidence) -> list[int]:
    return list(evidence.pairs.count_predictions())


def _has_varied_maxima(values: ValueCounts) -> bool:
    """Return whether the largest channel differs between pixels, unlike that of smoothed labels."""
    top, most = values.minimum_top, values.maximum
    smoothed = top is None or most is None or most <= MOST_SMOOTHED_RATIO * top
    return not smoothed and values.one_hot < LEAST_FRACTIONAL * values.pixels
