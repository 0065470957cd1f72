"""The predictions are scores stored as whole numbers: a grey picture of 0 to 255.

Saliency and medical tools save `sigmoid(x) * 255` as an 8-bit picture. Read as class ids, it has up
to 256 classes. A threshold of 0.5 makes an object of every pixel above 0.

    cv2.imwrite("map.png", (scores * 255).astype("uint8"))
    predictions = cv2.imread("map.png", 0) > 127     # the same as scores >= 0.5

Cut the values in the middle of their range: at 127 in 8 bits, and at 32,767 in 16 bits. The rule
fires if the predictions take many values while the masks hold two, unless all values above 0 are
the object, as with numbers of instances.
"""

import numpy as np

from iou_doctor.arrays.byte_scores import decode_grey_as_labels, find_full_scale
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.colours import get_axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_first, format_count
from iou_doctor.counts.label_decoding import decode_rounded, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU215",
    name="byte-scores",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are scores stored as whole numbers, and were never thresholded",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.ENCODING
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.NUMBERING,
    also_explains=("interpolated-predictions", "inputs-swapped"),
)


def find(evidence: Evidence) -> Result:
    """Look for predictions of many grey levels beside masks of two classes."""
    interpretation = evidence.interpretation
    if interpretation.num_classes != 2:
        return []
    pairs = _read_levels(evidence)
    if pairs is None:
        return []
    full = find_full_scale(pairs, interpretation.ignore_index)
    if full is None:
        return []
    levels = [label for label in pairs.count_predictions() if not is_no_class(label)]
    cut = full // 2
    reached = levels[-1] > cut
    return [
        Finding(
            RULE,
            message=f"predictions are {evidence.pair.y_pred.dtype} scores from {levels[0]} to"
            f" {levels[-1]}, in {format_count(len(levels), 'level')}, and were never thresholded:"
            f" {full} stands for 1" + ("" if reached else ", and no score reaches half of it"),
            help=_write_help(evidence, full, reached=reached),
            facts={
                "minimum": levels[0],
                "maximum": levels[-1],
                "levels": len(levels),
                "full_scale": full,
                "cut": cut,
            },
            evidence=describe_first(evidence.stats.y_pred.first, evidence),
            repair=_build_repair(evidence, full) if reached else None,
        )
    ]


def _write_help(evidence: Evidence, full: int, *, reached: bool) -> str:
    if not reached:
        return f"divide the predictions by {full}, and find out why all scores are below 0.5"
    cut = f"> {full // 2}" if evidence.by_score is None else f">= {full / 2:g}"
    return f'predictions = (predictions {cut}).astype("uint8")'


def _build_repair(evidence: Evidence, full: int) -> Repair:
    """Build the repair that cuts the scores in the middle; whole ones must be above it."""
    scores, cut = evidence.by_score, full // 2
    if scores is None:
        return Repair(
            name=f"predictions > {cut}",
            safe=True,
            steps=(Threshold(Side.PREDICTIONS, float(cut + 1)),),
            relabel=lambda pairs: pairs.relabel(
                prediction=lambda values: np.where(is_no_class(values), values, values > cut)
            ),
        )
    middle = full / 2
    above = scores.relabel(
        prediction=lambda codes: np.where(
            is_no_class(codes), codes, decode_rounded(codes) >= middle
        )
    )
    return Repair(
        name=f"predictions >= {middle:g}",
        safe=True,
        steps=(Threshold(Side.PREDICTIONS, middle),),
        relabel=lambda _: above,
    )


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
