"""Masks and predictions use different numberings of the same data set.

Cityscapes files hold labelIds (road is 7, car is 26), but models predict trainIds (road is 0, car
is 13). The 32 CamVid classes are grouped into 11, COCO-Stuff leaves gaps in 0..181, and the full
edition of ADE20K has ids up to 3144 where the benchmark has 150 classes. The pictures look right,
yet the mean IoU is 0.004.

    masks 7 8 11 26,  predictions 0 1 2 13       map labelIds to trainIds, void ids to 255

Map the ids of one array with the data set's own table, and do it only once.
"""

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    count_class_ids,
    list_labels_by_image,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._numberings import ForeignIds, find_foreign_ids
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_CLASS_IDS
from iou_doctor.checks.unknown_labels import DEFAULT_VOID
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU408",
    name="foreign-label-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="masks and predictions use different numberings of the same data set",
    symptom=Symptom.NUMBERING,
    explains=OF_CLASS_IDS,
    also_explains=(
        "channel-count-mismatch",
        "class-imbalance",
        "ignored-class-in-range",
        "num-classes-too-large",
    ),
)

ADE20K_CLASSES = (150, 151)
"""The benchmark's number of classes, without and with void."""
ADE20K_HIGHEST = 3144
"""The highest id of ADE20K's full edition that has been reported."""
MOST_BENCHMARK_IDS = 151
"""The benchmark has at most this many distinct ids, void included."""
LEAST_SHARED = 0.5
"""Minimum share of the high ids that occur in two images or more. Instance ids, which are different
objects in each image, do not repeat."""


def find(evidence: Evidence) -> Result:
    """Look for a known numbering in one array whose mapping makes the score far higher."""
    foreign = find_foreign_ids(evidence)
    if foreign is not None:
        return [_report(evidence, foreign)]
    return _find_full_ade20k(evidence)


def _report(evidence: Evidence, foreign: ForeignIds) -> Finding:
    numbering, side = foreign.numbering, foreign.side
    before, after = score_as_given(evidence), score_repaired(evidence, foreign.repair)
    ids = sorted(count_class_ids(evidence, side))
    return Finding(
        RULE,
        message=f"{side} hold {join_words(ids)}, which are {numbering.title}: the mean IoU is"
        f" {before:.4f} as given and {after:.4f} mapped to {numbering.target}",
        help=f"map {side} to {numbering.target} with the data set's own table and all other ids to"
        f" {DEFAULT_VOID}; num_classes={numbering.num_classes}",
        facts={
            "array": side.value,
            "ids": ids,
            "numbering": numbering.title,
            "mapping": {str(label): numbering.table.get(label, DEFAULT_VOID) for label in ids},
            "mean_iou": before,
            "mean_iou_mapped": after,
        },
        repair=foreign.repair,
    )


def _find_full_ade20k(evidence: Evidence) -> list[Finding]:
    """Look for more ids than the benchmark has, the same ones in several images."""
    if evidence.interpretation.num_classes not in ADE20K_CLASSES:
        return []
    counts = evidence.pairs.pool().count_truths()
    ids = [label for label in counts if 0 <= label <= ADE20K_HIGHEST and label != DEFAULT_VOID]
    high = [label for label in ids if label > MOST_BENCHMARK_IDS]
    if len(ids) <= MOST_BENCHMARK_IDS or 2 * len(high) < len(ids) or len(ids) < len(counts) - 2:
        return []
    if _measure_shared(evidence, high) < LEAST_SHARED:
        return []  # the rule instance-ids reports these
    return [
        Finding(
            RULE,
            message=f"masks hold {len(ids)} ids up to {max(ids)}, like the full edition of ADE20K,"
            " but the benchmark has 150 classes",
            help="use the benchmark's annotations (SceneParse150), or map the classes by name with"
            " convertFromADE/mapFromADE.txt",
            facts={"array": Side.MASKS.value, "distinct_ids": len(ids), "largest_id": max(ids)},
        )
    ]


def _measure_shared(evidence: Evidence, labels: list[int]) -> float:
    """Return the share of these truth labels that occur in two images or more."""
    truth, _ = list_labels_by_image(evidence)
    ids, images = np.unique(truth[np.isin(truth, labels)], return_counts=True)
    return float((images > 1).sum() / len(ids))
