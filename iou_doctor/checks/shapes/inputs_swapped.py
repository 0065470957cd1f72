"""Predictions and masks were passed in the wrong order.

The predictions hold whole class ids or one-hot pixels, and the masks hold fractional scores.
Annotators draw class ids and models output scores, so the two files, or `y_true` and `y_pred`, were
probably swapped. IoU itself is symmetric, but the ignore label is then looked up in the wrong
array, and the flags of the metric apply to the wrong one.

    iou-doctor check *.npy                   masks.npy comes before preds.npy
    metric.update_state(y_pred, y_true)      the wrong way round
    metric.update_state(y_true, y_pred)      correct

Void labels that only the predictions hold show the same, since no model predicts void. It is an
error if no pixel counts as given, if the metric cannot take the arrays or reads probabilities in
the masks as class ids, if the masks hold logits or the predictions void, or if the names of the
files say it. If your masks really are soft (distilled from a model, say), nothing is wrong.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.interpretation import RARE_VOID_LABELS, VOID_LABELS, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.shapes._masks_as_scores import (
    LEAST_LOGIT,
    describe_scores,
    do_names_tell,
    find_scale_of_scores,
)
from iou_doctor.checks.unknown_labels import FEWEST_VOID_PIXELS
from iou_doctor.checks.wording import describe_labels, format_percent
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU108",
    name="inputs-swapped",
    severity=Severity.WARNING,
    suspicion=Suspicion.SHAPES,
    claim="predictions and masks were probably passed in the wrong order",
    explains=Symptom.METRIC
    | Symptom.BASELINE
    | Symptom.ENCODING
    | Symptom.LABELS
    | Symptom.CLASSES
    | Symptom.CLASS_SHARES
    | Symptom.ABSENT_CLASSES
    | Symptom.PERFECT_SCORE,
    also_explains=("channels-first", "one-hot-masks", "soft-masks"),
    needs=Needs.TRAINED_NETWORK,
)


def find(evidence: Evidence) -> Result:
    """Look for scores in the masks beside ids in the predictions, and for predicted void."""
    interpretation = evidence.interpretation
    ids = interpretation.y_pred is Encoding.ONE_HOT or (
        interpretation.y_pred is Encoding.LABELS and not evidence.stats.y_pred.fractional
    )
    what = describe_scores(evidence)
    void = _count_predicted_void(evidence)
    if not ids or (what is None and not void):
        return []
    values = evidence.stats.y_true
    masks_look = (
        f"masks look like predictions: {what},"
        f" {format_percent(values.fractional, values.values)} of the values with fractions"
        if what
        else "masks look like predictions: classes without void"
    )
    holding = f", void {describe_labels(void)}" if void else " without fractions"
    return [
        Finding(
            RULE,
            message=f"{masks_look};"
            f" predictions look like masks: {interpretation.y_pred.value}{holding}",
            help="pass the predictions first and the masks second: iou-doctor check PREDICTIONS"
            f" MASKS; in code metric.update_state(y_true, y_pred){_advise_on_soft_masks(evidence)}",
            facts=_list_facts(evidence, void),
            repair=Repair(
                name="swap predictions and masks",
                safe=True,
                relabel=lambda pairs: _swap_pairs(evidence, pairs),
                num_classes=2 if find_scale_of_scores(evidence) else None,
                exchanges_sides=True,
            ),
            severity_override=Severity.ERROR if void or _is_plain(evidence) else None,
        )
    ]


def _advise_on_soft_masks(evidence: Evidence) -> str:
    """Return what to do if masks with scores are right and soft, as the end of the help."""
    axes, full = evidence.interpretation.layout.y_true, find_scale_of_scores(evidence)
    low = evidence.stats.y_true.minimum
    if describe_scores(evidence) is None or do_names_tell(evidence) or (low or 0) < 0:
        return ""
    cut = f"> {full // 2 if full else 0.5}"
    hard = f"masks.argmax({axes.channel})" if axes.is_dense else f'(masks {cut}).astype("uint8")'
    return f"; if the order is right and the masks are soft, masks = {hard}"


def _list_facts(evidence: Evidence, void: dict[int, int]) -> dict[str, Any]:
    values = evidence.stats.y_true
    facts: dict[str, Any] = {
        "masks": {
            "dtype": str(evidence.pair.y_true.dtype),
            "fractional": values.fractional,
            "values": values.values,
        },
        "predictions": {
            "dtype": str(evidence.pair.y_pred.dtype),
            "encoding": evidence.interpretation.y_pred.value,
        },
    }
    if void:
        facts["predictions"]["void"] = {str(label): count for label, count in void.items()}
    return facts


def _count_predicted_void(evidence: Evidence) -> dict[int, int]:
    """Return the number of pixels of each void label that only the predictions hold.

    The classes must agree elsewhere: damaged predictions hold such values too.
    """
    interpretation, classes = evidence.interpretation, evidence.interpretation.num_classes
    predictions, truths = evidence.pairs.count_predictions(), evidence.pairs.count_truths()
    if interpretation.y_pred is not Encoding.LABELS or 1 not in predictions:
        return {}  # 0 and 255 may be a picture of two classes
    outside = {label: n for label, n in predictions.items() if not 0 <= label < classes}
    known = {*VOID_LABELS, *RARE_VOID_LABELS, interpretation.ignore_index}
    if not outside or not known.issuperset(outside) or not truths.keys() <= set(range(classes)):
        return {}
    pairs = evidence.pairs.pool()
    inside = pairs.keep_rows((pairs.prediction >= 0) & (pairs.prediction < classes))
    right = inside.keep_rows(inside.truth == inside.prediction).total
    enough = sum(outside.values()) >= FEWEST_VOID_PIXELS and _is_in_most_images(evidence, outside)
    is_void = enough and 2 * right > inside.total and not _is_a_class(pairs, [*outside])
    return outside if is_void else {}


def _is_a_class(pairs: PairCounts, void: list[int]) -> bool:
    """Return whether predictions hold a void label in place of one class, as the background."""
    there = pairs.keep_rows(np.isin(pairs.prediction, void)).count_truths()
    top = max(there, key=lambda label: there[label])
    return 2 * there[top] > max(pairs.count_truths()[top], sum(there.values()))


def _is_in_most_images(evidence: Evidence, void: Collection[int]) -> bool:
    """Return whether most predictions hold void beside classes other than 0.

    Some pictures of 0 and 255 among predictions of 0 and 1 are another fault.
    """
    prediction, image = evidence.pairs.prediction, evidence.pairs.image
    is_void = np.isin(prediction, list(void))
    with_void = set(image[is_void].tolist())
    with_class = set(image[~is_void & (prediction != 0)].tolist())
    return 2 * len(with_void & with_class) > evidence.interpretation.layout.samples


def _is_plain(evidence: Evidence) -> bool:
    """Return whether scores in the masks cannot be soft labels that the metric understands."""
    low = evidence.stats.y_true.minimum
    are_probabilities = evidence.interpretation.y_true is Encoding.PROBABILITIES
    return (
        (are_probabilities and evidence.metric.reads_mask_labels)
        or not evidence.repaired.pixels.counted
        or evidence.metric_score.value is None
        or (low is not None and low < LEAST_LOGIT)
        or find_scale_of_scores(evidence) is not None
        or do_names_tell(evidence)
    )


def _swap_pairs(evidence: Evidence, pairs: PairCounts) -> PairCounts:
    """Return the doctor's label pairs with both sides swapped, and binary scores thresholded."""
    full = find_scale_of_scores(evidence)
    if full is not None:
        swapped, high = pairs.swap_sides(), 1 if 1 in pairs.count_predictions() else 255
        return swapped.relabel(
            truth=lambda labels: np.where(labels == high, 1, labels),
            prediction=lambda labels: np.where(is_no_class(labels), labels, labels > full // 2),
        )
    cut = evidence.stats.tables.get(Pairing(LabelDecoding.BINS, LabelDecoding.LABELS))
    if cut is None or evidence.interpretation.layout.y_true.is_dense:
        return pairs.swap_sides()
    logits = evidence.interpretation.y_true is Encoding.BINARY_LOGITS

    def threshold_codes(codes: NDArray[np.int64]) -> NDArray[np.int64]:
        compared = codes // 3 if logits else codes % 3
        return np.where(is_no_class(codes), codes, compared.clip(max=1))

    return cut.relabel(truth=threshold_codes).swap_sides()
