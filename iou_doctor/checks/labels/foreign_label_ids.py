"""One side speaks another numbering of the same data set.

Cityscapes files hold labelIds (road is 7, car 26), models speak trainIds (road 0, car 13); the 32
CamVid classes are grouped into 11; COCO-Stuff leaves gaps in 0..181; the full ADE20K has ids up to
3144 for thousands of names, the benchmark 150. Pictures look right and the mean IoU is 0.004.

    masks 7 8 11 26,  predictions 0 1 2 13       map labelIds to trainIds, void ids to 255

Use the data set's own table, on one side, once.
"""

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    count_class_ids,
    list_labels_by_image,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._foreign import Foreign, foreign_ids
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU408",
    name="foreign-label-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="one side speaks another numbering of the data set's classes",
    explains=frozenset(
        {
            "label-out-of-range",
            "prediction-out-of-range",
            "channel-count-mismatch",
            "undeclared-void-label",
            "ignored-class-in-range",
            "num-classes-too-large",
            "absent-class",
            "unlabelled-class-predicted",
            "dropped-pixels",
            "suspicious-perfect-score",
            "metric-misreads-arrays",
            "class-imbalance",
            "never-predicted-class",
            "score-regression",
        }
    ),
)

ADE20K_CLASSES = (150, 151)
ADE20K_HIGHEST = 3144
"""The highest id of the full edition that was reported."""
MORE_THAN_THE_BENCHMARK = 151
"""Distinct ids beyond this cannot be the benchmark's, void included."""
LEAST_SHARED = 0.5
"""Of the high ids, in two images or more: instances have ids of their own in each image."""


def find(evidence: Evidence) -> Result:
    """Look for known ids on one side whose mapping makes the score far higher."""
    foreign = foreign_ids(evidence)
    if foreign is not None:
        return [_finding(evidence, foreign)]
    return _full_ade20k(evidence)


def _finding(evidence: Evidence, foreign: Foreign) -> Finding:
    space, side, base = foreign.space, foreign.side, score_as_given(evidence)
    after = score_repaired(evidence, foreign.repair)
    seen = sorted(count_class_ids(evidence, side))
    return Finding(
        RULE,
        message=f"{side} hold {join_words(seen)}, which are {space.title}: mapped to"
        f" {space.target} the mean IoU is {after:.4f}, as they are {base:.4f}",
        help=f"map {side} with the data set's own table, other ids to 255;"
        f" num_classes={space.num_classes}",
        facts={
            "array": side.value,
            "ids": seen,
            "numbering": space.title,
            "mapping": {str(label): space.table.get(label, 255) for label in seen},
            "mean_iou": base,
            "mean_iou_mapped": after,
        },
        repair=foreign.repair,
    )


def _full_ade20k(evidence: Evidence) -> list[Finding]:
    """Look for more ids than the benchmark has, the same ones in several images."""
    if evidence.interpretation.num_classes not in ADE20K_CLASSES:
        return []
    counts = evidence.pairs.pooled().truth_counts()
    ids = [label for label in counts if 0 <= label <= ADE20K_HIGHEST and label != 255]
    high = [label for label in ids if label > MORE_THAN_THE_BENCHMARK]
    if (
        len(ids) <= MORE_THAN_THE_BENCHMARK
        or 2 * len(high) < len(ids)
        or len(ids) < len(counts) - 2
    ):
        return []
    if _shared(evidence, high) < LEAST_SHARED:
        return []  # instance-ids
    return [
        Finding(
            RULE,
            message=f"masks hold {len(ids)} ids up to {max(ids)}, as the full edition of ADE20K;"
            f" the benchmark has 150 classes",
            help="take the annotations of the benchmark (SceneParse150), or map names with"
            " convertFromADE/mapFromADE.txt",
            facts={"array": Side.MASKS.value, "distinct_ids": len(ids), "largest_id": max(ids)},
        )
    ]


def _shared(evidence: Evidence, labels: list[int]) -> float:
    """Return the share of these truth labels that occur in two images or more."""
    seen, _ = list_labels_by_image(evidence)
    ids, images = np.unique(seen[np.isin(seen, labels)], return_counts=True)
    return float((images > 1).sum() / len(ids))
