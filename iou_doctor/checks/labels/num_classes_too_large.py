"""The arrays hold far fewer classes than `num_classes` says.

Keras leaves classes that occur nowhere out of the mean, so its number is right. Implementations
that count an absent class as 0 (a plain mean over `num_classes` entries, often after `nan_to_num`)
report less: 3 classes in a matrix for 12 give a quarter of the score.

    labels 0..2 on both sides,  num_classes=12

It is normal that some images lack a class, so the rule requires more evidence: several images, ids
without gaps over both arrays together, and at most half as many ids as `num_classes`.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import count_class_ids
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU412",
    name="num-classes-too-large",
    severity=Severity.WARNING,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the arrays hold far fewer classes than `num_classes` says",
    symptom=Symptom.NUMBERING,
    explains=Symptom.ABSENT_CLASSES,
    needs=Needs.WHOLE_DATA_SET,
)

FEWEST_UNUSED = 4
"""Minimum number of unused classes. One is often void or background counted differently, and a few
more are often absent by chance.
"""
LEAST_RATIO = 2
"""Minimum ratio of `num_classes` to the number of ids. A random half of the classes is seldom the
lower half: the chance is 1 in 70 for 4 of 8."""
FEWEST_IMAGES = 4
"""Minimum number of samples. One or two images often show few classes."""


def find(evidence: Evidence) -> Result:
    """Compare the ids of both arrays with the declared number of classes."""
    interpretation = evidence.interpretation
    classes = interpretation.num_classes
    if (
        not interpretation.num_classes_declared
        or interpretation.y_true.is_dense
        or interpretation.y_pred.is_dense
    ):
        return []  # channel-count-mismatch checks the length of a class axis
    ids = {
        *count_class_ids(evidence, Side.MASKS),
        *count_class_ids(evidence, Side.PREDICTIONS),
    }
    if not ids or ids != set(range(len(ids))) or evidence.stats.samples < FEWEST_IMAGES:
        return []
    needed = max(2, len(ids))
    if classes < LEAST_RATIO * needed or classes - needed < FEWEST_UNUSED:
        return []
    ours = evidence.repaired.mean_iou
    lowered = None if ours is None else ours * _count_present(evidence) / classes
    cost = "" if lowered is None else f"; counting them as 0 turns {ours:.4f} into {lowered:.4f}"
    return [
        Finding(
            RULE,
            message=f"num_classes is {classes}, but the largest label in either array is"
            f" {max(ids)}: {classes - needed} classes occur nowhere{cost}",
            help=f"num_classes={needed}, unless these images just lack the other classes",
            facts={
                "num_classes": classes,
                "largest_label": max(ids),
                "suggested_num_classes": needed,
                "mean_iou": ours,
                "mean_iou_absent_as_0": lowered,
            },
            repair=Repair(name=f"num_classes={needed}", safe=True, num_classes=needed),
        )
    ]


def _count_present(evidence: Evidence) -> int:
    return sum(1 for entry in evidence.repaired.per_class if entry.iou is not None)
