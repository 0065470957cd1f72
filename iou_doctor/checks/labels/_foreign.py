"""Known id spaces, and whether one side speaks one while the other speaks another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FACTOR,
    MOST_CLASSES,
    VOID,
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_far_better,
    score_as_given,
)
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.datasets import data_set
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side


@record
class Space:
    """One numbering of a data set, and how it becomes the one that models speak."""

    title: str
    """`Cityscapes labelIds`."""
    target: str
    """`trainIds`."""
    table: Mapping[int, int]
    """Every id of the numbering to a class; void ids are left out."""
    void: frozenset[int]
    """The other ids of the numbering."""
    num_classes: int
    """The number of classes that models speak."""

    def mapping(self, void: int) -> dict[int, int]:
        """Return the whole table, with a label for the void ids."""
        return dict(sorted({**dict.fromkeys(self.void, void), **self.table}.items()))


@record
class Foreign:
    """One side speaks a known numbering that the other does not."""

    space: Space
    side: Side
    repair: Repair


@cache
def spaces() -> tuple[Space, ...]:
    """Return the numberings that are no mere shift (ADE20K's 1..150 are: labels-off-by-one)."""
    return (
        _space("cityscapes", "Cityscapes labelIds", "trainIds 0..18", 19),
        _space("camvid_32", "ids of the 32 CamVid classes", "the 11 classes", 11),
        _space("coco_stuff", "COCO-Stuff ids with gaps", "the 171 classes", 171),
    )


def _space(name: str, title: str, target: str, classes: int) -> Space:
    known = data_set(name)
    table = {old: new for old, new in known.train_ids.items() if 0 <= new < classes}
    void = {label.id for label in known.labels if label.id >= 0 and label.id not in table}
    return Space(title, target, table, frozenset(void - {VOID}), classes)


def foreign_ids(evidence: Evidence) -> Foreign | None:
    """Return the known numbering that one side speaks and that explains a low score, if any."""
    if FACTOR * score_as_given(evidence) > 1 or has_expected_majorities(
        evidence, {k: k for k in evidence.interpretation.classes}
    ):
        return None  # the ids mean the same on both sides
    for space in spaces():
        for side in Side:
            if not _ids_fit(evidence, space, side) or not _follows(evidence, space, side):
                continue
            repair = to_classes(evidence, space, side)
            if is_far_better(evidence, repair):
                return Foreign(space, side, repair)
    return None


def _ids_fit(evidence: Evidence, space: Space, side: Side) -> bool:
    """Return whether all ids of a side are of a numbering, and some of it alone."""
    other = Side.PREDICTIONS if side is Side.MASKS else Side.MASKS
    here, there = count_class_ids(evidence, side).keys(), count_class_ids(evidence, other).keys()
    if max(here, default=0) < space.num_classes or _instances(evidence, side):
        return False
    return here <= space.table.keys() | space.void and there <= set(range(space.num_classes + 1))


def _instances(evidence: Evidence, side: Side) -> bool:
    pairs = evidence.pairs.pooled()
    labels = pairs.truth if side is Side.MASKS else pairs.prediction
    return bool(((labels >= MOST_CLASSES) & ~np.isin(labels, NO_DATA_LABELS)).any())


def _follows(evidence: Evidence, space: Space, side: Side) -> bool:
    if side is Side.MASKS:
        return has_expected_majorities(evidence, space.table)
    known = count_class_ids(evidence, Side.PREDICTIONS)
    back = {new: old for old, new in sorted(space.table.items()) if old in known}
    return has_expected_majorities(evidence, back)


def to_classes(evidence: Evidence, space: Space, side: Side) -> Repair:
    """Return the repair that maps one side to the classes that models speak."""
    void = choose_void_label(evidence)
    named = side is Side.MASKS and evidence.interpretation.ignore_index != void
    return build_relabelling(
        f"map the {side} to {space.target}",
        side=side,
        table=space.mapping(void if side is Side.MASKS else VOID),
        safe=False,
        num_classes=space.num_classes,
        ignore_index=void if named else None,
    )
