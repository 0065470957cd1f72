"""Known numberings of data sets, and a test whether masks and predictions use different ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    LEAST_REMAP_FACTOR,
    choose_void_label,
    count_class_ids,
    has_expected_majorities,
    is_far_better,
    score_as_given,
)
from iou_doctor.checks.unknown_labels import DEFAULT_VOID, NO_DATA_LABELS
from iou_doctor.datasets import load_data_set
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side


@record
class Numbering:
    """One numbering of a data set, and how it maps to the class ids that models predict."""

    title: str
    """The numbering in words: `Cityscapes labelIds`."""
    target: str
    """The class ids that models predict, in words: `trainIds 0..18`."""
    table: Mapping[int, int]
    """Maps every id of a class to the class id that models predict. Void ids are left out."""
    void: frozenset[int]
    """The ids of the numbering that mean void."""
    num_classes: int
    """The number of classes that models predict."""

    def complete_table(self, void: int) -> dict[int, int]:
        """Return the table extended by the void ids, which all map to `void`."""
        return dict(sorted({**dict.fromkeys(self.void, void), **self.table}.items()))


@record
class ForeignIds:
    """One array uses a known numbering that the other array does not use."""

    numbering: Numbering
    side: Side
    repair: Repair


@cache
def load_numberings() -> tuple[Numbering, ...]:
    """Return the known numberings that differ from the models' ids by more than a shift.

    ADE20K's 1..150 is only a shift, so it is left to the rule `labels-off-by-one`.
    """
    return (
        _load_numbering("cityscapes", "Cityscapes labelIds", "trainIds 0..18", 19),
        _load_numbering("camvid_32", "ids of the 32 CamVid classes", "the 11 classes", 11),
        _load_numbering("coco_stuff", "COCO-Stuff ids with gaps", "the 171 classes", 171),
    )


def _load_numbering(name: str, title: str, target: str, classes: int) -> Numbering:
    known = load_data_set(name)
    table = {old: new for old, new in known.train_ids.items() if 0 <= new < classes}
    void = {label.id for label in known.labels if label.id >= 0 and label.id not in table}
    return Numbering(title, target, table, frozenset(void - {DEFAULT_VOID}), classes)


def find_foreign_ids(evidence: Evidence) -> ForeignIds | None:
    """Find the known numbering of one array that explains a low score; `None` if there is none."""
    if LEAST_REMAP_FACTOR * score_as_given(evidence) > 1 or has_expected_majorities(
        evidence, {k: k for k in evidence.interpretation.classes}
    ):
        return None  # the ids mean the same in both arrays
    for numbering in load_numberings():
        for side in Side:
            if not _has_ids_of(evidence, numbering, side):
                continue
            if not _has_expected_predictions(evidence, numbering, side):
                continue
            repair = _map_to_classes(evidence, numbering, side)
            if is_far_better(evidence, repair):
                return ForeignIds(numbering, side, repair)
    return None


def _has_ids_of(evidence: Evidence, numbering: Numbering, side: Side) -> bool:
    """Return whether one array holds ids of this numbering only, and the other array does not."""
    other = Side.PREDICTIONS if side is Side.MASKS else Side.MASKS
    here, there = count_class_ids(evidence, side).keys(), count_class_ids(evidence, other).keys()
    if max(here, default=0) < numbering.num_classes or _has_instance_ids(evidence, side):
        return False
    known = numbering.table.keys() | numbering.void
    return here <= known and there <= set(range(numbering.num_classes + 1))


def _has_instance_ids(evidence: Evidence, side: Side) -> bool:
    pairs = evidence.pairs.pool()
    labels = pairs.truth if side is Side.MASKS else pairs.prediction
    return bool(((labels >= MOST_CLASSES) & ~np.isin(labels, NO_DATA_LABELS)).any())


def _has_expected_predictions(evidence: Evidence, numbering: Numbering, side: Side) -> bool:
    """Return whether most truth labels are predicted as the label that the table expects."""
    if side is Side.MASKS:
        return has_expected_majorities(evidence, numbering.table)
    known = count_class_ids(evidence, Side.PREDICTIONS)
    back = {new: old for old, new in sorted(numbering.table.items()) if old in known}
    return has_expected_majorities(evidence, back)


def _map_to_classes(evidence: Evidence, numbering: Numbering, side: Side) -> Repair:
    """Return the repair that maps one array to the class ids that models predict."""
    void = choose_void_label(evidence)
    names_void = side is Side.MASKS and evidence.interpretation.ignore_index != void
    return build_relabelling(
        f"map the {side} to {numbering.target}",
        side=side,
        table=numbering.complete_table(void if side is Side.MASKS else DEFAULT_VOID),
        safe=False,
        num_classes=numbering.num_classes,
        ignore_index=void if names_void else None,
    )
