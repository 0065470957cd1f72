"""Background and object have changed places in one of the two arrays.

Masks with 1 (or white) for the background, a list of classes in the other order, or channel 0
taken for the object: every hit counts as a miss, and both classes have an IoU near 0.

    masks       0 0 1 1
    predictions 1 1 0 0      masks = 1 - masks

The rule speaks only where the complement agrees well: a bad model is not an inverted one.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_PIXELS,
    choose_labelled_side,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU409",
    name="inverted-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.PERMUTATION,
    claim="background and object have changed places in one of the arrays",
    explains=frozenset(
        {
            "metric-misreads-arrays",
            "dropped-pixels",
            "score-regression",
            "unlabelled-class-predicted",
        }
    ),
)

LEAST_AFTER = 0.6
"""The complement of a bad model of two classes stays below 0.5: it is right where that is wrong."""
LEAST_GAIN = 0.3
"""A model as good as its complement has about 0.33 in both; an inverted one loses nearly all."""


def find(evidence: Evidence) -> Result:
    """Compare the score of the complement with that of the masks as they are."""
    if evidence.interpretation.num_classes != 2 or not _both_classes(evidence):
        return []
    repair = _inverted(evidence)
    after, base = score_repaired(evidence, repair), score_as_given(evidence)
    if after < LEAST_AFTER or after < base + LEAST_GAIN:
        return []
    side = "predictions" if evidence.interpretation.y_true.is_dense else "masks"
    return [
        Finding(
            RULE,
            message=f"as they are the mean IoU is {base:.4f}, with the complement of the {side} it"
            f" is {after:.4f}",
            help=f"{side} = 1 - {side}, or invert the other side: the one that has 1 (or white)"
            " for the background",
            facts={"mean_iou": evidence.repaired.mean_iou, "mean_iou_inverted": after},
            repair=repair,
        )
    ]


def _both_classes(evidence: Evidence) -> bool:
    """Return whether both arrays hold both classes: one class alone agrees with anything."""
    pairs = evidence.pairs.pooled()
    truth, predicted = pairs.truth_counts(), pairs.prediction_counts()
    background = truth.get(0, 0), predicted.get(0, 0)
    objects = [_object(evidence, counts) for counts in (truth, predicted)]
    return min(*background, *objects) >= FEWEST_PIXELS


def _object(evidence: Evidence, counts: dict[int, int]) -> int:
    return counts.get(1, 0) + (counts.get(255, 0) if evidence.has_found("masks-0-255") else 0)


def _inverted(evidence: Evidence) -> Repair:
    side = choose_labelled_side(evidence)
    table = {0: 1, 1: 0} | ({255: 0} if evidence.has_found("masks-0-255") else {})
    return build_relabelling(f"invert the {side}", side=side, table=table, safe=True)
