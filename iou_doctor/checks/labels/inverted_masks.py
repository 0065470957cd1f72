"""Background and object are swapped in one of the two arrays.

The masks use 1 (or white) for the background, the list of classes is in the other order, or
channel 0 was taken for the object. Every hit then counts as a miss, and both classes have an IoU
near 0.

    masks       0 0 1 1
    predictions 1 1 0 0      masks = 1 - masks

The rule fires only if the inverted array agrees well with the other one. A model that is merely bad
is not reported.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    choose_labelled_side,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU409",
    name="inverted-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.PERMUTATION,
    claim="background and object are swapped in one of the arrays",
    symptom=Symptom.NUMBERING,
    explains=Symptom.METRIC | Symptom.BASELINE,
    also_explains=("unlabelled-class-predicted",),
    after=("masks-0-255",),
    needs=Needs.NEW_DATA,
)

LEAST_INVERTED = 0.6
"""Minimum mean IoU of the inverted array. Inverting a bad model gives less than 0.5, because the
inverse is right only where the model is wrong."""
LEAST_INVERTED_GAIN = 0.3
"""Minimum gain in mean IoU. A model that is as good as its inverse scores about 0.33 both ways; an
inverted array scores next to nothing before."""


def find(evidence: Evidence) -> Result:
    """Compare the score of the inverted array with that of the array as given."""
    if evidence.interpretation.is_multilabel:
        from iou_doctor.checks.labels._channels import find_inverted_channels

        return find_inverted_channels(
            RULE, evidence, least=LEAST_INVERTED, gain=LEAST_INVERTED_GAIN
        )
    if evidence.interpretation.num_classes != 2 or not _has_both_classes(evidence):
        return []
    repair = _invert(evidence)
    before, after = score_as_given(evidence), score_repaired(evidence, repair)
    if after < LEAST_INVERTED or after < before + LEAST_INVERTED_GAIN:
        return []
    return [_report(evidence, before, after, repair)]


def _report(evidence: Evidence, before: float, after: float, repair: Repair) -> Finding:
    from iou_doctor.checks.labels._repair_code import write_complement  # only if the rule fires

    side = choose_labelled_side(evidence)
    return Finding(
        RULE,
        message=f"the mean IoU is {before:.4f} as given and {after:.4f} with the {side} inverted",
        help=f"{write_complement(evidence, side)}, or invert the other array, whichever uses 1"
        " (or white) for the background",
        facts={"mean_iou": evidence.repaired.mean_iou, "mean_iou_inverted": after},
        repair=repair,
    )


def _has_both_classes(evidence: Evidence) -> bool:
    """Return whether each array holds both classes: one class alone agrees with anything."""
    pairs = evidence.pairs.pool()
    truth, predicted = pairs.count_truths(), pairs.count_predictions()
    background = truth.get(0, 0), predicted.get(0, 0)
    objects = [_count_object(evidence, counts) for counts in (truth, predicted)]
    return min(*background, *objects) >= FEWEST_LABEL_PIXELS


def _count_object(evidence: Evidence, counts: dict[int, int]) -> int:
    """Return the pixels of class 1, which is stored as 255 if `masks-0-255` has fired."""
    return counts.get(1, 0) + (counts.get(255, 0) if evidence.has_found("masks-0-255") else 0)


def _invert(evidence: Evidence) -> Repair:
    side = choose_labelled_side(evidence)
    table = {0: 1, 1: 0} | ({255: 0} if evidence.has_found("masks-0-255") else {})
    return build_relabelling(f"invert the {side}", side=side, table=table, safe=True)
