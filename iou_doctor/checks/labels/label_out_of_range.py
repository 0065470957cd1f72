"""Masks hold labels outside 0..num_classes-1 that are not the ignore label.

What happens to them depends on the version. Keras 2 and Keras 3 before 3.15 raise on a CPU
("labels out of bound"); Keras 3.15 drops those pixels without a word, so the score is that of
the other classes. Other tools book them under a wrong class.

    masks with labels 0..3, MeanIoU(num_classes=3)      class 3 is not in the score at all

Give the right `num_classes`, map the labels, or name the label to ignore.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import (
    VOID_LABELS,
    count_no_data,
    count_undeclared_void,
    count_unknown_truth,
    has_binary_0_255,
)
from iou_doctor.checks.wording import describe_labels, describe_stray_handling, format_percent
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU401",
    name="label-out-of-range",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold labels that `num_classes` leaves no room for",
    explains=frozenset(
        {
            "prediction-out-of-range",
            "dropped-pixels",
            "metric-misreads-arrays",
            "reading-drift",
            "score-regression",
        }
    ),
)

VALUE_RULES = ("jpeg-masks", "palette-read-as-grey", "stretched-labels")
"""The values are no ids at all, and these rules say what they are."""
MOST_CLASSES = 1024
"""Beyond this the largest label is no hint at the number of classes."""


def find(evidence: Evidence) -> Result:
    """List the labels that are no class and that no other rule explains."""
    if has_binary_0_255(evidence) or evidence.has_found(*VALUE_RULES):
        return []
    seams = _seams(evidence)
    if seams and evidence.interpretation.num_classes == 2:
        return []  # 0 to 255, with all between them
    explained = {**count_undeclared_void(evidence), **count_no_data(evidence)}
    strays = {
        label: count
        for label, count in count_unknown_truth(evidence).items()
        if label not in {*explained, *seams}
    }
    if not strays:
        return []
    classes = max(strays) + 1
    fits = min(strays) >= 0 and classes <= MOST_CLASSES and max(strays) not in VOID_LABELS
    total = evidence.repaired.pixels.total
    share = format_percent(sum(strays.values()), total)
    return [
        Finding(
            RULE,
            message=f"masks hold {describe_labels(strays)} ({share}), outside"
            f" 0..{evidence.interpretation.num_classes - 1}; {describe_stray_handling(evidence)}",
            help=f"num_classes={classes}, if they are classes; --ignore-index"
            f" {next(iter(strays))}, if they mean unlabelled"
            if fits
            else "map these labels to classes or to one ignore label",
            facts={
                "labels": {str(label): count for label, count in strays.items()},
                "num_classes": evidence.interpretation.num_classes,
                "suggested_num_classes": classes if fits else None,
            },
            evidence=f"first in {evidence.name_sample(_first_sample(evidence, strays))}",
            repair=Repair(name=f"num_classes={classes}", safe=True, num_classes=classes)
            if fits
            else None,
        )
    ]


def _seams(evidence: Evidence) -> list[int]:
    """Return the labels that `interpolated-masks` names."""
    found = [f for f in evidence.found if f.rule.name == "interpolated-masks"]
    return [label for finding in found for label in finding.facts["labels"]]


def _first_sample(evidence: Evidence, strays: dict[int, int]) -> int:
    pairs = evidence.pairs
    return min(int(pairs.image[pairs.truth == label].min()) for label in strays)
