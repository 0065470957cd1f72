"""Masks hold labels outside 0..num_classes-1 that are not the ignore label.

What happens to them depends on the version. Keras 2, and Keras 3 before 3.15, raise on a CPU
("labels out of bound"). Keras 3.15 drops those pixels silently, so the score covers only the other
classes. Other tools count them under a wrong class.

    masks with labels 0..3, MeanIoU(num_classes=3)      class 3 is not in the score at all

Pass the right `num_classes`, map the labels to classes, or declare the ignore label.
"""

import numpy as np

from iou_doctor.arrays.interpretation import MOST_CLASSES, RARE_VOID_LABELS, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import (
    are_classes_right,
    count_no_data,
    count_undeclared_void,
    count_unknown_truth,
    has_binary_0_255,
    may_be_classes,
)
from iou_doctor.checks.wording import describe_labels, describe_stray_handling, format_percent
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

VALUE_RULES = (
    "jpeg-masks",
    "palette-read-as-grey",
    "stretched-labels",
    "instance-ids",
    "recoded-class-ids",
)
"""If one of these rules has fired, the values are not class ids, and that rule says what they are.
"""

NEVER_CLASSES = frozenset({*VOID_LABELS, *RARE_VOID_LABELS})
"""Labels that are hardly ever the last class: `num_classes=251` is no advice."""

RULE = Rule(
    code="IOU401",
    name="label-out-of-range",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold labels outside 0..num_classes-1",
    symptom=Symptom.LABELS,
    explains=Symptom.METRIC | Symptom.BASELINE,
    also_explains=("prediction-out-of-range", "reading-drift"),
    after=("faulty-samples", "masks-0-255", "interpolated-masks", *VALUE_RULES),
)


def find(evidence: Evidence) -> Result:
    """List the labels that are not a class and that no other rule explains."""
    strays = _count_strays(evidence)
    if not strays:
        return []
    classes = _suggest_num_classes(evidence, strays)
    interpretation = evidence.interpretation
    share = format_percent(sum(strays.values()), evidence.repaired.pixels.total)
    return [
        Finding(
            RULE,
            message=f"masks hold {describe_labels(strays)} ({share}), outside"
            f" 0..{interpretation.num_classes - 1}; {describe_stray_handling(evidence)}",
            help=_write_help(evidence, strays, classes),
            cautious_help=_write_cautious_help(evidence, strays, classes),
            facts={
                "labels": {str(label): count for label, count in strays.items()},
                "num_classes": interpretation.num_classes,
                "suggested_num_classes": classes,
            },
            evidence=f"first in {evidence.name_sample(_find_first_sample(evidence, strays))}",
            repair=Repair(name=f"num_classes={classes}", safe=True, num_classes=classes)
            if classes
            else None,
        )
    ]


def _count_strays(evidence: Evidence) -> dict[int, int]:
    """Return the pixels of each label outside the classes that no other rule explains."""
    if has_binary_0_255(evidence) or evidence.has_found(*VALUE_RULES):
        return {}
    seams = _list_seam_labels(evidence)
    if seams and evidence.interpretation.num_classes == 2:
        return {}  # binary masks resized with interpolation: all values from 0 to 255
    void = count_undeclared_void(evidence)
    if void and may_be_classes(evidence, void) and are_classes_right(evidence):
        void = {}  # the rule `undeclared-void-label` does not report them
    explained = {*void, *count_no_data(evidence), *seams}
    return {
        label: count
        for label, count in count_unknown_truth(evidence).items()
        if label not in explained
    }


def _list_seam_labels(evidence: Evidence) -> list[int]:
    """Return the labels that `interpolated-masks` has reported."""
    found = [one for one in evidence.found if one.rule.name == "interpolated-masks"]
    return [label for finding in found for label in finding.facts["labels"]]


def _suggest_num_classes(evidence: Evidence, strays: dict[int, int]) -> int | None:
    """Return the number of classes if these labels are classes; `None` if they cannot be.

    They can if the predictions hold them too, or if they go on where the classes end.
    """
    known = evidence.interpretation.num_classes
    predicted = evidence.pairs.count_predictions().keys() & strays.keys()
    largest = max(strays)
    goes_on = largest < known + len(strays)
    if min(strays) < 0 or largest >= MOST_CLASSES or largest in NEVER_CLASSES:
        return None
    return largest + 1 if goes_on or largest in predicted else None


def _write_help(evidence: Evidence, strays: dict[int, int], classes: int | None) -> str:
    """Return the advice if the labels may be classes that `num_classes` is too small for."""
    if classes is None:
        return _advise_mapping(evidence, strays)
    wider = f"num_classes={classes} if these are classes"
    if len(strays) == 1:
        return f"{wider}; --ignore-index {next(iter(strays))} if they mean unlabelled"
    return f"{wider}; if they mean unlabelled, map them to one label and pass it as --ignore-index"


def _write_cautious_help(evidence: Evidence, strays: dict[int, int], classes: int | None) -> str:
    """Return the advice if the score would fall with the labels as classes."""
    if strays.keys() <= evidence.pairs.count_predictions().keys():
        return _write_help(evidence, strays, classes)
    return _advise_mapping(evidence, strays)


def _advise_mapping(evidence: Evidence, strays: dict[int, int]) -> str:
    """Return the advice for labels that are no classes: they may be parts or objects of one."""
    pairs = evidence.pairs.pool()
    found = pairs.keep_rows(np.isin(pairs.truth, list(strays))).count_predictions()
    most = max(found, key=lambda label: found[label])
    is_most = 2 * found[most] > sum(strays.values())
    if not is_most or most not in evidence.interpretation.classes[1:]:
        return "map these to classes or to one ignore label"
    share = format_percent(found[most], sum(strays.values()))
    name = evidence.interpretation.class_names[most]
    return (
        f"map these to class {name} if they are parts or objects of it ({share} of their pixels are"
        " predicted as that class), else to other classes or to one ignore label"
    )


def _find_first_sample(evidence: Evidence, strays: dict[int, int]) -> int:
    pairs = evidence.pairs
    return min(int(pairs.image[pairs.truth == label].min()) for label in strays)
