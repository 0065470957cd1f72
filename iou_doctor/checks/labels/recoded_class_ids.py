"""Masks and predictions use different sets of ids for the same classes.

The labels of BraTS are 0, 1, 2 and 4, while a model with four outputs predicts 0..3. COCO numbers
its 80 classes 1..90 with gaps. Land-cover maps hold 10, 20, 30, grey pictures of labels 0, 64, 127
and 254. A class whose id the other array does not use counts as a miss and as a false alarm, or
drops out of the score.

    masks 0 1 2 4,  predictions 0 1 2 3      masks[masks == 4] = 3

Map the ids of one array with one table, and do it only once. The rule pairs the ids that share most
of their pixels. It stays silent if both arrays hold the same ids, and if the pairs may be the
confusions of a weak model. If one array tells apart classes that the other merges, it reports that
and proposes to merge them in both.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.byte_scores import find_whole_scores
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import LEAST_ADVANTAGE, score_as_given, score_repaired
from iou_doctor.checks.labels._recoding import Recoding, count_differing_ids, find_recoding
from iou_doctor.checks.registry import Result
from iou_doctor.checks.symptoms import OF_MASK_VALUES
from iou_doctor.checks.wording import format_ids, join_words
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU413",
    name="recoded-class-ids",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="masks and predictions use different ids for the same classes",
    symptom=Symptom.NUMBERING,
    explains=OF_MASK_VALUES,
    also_explains=("channel-count-mismatch", "ignored-class-in-range"),
    after=(
        Suspicion.ENCODING,
        Suspicion.MASK_VALUES,
        "labels-off-by-one",
        "zero-label-reduced",
        "foreign-label-ids",
        "instance-ids",
    ),
    needs=Needs.NEW_DATA,
)

LEAST_MERGED_SHARE = 0.55
"""Minimum share of an id that must meet one id of the other array to be merged with others. A void
label usually lies on several classes."""
CAUSES = (
    "faulty-samples",
    "masks-0-255",
    "palette-read-as-grey",
    "stretched-labels",
    "jpeg-masks",
    "interpolated-masks",
    "interpolated-predictions",
    "labels-off-by-one",
    "zero-label-reduced",
    "foreign-label-ids",
    "instance-ids",
)
"""If one of these rules has fired, it says what the ids are."""


def find(evidence: Evidence) -> Result:
    """Look for ids of one array that correspond to other ids of the other array."""
    if evidence.has_found(*CAUSES):
        return []
    overlaps = count_differing_ids(evidence)
    if overlaps is None or _hold_scores(evidence):
        return []
    from iou_doctor.checks.labels._merging import find_merging  # only if the ids differ

    recoding, merging = find_recoding(evidence, overlaps), find_merging(evidence, overlaps)
    if merging is not None and _is_better(evidence, merging, recoding):
        return [_report_merging(evidence, merging)]
    return [] if recoding is None else [_report(evidence, recoding)]


def _hold_scores(evidence: Evidence) -> bool:
    """Return whether one array holds scores as whole numbers, of which a table can be made too."""
    pairs, ignored = evidence.pairs.pool(), evidence.interpretation.ignore_index
    sides = (pairs, ignored), (pairs.swap_sides(), None)
    return any(find_whole_scores(*side) is not None for side in sides)


def _is_better(evidence: Evidence, merging: Recoding, recoding: Recoding | None) -> bool:
    """Return whether merging ids explains more than a one-to-one assignment."""
    if recoding is None or _is_completed(merging, recoding):
        return True
    gain = score_repaired(evidence, merging.repair) - score_repaired(evidence, recoding.repair)
    return gain >= LEAST_ADVANTAGE


def _is_completed(merging: Recoding, recoding: Recoding) -> bool:
    """Return whether merging adds ids to a one-to-one assignment that are surely no void labels.

    SemanticKITTI numbers moving cars 252 and the others 10, and both are predicted as cars.
    """
    if merging.side is not recoding.side or not recoding.table.items() <= merging.table.items():
        return False
    overlaps = merging.overlaps
    commonest = overlaps.new[overlaps.pixels.sum(axis=0).argmax()]
    more = np.isin(overlaps.old, [*(merging.table.keys() - recoding.table.keys())])
    sure = overlaps.shared >= LEAST_MERGED_SHARE * overlaps.totals
    sure &= overlaps.new[overlaps.favourites] != commonest
    return bool(more.any() and sure[more].all())


def _report(evidence: Evidence, recoding: Recoding) -> Finding:
    # only if the rule fires
    from iou_doctor.checks.labels._known_codes import name_source
    from iou_doctor.checks.labels._repair_code import write_recoding

    side, table = recoding.side, dict(sorted(recoding.table.items()))
    before, after = score_as_given(evidence), score_repaired(evidence, recoding.repair)
    masks, predictions = recoding.list_ids()
    changes = join_words(f"{old} to {new}" for old, new in table.items())
    source = name_source(recoding.overlaps.old.tolist(), table)
    return Finding(
        RULE,
        message=f"masks hold {format_ids(masks)} and predictions {format_ids(predictions)}: the"
        f" mean IoU is {before:.4f} as given and {after:.4f} with the {side} relabelled {changes}"
        + (f"; these are {source.title}" if source else ""),
        help=write_recoding(evidence, side, table)
        + _declare_void(recoding)
        + (source.advice if source else ""),
        facts={
            "array": side.value,
            "mapping": {str(old): new for old, new in table.items()},
            "source": source.title if source else None,
            "mean_iou": before,
            "mean_iou_relabelled": after,
        },
        repair=recoding.repair,
    )


def _report_merging(evidence: Evidence, merging: Recoding) -> Finding:
    from iou_doctor.checks.labels._repair_code import write_recoding  # only if the rule fires

    side, table = merging.side, dict(sorted(merging.table.items()))
    other = Side.PREDICTIONS if side is Side.MASKS else Side.MASKS
    before, after = score_as_given(evidence), score_repaired(evidence, merging.repair)
    groups = _group_by_new_id(merging)
    merged = join_words(
        f"{format_ids(ids)} are {new}" for new, ids in groups.items() if len(ids) > 1
    )
    return Finding(
        RULE,
        message=f"the {side} tell more classes apart than the {other}: their ids {merged} in the"
        f" {other}; the mean IoU is {before:.4f} as given and {after:.4f} with these ids merged",
        help=f"{write_recoding(evidence, side, table)}{_declare_void(merging)}; this scores the"
        f" merged classes, for the single ones {_describe_need(evidence, other)}",
        facts={
            "array": side.value,
            "mapping": {str(old): new for old, new in table.items()},
            "source": None,
            "mean_iou": before,
            "mean_iou_relabelled": after,
        },
        repair=merging.repair,
    )


def _describe_need(evidence: Evidence, other: Side) -> str:
    """Return what the array with merged classes lacks."""
    source = evidence.pair.y_true if other is Side.MASKS else evidence.pair.y_pred
    if source.dtype.kind == "b":
        return f"store the {other} as integers and not as bool, which merges all but 0"
    return f"the {other} need ids of their own"


def _declare_void(recoding: Recoding) -> str:
    """Return the new ignore label if the old one is the number of a class after the repair."""
    void = recoding.repair.ignore_index
    return "" if void is None else f", and --ignore-index {void}"


def _group_by_new_id(merging: Recoding) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for old in merging.overlaps.old.tolist():
        groups.setdefault(merging.table.get(old, old), []).append(old)
    return dict(sorted(groups.items()))
