"""Predicted class ids were resized with interpolation, which invents ids in between.

Between road (1) and person (5) a bilinear resize writes 3, which is another class, or 2.4, which
is none. Only class scores may be interpolated, before the argmax; resize ids with nearest
neighbour.

    ids = cv2.resize(ids, (96, 64))                                     # 1 1 3 5 5
    ids = cv2.resize(ids, (96, 64), interpolation=cv2.INTER_NEAREST)    # 1 1 5 5 5

The labels of the border pixels cannot be recovered from these arrays: resize the original scores
or ids again.
"""

from collections.abc import Collection, Mapping

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.seams import Seam, measure_seams
from iou_doctor.checks.slopes import find_slopes
from iou_doctor.checks.unknown_labels import VOID_LABELS
from iou_doctor.checks.wording import describe_place, format_percent, join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU211",
    name="interpolated-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="predicted class ids were resized with interpolation",
    explains=frozenset(
        {
            "prediction-out-of-range",
            "dropped-pixels",
            "metric-misreads-arrays",
            "score-regression",
            "unlabelled-class-predicted",
        }
    ),
)

OVERSHOOT = 1.0
"""Bicubic resizing goes beyond the ids by a part of their step; activations have no such bounds."""
FEWEST_SEAMS = 2
"""One thin label may be a class of thin things."""
LARGEST_SHARE = 0.05
"""Of all pixels: what covers more than this is no mere seam."""
RIGHT = 0.2
"""Of a label's pixels: where so many are right, the model means that class."""
HELP = (
    "resize the class scores and argmax afterwards, or the ids with nearest neighbour"
    " (cv2.INTER_NEAREST, tf.image.resize(..., method='nearest'))"
)


def find(evidence: Evidence) -> Result:
    """Look for ids with fractions, or for ids that are only seams between two others."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.y_pred is not Encoding.LABELS or interpretation.layout.y_pred.is_dense:
        return []
    if values.fractional:
        return _fractions(evidence)
    candidates = _candidates(evidence)
    if len(candidates) < FEWEST_SEAMS:
        return []
    if evidence.sampled is None or not evidence.sampled.crops.y_pred:
        return Skipped("no maps at full resolution were kept: seams show on 2-D images only")
    return _seams(evidence, candidates) or _slopes(evidence)


def _seams(evidence: Evidence, candidates: Collection[int]) -> list[Finding]:
    assert evidence.sampled is not None
    predicted = _thin(measure_seams(evidence.sampled.crops.y_pred), candidates)
    drawn = _thin(measure_seams(evidence.sampled.crops.y_true), candidates)
    found = {label: seam for label, seam in predicted.items() if label not in drawn}
    if len(found) < FEWEST_SEAMS:
        return []
    pixels = sum(seam.pixels for seam in found.values())
    between = sum(seam.between for seam in found.values())
    return [_in_between(list(found), pixels, between, "hardly ever right")]


def _slopes(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    ignored = evidence.interpretation.ignore_index
    found = find_slopes(
        evidence,
        evidence.sampled.crops.y_pred,
        counts=evidence.pairs.prediction_counts(),
        others=evidence.pairs.truth_counts(),
        neutral={*VOID_LABELS} if ignored is None else {*VOID_LABELS, ignored},
    )
    if found is None:
        return []
    return [_in_between(list(found.labels), found.pixels, found.between, "in no mask")]


def _fractions(evidence: Evidence) -> list[Finding]:
    values = evidence.stats.y_pred
    highest = evidence.interpretation.num_classes - 1
    if values.minimum is None or values.maximum is None:
        return []
    if values.minimum < -OVERSHOOT or values.maximum > highest + OVERSHOOT:
        return []
    first = values.first_fractional
    return [
        Finding(
            RULE,
            message="predictions are class ids, but"
            f" {format_percent(values.fractional, values.values)} of"
            " them have fractions, which no class has",
            help=HELP,
            facts={"fractional": values.fractional, "values": values.values, "labels": []},
            evidence=f"first: {describe_place(first, evidence)}" if first else None,
        )
    ]


def _candidates(evidence: Evidence) -> list[int]:
    """Return rare predicted labels, between others, that are hardly ever right."""
    pairs = evidence.pairs.pooled()
    counts = pairs.prediction_counts()
    right = pairs.where(pairs.truth == pairs.prediction).prediction_counts()
    return [
        label
        for label, count in counts.items()
        if count <= LARGEST_SHARE * pairs.total
        and min(counts) < label < max(counts)
        and right.get(label, 0) < RIGHT * count
    ]


def _thin(found: Mapping[int, Seam], labels: Collection[int]) -> dict[int, Seam]:
    return {label: seam for label, seam in found.items() if label in labels and seam.is_thin}


def _in_between(labels: list[int], pixels: int, between: int, unlike: str) -> Finding:
    return Finding(
        RULE,
        message=f"predicted labels {join_words(labels)} occur only within two pixels of a smaller"
        f" and a larger label, as seams that a resize leaves ({format_percent(between, pixels)} of"
        f" {pixels:,} pixels looked at), and are {unlike}",
        help=HELP,
        facts={"fractional": 0, "values": pixels, "labels": labels},
        severity_override=Severity.WARNING,
    )
