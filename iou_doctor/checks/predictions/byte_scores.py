"""The predictions are scores on another scale than 0 to 1, as in a grey picture of 0 to 255.

Saliency and medical tools save `sigmoid(x) * 255` as an 8-bit picture. Read as class ids, it has up
to 256 classes. A threshold of 0.5 makes an object of every pixel above 0.

    cv2.imwrite("map.png", (scores * 255).astype("uint8"))
    predictions = cv2.imread("map.png", 0) > 127     # the same as scores >= 0.5

Cut the values in the middle of their range: at 127 in 8 bits, at 32,767 in 16 bits, and at 0 in
signed bytes, as quantized networks put them out. In an inverted picture, low values are the object.
The rule fires if the predictions take many values while the masks hold two, unless all values above
0 are the object, as with numbers of instances.
"""

from collections.abc import Sequence

import numpy as np

from iou_doctor.arrays.byte_scores import (
    WholeScores,
    decode_grey_as_labels,
    find_whole_scores,
)
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.colours import get_axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import score_repaired
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_first, format_count
from iou_doctor.counts.label_decoding import decode_rounded, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Labels, Repair
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU215",
    name="byte-scores",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are scores on another scale than 0 to 1, and were never thresholded",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.ENCODING
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.NUMBERING,
    also_explains=("interpolated-predictions", "inputs-swapped"),
)

MOST_LOGIT = 100
"""Signed bytes that stay closer to 0 than this are logits, and no scores of 0 to 1. Those of a
model that predicts anything reach further."""
MOST_OFF = 0.02
"""How far a metric that cuts signed bytes at 0.5 may be from one that cuts them at 0."""


def find(evidence: Evidence) -> Result:
    """Look for predictions of many grey levels beside masks of two classes."""
    interpretation = evidence.interpretation
    if interpretation.num_classes != 2:
        return []
    pairs = _read_levels(evidence)
    if pairs is None:
        return []
    are_rounded = evidence.stats.y_pred.fractional > 0
    scores = find_whole_scores(pairs, interpretation.ignore_index, are_rounded=are_rounded)
    if scores is None:
        return []
    levels = [label for label in pairs.count_predictions() if not is_no_class(label)]
    reached = levels[-1] > scores.cut
    repair = _build_repair(evidence, scores) if reached else None
    is_cut = scores.zero < 0 and repair is not None and _cuts_well(evidence, repair)
    cuts = "your metric cuts them near the middle" if is_cut else "were never thresholded"
    return [
        Finding(
            RULE,
            message=f"predictions are {evidence.pair.y_pred.dtype} scores"
            f" {_describe_values(evidence.stats.y_pred, levels)} and {cuts}:"
            f" {_describe_scale(scores, levels)}"
            + ("" if reached else ", and no score reaches half of it"),
            help=_write_help(evidence, scores, reached=reached),
            facts={
                "minimum": levels[0],
                "maximum": levels[-1],
                "levels": len(levels),
                "full_scale": scores.one,
                "cut": scores.cut,
            },
            evidence=describe_first(evidence.stats.y_pred.first, evidence),
            repair=repair,
            severity_override=Severity.WARNING if is_cut else None,
        )
    ]


def _describe_values(values: ValueCounts, levels: Sequence[int]) -> str:
    if values.fractional and values.minimum is not None and values.maximum is not None:
        return f"from {values.minimum:.4g} to {values.maximum:.4g}"
    return f"from {levels[0]} to {levels[-1]}, in {format_count(len(levels), 'level')},"


def _describe_scale(scores: WholeScores, levels: Sequence[int]) -> str:
    if scores.zero == 0:
        return f"{scores.one} stands for 1"
    if min(scores.zero, scores.one) < 0 and max(-levels[0], levels[-1]) <= MOST_LOGIT:
        return "0 stands for a score of 0.5, as in logits"
    return f"{scores.zero} stands for 0 and {scores.one} for 1"


def _cuts_well(evidence: Evidence, repair: Repair) -> bool:
    """Return whether the user's metric has a threshold that is nearly in the middle."""
    value = evidence.metric_score.value
    return value is not None and abs(value - score_repaired(evidence, repair)) <= MOST_OFF


def _write_help(evidence: Evidence, scores: WholeScores, *, reached: bool) -> str:
    if not reached:
        return f"divide the predictions by {scores.one}, and find out why all scores are below 0.5"
    cut = f"<= {scores.cut}" if scores.is_inverted else f"> {scores.cut}"
    if evidence.by_score is not None:
        cut = f"{'<' if scores.is_inverted else '>='} {max(scores.zero, scores.one) / 2:g}"
    return f'predictions = (predictions {cut}).astype("uint8")'


def _build_repair(evidence: Evidence, scores: WholeScores) -> Repair:
    """Build the repair that cuts the scores in the middle; whole ones must be above it."""
    by_score, cut = evidence.by_score, float(scores.cut + 1)
    comparison = f"<= {scores.cut}" if scores.is_inverted else f"> {scores.cut}"
    if by_score is not None:
        cut = max(scores.zero, scores.one) / 2
        comparison = f"{'<' if scores.is_inverted else '>='} {cut:g}"

    def threshold(codes: Labels) -> Labels:
        values = codes if by_score is None else decode_rounded(codes)
        is_object = (values >= cut) != scores.is_inverted
        return np.where(is_no_class(codes), codes, is_object)

    def relabel(pairs: PairCounts) -> PairCounts:
        return (pairs if by_score is None else by_score).relabel(prediction=threshold)

    steps: tuple[Step, ...] = (Threshold(Side.PREDICTIONS, cut),)
    if scores.is_inverted:
        steps = (*steps, Relabel(Side.PREDICTIONS, {0: 1, 1: 0}))
    return Repair(name=f"predictions {comparison}", safe=True, steps=steps, relabel=relabel)


def _read_levels(evidence: Evidence) -> PairCounts | None:
    """Return the pooled pairs of labels and whole scores; `None` if there are no such scores.

    A grey of three channels is one value, and scores with fractions are rounded up from a half.
    """
    encoding, values = evidence.interpretation.y_pred, evidence.stats.y_pred
    if encoding is Encoding.BINARY_LOGITS:
        if evidence.by_score is None or values.minimum is None or values.minimum < 0:
            return None
        return evidence.by_score.relabel(
            prediction=lambda codes: np.where(
                is_no_class(codes), codes, np.floor(decode_rounded(codes) + 0.5).astype(np.int64)
            )
        )
    if encoding not in {Encoding.LABELS, Encoding.COLOUR}:
        return None
    pairs = evidence.pairs.pool()
    in_colour = any(get_axes(evidence, side).is_colour for side in Side)
    return decode_grey_as_labels(pairs).pool() if in_colour else pairs
