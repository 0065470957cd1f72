"""A value between 0 and 255 in masks of two classes, which no class of the predictions stands for.

Annotators mark what they are unsure of with 128, and a resize leaves the same value. With three
classes, 0, 128 and 255 are their ids, stretched.
"""

from __future__ import annotations

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.masks._mask_values import count_mask_labels, infer_num_classes
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

OBJECT = 255
TWO_CLASSES = 2
LEAST_LIFT = 1.2
"""How many times as often the object is predicted on 255 as on the value in between. Where 255 is a
third class that is never predicted, the value in between is class 1, and predicted more often."""


@record
class ValueBetween:
    """A value between 0 and 255 that is no class."""

    value: int
    pixels: int
    """The number of pixels with this value."""
    found: str
    """The share of the pixels of 255 that are predicted as the object, as a percentage."""

    def describe(self) -> str:
        """Return what shows that the value is no class: a message."""
        return (
            f"masks hold 0, {self.value} and 255, but only two classes are predicted: {self.found}"
            f" of the pixels of 255 as the object, so 255 is class 1. {self.value} has no class of"
            " its own: it is void, a mean of 0 and 255 that a resize left, or a class that the"
            " model lacks"
        )

    def write_help(self) -> str:
        """Return how to make 255 class 1 and leave the value out."""
        return (
            f"masks = np.where(masks == 255, 1, masks), then --ignore-index {self.value} if"
            f' {self.value} is void; else masks = (masks > 127).astype("uint8")'
        )

    def build_repair(self, evidence: Evidence) -> Repair:
        """Return the repair that makes 255 class 1 and leaves the value out."""
        return build_relabelling(
            f"255 becomes class 1, and {self.value} the ignore label",
            side=Side.MASKS,
            table={OBJECT: 1},
            safe=False,  # nobody has said that the value is void
            num_classes=None if evidence.interpretation.num_classes_declared else TWO_CLASSES,
            ignore_index=self.value,
        )


def find_value_between(evidence: Evidence) -> ValueBetween | None:
    """Return the value between 0 and 255 in masks of two classes, if they hold just one."""
    labels = count_mask_labels(evidence)
    between = [label for label in labels if 1 < label < OBJECT]
    if len(between) != 1 or labels.keys() != {0, *between, OBJECT}:
        return None
    if (
        infer_num_classes(evidence) > TWO_CLASSES
        or evidence.interpretation.ignore_index is not None
    ):
        return None
    pairs, value = _threshold_bytes(evidence), between[0]
    predicted = list(pairs.count_predictions())
    if len(predicted) != TWO_CLASSES or predicted not in ([0, 1], [0, OBJECT]):
        return None
    hits, others = (_count(pairs, label, predicted[-1]) for label in (OBJECT, value))
    if hits * labels[value] < LEAST_LIFT * others * labels[OBJECT] or not hits:
        return None
    return ValueBetween(value, labels[value], format_percent(hits, labels[OBJECT]))


def _threshold_bytes(evidence: Evidence) -> PairCounts:
    """Return the pairs of labels, with scores stored as whole numbers cut in their middle."""
    pairs = evidence.pairs.pool()
    found = [one.facts for one in evidence.found if one.rule.name == "byte-scores"]
    if not found or found[0]["full_scale"] <= 0:
        return pairs
    cut = found[0]["cut"]
    return pairs.relabel(prediction=lambda levels: (levels > cut).astype(np.int64)).pool()


def _count(pairs: PairCounts, truth: int, prediction: int) -> int:
    """Return the number of pixels of a true and a predicted label."""
    return pairs.keep_rows((pairs.truth == truth) & (pairs.prediction == prediction)).total
