"""Predicted class ids went through interpolation or arithmetic, which invents numbers in between.

Between road (1) and person (5) a bilinear resize writes 3, which is another class, or 2.4, which
is none. Only class scores may be interpolated, before the argmax; resize ids with nearest
neighbour.

    ids = cv2.resize(ids, (96, 64))                                     # 1 1 3 5 5
    ids = cv2.resize(ids, (96, 64), interpolation=cv2.INTER_NEAREST)    # 1 1 5 5 5

The labels of the border pixels cannot be recovered from these arrays: resize the original scores
or ids again.

Arithmetic and resampling also leave 2.99997 in place of 3. The cast to integer makes it 2, so round
before it: `np.rint(predictions)`.
"""

from collections.abc import Collection, Mapping

from iou_doctor.arrays.interpretation import VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.ramps import FEWEST_LABELS_WITH_RAMPS, find_ramps
from iou_doctor.checks.registry import Result
from iou_doctor.checks.seams import FEWEST_SEAM_LABELS, Seam, list_seam_candidates, measure_seams
from iou_doctor.checks.slopes import find_slopes
from iou_doctor.checks.wording import (
    describe_first,
    format_near_id,
    format_percent,
    join_words,
)
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rescale import Rescale
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU211",
    name="interpolated-predictions",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="predicted class ids went through interpolation or arithmetic",
    explains=Symptom.METRIC | Symptom.BASELINE,
    also_explains=(
        "prediction-out-of-range",
        "unlabelled-class-predicted",
        "unthresholded-sigmoid",
        "label-out-of-range",
        "never-predicted-class",
    ),
)

FEWEST_LABELS = 3
"""Two labels have no other label in between."""
OVERSHOOT = 0.3
"""By which part of the largest id, but at least by 1, resized ids may lie outside the classes. A
bicubic resize overshoots by a part of the difference between two ids; scores beyond that are
activations, not ids."""
HELP = (
    "resize the class scores and take the argmax afterwards, or resize the ids with nearest"
    " neighbour (cv2.INTER_NEAREST, tf.image.resize(..., method='nearest'))"
)


def find(evidence: Evidence) -> Result:
    """Look for ids with fractions, and for ids that only form seams between two others."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.y_pred is Encoding.BINARY_LOGITS and _are_ids(evidence):
        return [_report_fractions(evidence)]
    if interpretation.y_pred is not Encoding.LABELS or interpretation.layout.y_pred.is_dense:
        return []
    if interpretation.has_near_ids:
        return [_report_near_ids(evidence)]
    if values.fractional:
        return _find_fractions(evidence)
    labels = evidence.pairs.count_predictions()
    if len(labels) < FEWEST_LABELS:
        return []
    if evidence.sampled is None or not evidence.sampled.crops.y_pred:
        return Skipped(
            "no maps at full resolution were kept, which seams need: only 2-D images have them"
        )
    candidates = list_seam_candidates(evidence, labels)
    found: list[Finding] = []
    if len(candidates) >= FEWEST_SEAM_LABELS:
        found = _find_seams(evidence, candidates) or _find_slopes(evidence)
    return found or _find_ramps(evidence)


def _find_seams(evidence: Evidence, candidates: Collection[int]) -> list[Finding]:
    assert evidence.sampled is not None
    predicted = _keep_thin(measure_seams(evidence.sampled.crops.y_pred), candidates)
    neutral = _list_neutral_labels(evidence)
    drawn = _keep_thin(measure_seams(evidence.sampled.crops.y_true, neutral=neutral), candidates)
    found = {label: seam for label, seam in predicted.items() if label not in drawn}
    if len(found) < FEWEST_SEAM_LABELS:
        return []
    pixels = sum(seam.pixels for seam in found.values())
    between = sum(seam.between for seam in found.values())
    return [_build_finding(evidence, list(found), pixels, between, "are hardly ever right")]


def _find_slopes(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    found = find_slopes(
        evidence,
        evidence.sampled.crops.y_pred,
        counts=evidence.pairs.count_predictions(),
        others=evidence.pairs.count_truths(),
        neutral=_list_neutral_labels(evidence),
    )
    if found is None:
        return []
    labels = list(found.labels)
    return [_build_finding(evidence, labels, found.pixels, found.between, "occur in no mask")]


def _find_ramps(evidence: Evidence) -> list[Finding]:
    assert evidence.sampled is not None
    if len(evidence.pairs.count_predictions()) < FEWEST_LABELS_WITH_RAMPS:
        return []
    if len(evidence.pairs.count_truths()) < FEWEST_LABELS:
        return []  # the predictions are scores of two classes
    crops = evidence.sampled.crops
    found = find_ramps(crops.y_pred, crops.y_true, neutral=_list_neutral_labels(evidence))
    if found is None:
        return []
    labels, pixels = list(found.labels), found.found + found.outside
    return [_build_finding(evidence, labels, pixels, found.found, "cover no area there")]


def _list_neutral_labels(evidence: Evidence) -> set[int]:
    """Return the labels that mean no class."""
    ignored = evidence.interpretation.ignore_index
    return {*VOID_LABELS} if ignored is None else {*VOID_LABELS, ignored}


def _find_fractions(evidence: Evidence) -> list[Finding]:
    values = evidence.stats.y_pred
    highest = evidence.interpretation.num_classes - 1
    if values.minimum is None or values.maximum is None:
        return []
    beyond = max(1.0, OVERSHOOT * highest)
    if values.minimum < -beyond or values.maximum > highest + beyond:
        return []
    return [_report_fractions(evidence)]


def _report_fractions(evidence: Evidence) -> Finding:
    values = evidence.stats.y_pred
    return Finding(
        RULE,
        message=f"{format_percent(values.fractional, values.values)} of the predictions are"
        " fractions, although the others are class ids",
        help=HELP,
        facts={"fractional": values.fractional, "values": values.values, "labels": []},
        evidence=describe_first(values.first_fractional, evidence),
    )


def _report_near_ids(evidence: Evidence) -> Finding:
    values = evidence.stats.y_pred
    assert values.first_fractional is not None
    share = format_percent(values.fractional, values.values)
    return Finding(
        RULE,
        message=f"{share} of the predictions are fractions beside a class id, such as"
        f" {format_near_id(values.first_fractional.values[0])}, which a cast to integer truncates",
        help='round before the cast: predictions = np.rint(predictions).astype("uint8")',
        facts={"fractional": values.fractional, "values": values.values, "labels": []},
        repair=Repair(
            name="round the predictions to class ids",
            safe=True,
            steps=(Rescale(Side.PREDICTIONS, 0.0, 1.0),),
        ),
    )


def _keep_thin(found: Mapping[int, Seam], labels: Collection[int]) -> dict[int, Seam]:
    kept = frozenset(labels)
    return {label: seam for label, seam in found.items() if label in kept and seam.is_thin}


def _are_ids(evidence: Evidence) -> bool:
    from iou_doctor.checks.predictions._truncated_ids import have_truncated_ids  # rarely needed

    return have_truncated_ids(evidence)


def _are_overshot(evidence: Evidence, labels: list[int]) -> bool:
    """Return whether all labels that are no classes are little beyond them, and many are these."""
    highest = evidence.interpretation.num_classes - 1
    strays = [n for n in evidence.pairs.count_predictions() if not 0 <= n <= highest]
    beyond = 1 + max(1.0, OVERSHOOT * highest)  # rounding adds up to one
    near = [label for label in strays if -beyond <= label <= highest + beyond]
    return near == strays and 2 * len({*strays} & {*labels}) >= max(1, len(strays))


def _build_finding(
    evidence: Evidence, labels: list[int], pixels: int, between: int, unlike: str
) -> Finding:
    are_explained = _are_overshot(evidence, labels)
    return Finding(
        RULE,
        message=f"predicted labels {join_words(labels)} lie between a smaller and a larger label in"
        f" {format_percent(between, pixels)} of {pixels:,} sampled pixels, as a resize with"
        f" interpolation leaves them, and {unlike}",
        help=HELP,
        facts={"fractional": 0, "values": pixels, "labels": labels},
        severity_override=None if are_explained else Severity.WARNING,
    )
