"""Labels outside the classes that may be void, or a class by another name."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from iou_doctor.arrays.interpretation import RARE_VOID_LABELS, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    MajorityPrediction,
    find_majority_predictions,
    score_repaired,
)
from iou_doctor.checks.labels._likely_background import (
    find_likely_background,
    report_likely_background,
)
from iou_doctor.checks.wording import describe_labels, format_percent
from iou_doctor.repairs.repair import build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_SHARE = 0.7
"""Minimum share of a label's pixels that are predicted as one class. Models predict several classes
in void, which is what annotators could not tell or did not look at: the most frequent one has a
third of the void of CamVid."""
LARGEST_PREDICTED_SHARE = 0.5
"""Largest share of all pixels that are predicted as that class. A more frequent one would be
predicted in void, too."""
TWO_CLASSES, FEWEST_USUAL = 2, 2
"""Of two classes, a label may stand for the object in some masks, if so many others hold class 1.
"""


def report_doubtful(rule: Rule, evidence: Evidence, void: Collection[int]) -> list[Finding]:
    """Return a finding on each label that may be void, or a class by another name.

    Args:
        rule: the rule that reports them.
        evidence: the facts.
        void: labels outside the classes.
    """
    if _may_be_object(evidence, [*void]):
        return [_report_object(rule, evidence, next(iter(void)))]
    if [*void] == [TWO_CLASSES] and evidence.interpretation.y_pred.is_thresholded:
        return [_report_third_class(rule, evidence)]
    backgrounds = find_likely_background(evidence, void)
    classes = _find_likely_classes(evidence, [one for one in void if one not in backgrounds])
    return [
        *(report_likely_background(rule, evidence, *one) for one in backgrounds.items()),
        *(_report_likely_class(rule, evidence, *one) for one in classes.items()),
    ]


def _find_likely_classes(
    evidence: Evidence, void: Collection[int]
) -> dict[int, MajorityPrediction]:
    """Return which labels are predicted as one class so often that they may be this class.

    Args:
        evidence: the facts.
        void: labels outside the classes. Those that are void by convention are left out.
    """
    pairs = evidence.pairs.pool()
    predictions, majorities = pairs.count_predictions(), find_majority_predictions(evidence)
    truths, classes = pairs.count_truths(), range(evidence.interpretation.num_classes)
    return {
        label: majority
        for label in void
        if label not in {*VOID_LABELS, *RARE_VOID_LABELS}
        if (majority := majorities[label]).pixels >= LEAST_SHARE * majority.total
        and majority.prediction in classes
        and majority.prediction in truths
        and predictions[majority.prediction] <= LARGEST_PREDICTED_SHARE * pairs.total
    }


def _report_likely_class(
    rule: Rule, evidence: Evidence, label: int, majority: MajorityPrediction
) -> Finding:
    """Return the finding on a label that may be void or one of the classes."""
    own, ignored = majority.prediction, evidence.interpretation.ignore_index
    mapped = build_relabelling(f"{label} as {own}", side=Side.MASKS, table={label: own}, safe=False)
    void = f"--ignore-index {label}"
    if ignored is not None:
        void = f"masks = np.where(masks == {label}, {ignored}, masks)"
    return Finding(
        rule,
        message=f"masks hold {describe_labels({label: majority.total})}, outside the classes and"
        f" never predicted. {format_percent(majority.pixels, majority.total)} of them are predicted"
        f" as class {own}, so the label is another number for this class, or void that is not"
        f" declared. As class {own}, the mean IoU is {score_repaired(evidence, mapped):.4f}",
        help=f"look at some of these pixels: if they show class {own}, masks = np.where(masks =="
        f" {label}, {own}, masks); if they are void, {void}",
        facts={"labels": {str(label): majority.total}},
    )


def _report_third_class(rule: Rule, evidence: Evidence) -> Finding:
    """Return the finding on label 2 beside scores of one channel, which tells 0 and 1 apart."""
    pixels, total = evidence.pairs.count_truths()[TWO_CLASSES], evidence.repaired.pixels.total
    return Finding(
        rule,
        message=f"masks hold {describe_labels({TWO_CLASSES: pixels})}"
        f" ({format_percent(pixels, total)}), but the predictions have one channel, which tells"
        " only two classes apart: the label is a third class, or void that is not declared",
        help="if it is a class, give the model one channel for each class; if it is void, declare"
        f" it as the ignore label {TWO_CLASSES}",
        facts={"labels": {str(TWO_CLASSES): pixels}},
    )


def _may_be_object(evidence: Evidence, outside: Sequence[int]) -> bool:
    """Return whether samples hold either a label or class 1, so that both may be the object."""
    if len(outside) > 1 or evidence.interpretation.num_classes != TWO_CLASSES:
        return False
    truth, image = evidence.pairs.truth, evidence.pairs.image
    holders, usual = (set(image[truth == label].tolist()) for label in (*outside, 1))
    return len(holders) > 0 and len(usual) >= FEWEST_USUAL and not holders & usual


def _report_object(rule: Rule, evidence: Evidence, label: int) -> Finding:
    """Return the finding on a label that may be void or the object of some masks."""
    return Finding(
        rule,
        message=f"masks hold label {label} only in samples without class 1: it is the object of"
        " these masks, or void that is not declared",
        help=f"look at one of them: if {label} is the object, masks = np.where(masks == {label}, 1,"
        f" masks); if it is void, declare it as the ignore label {label}",
        facts={"labels": {str(label): evidence.pairs.count_truths()[label]}},
    )
