"""Find ids that hold a class and the number of an object: a multiple of the class plus a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from iou_doctor.arrays.interpretation import MOST_CLASSES, VOID_LABELS
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    choose_void_label,
    find_majority_predictions,
    has_expected_majorities,
    score_repaired,
)
from iou_doctor.checks.labels._numberings import Numbering, load_numberings
from iou_doctor.checks.unknown_labels import NO_DATA_LABELS
from iou_doctor.record import record
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

CITYSCAPES = 1000
"""Cityscapes and its relatives multiply the class id by this number, and only that of objects."""
FACTORS = (CITYSCAPES, 256, 100, 10_000, 65_536)
"""Factors of data sets: KITTI and Mapillary Vistas multiply by 256."""
FEWEST_OBJECTS = 3
"""Minimum number of labels that hold a class and a number. One or two may be codes of another kind.
"""
LEAST_AGREEING = 0.8
"""Minimum share of the labels that are mostly predicted as their class."""
LEAST_NUMBERS_PER_CLASS = 1.5
"""Minimum ratio of labels to classes, for factors that hold codes of classes, too: 100, 200, 300.
"""


@record
class Division:
    """A repair that keeps only the class of ids that hold a class and a number."""

    labels: tuple[int, ...]
    """The labels that change."""
    factor: int
    is_upper: bool
    """Whether the class is the upper part, `factor` * class + number; else it is the lower one."""
    of_all: bool
    """Whether all labels are divided; else only those of `factor` and more."""
    numbering: Numbering | None
    """The numbering that the classes belong to; `None` if they are the class ids."""
    repair: Repair

    @property
    def pattern(self) -> str:
        """The ids in words."""
        if self.is_upper:
            return f"{self.factor} * class + number"
        return f"{self.factor} * number + class"

    def write_help(self, labels: list[int]) -> str:
        """Return the statement that keeps the classes.

        Args:
            labels: all labels of the masks, in ascending order.
        """
        code = f"masks {'//' if self.is_upper else '%'} {self.factor}"
        kept = [label for label in labels if label not in self.labels and label >= self.factor]
        if not self.of_all:
            is_object = f"masks >= {self.factor}"
            if kept:  # no-data labels stay as they are
                is_object = f"({is_object}) & (masks <= {max(self.labels)})"
            code = f"np.where({is_object}, {code}, masks)"
        elif void := [label for label in labels if label not in self.labels and label != 0]:
            code = f"np.where(np.isin(masks, {void}), masks, {code})"
        if self.numbering is None:
            return f"masks = {code}, or use the semantic masks"
        mapped = f"then map the ids to {self.numbering.target}"
        return f"masks = {code}, {mapped}; or use the semantic masks"


def find_division(evidence: Evidence) -> Division | None:
    """Return the division whose classes fit the predictions best, if one does."""
    no_class = {*VOID_LABELS, *NO_DATA_LABELS, choose_void_label(evidence)}
    labels = [label for label in evidence.pairs.count_truths() if label not in no_class]
    if len(labels) < FEWEST_OBJECTS or labels[0] < 0:
        return None
    return max(
        (one for factor in FACTORS for one in _divide(evidence, labels, factor)),
        key=lambda one: score_repaired(evidence, one.repair),
        default=None,
    )


def _divide(evidence: Evidence, labels: list[int], factor: int) -> Iterator[Division]:
    """Yield the divisions by one factor whose classes fit the predictions."""
    large = [label for label in labels if label >= factor]
    if len(large) < FEWEST_OBJECTS:
        return
    if max(large) < factor * MOST_CLASSES:
        upper = {label: label // factor for label in labels}
        if factor == CITYSCAPES or _holds_numbers(upper, factor):
            objects = {label: upper[label] for label in large}
            of_all_first = [upper, objects] if factor != CITYSCAPES else [objects, upper]
            for classes in of_all_first[: 1 + (len(large) < len(labels))]:
                yield from _fit(evidence, classes, labels, factor)
    lower = {label: label % factor for label in labels}
    if factor == max(FACTORS) and max(lower.values()) < MOST_CLASSES:
        yield from _fit(evidence, lower, labels, factor, is_upper=False)


def _holds_numbers(classes: Mapping[int, int], factor: int) -> bool:
    """Return whether the labels are more than multiples of the factor."""
    numbered = [label for label in classes if label >= factor and label % factor]
    enough = len(classes) >= LEAST_NUMBERS_PER_CLASS * len(set(classes.values()))
    return len(numbered) >= FEWEST_OBJECTS and (enough or _are_counted(numbered, factor))


def _are_counted(numbered: list[int], factor: int) -> bool:
    """Return whether the numbers of each class are 1 to n, as in 601, 602, 603 and 701."""
    numbers: dict[int, set[int]] = {}
    for label in numbered:
        numbers.setdefault(label // factor, set()).add(label % factor)
    counted = all(max(found) == len(found) for found in numbers.values())
    return counted and len(numbered) > len(numbers)


def _fit(
    evidence: Evidence,
    classes: Mapping[int, int],
    labels: list[int],
    factor: int,
    *,
    is_upper: bool = True,
) -> Iterator[Division]:
    """Yield the divisions with these classes, as they are or in a known numbering, that fit."""
    void = choose_void_label(evidence)
    tables: list[tuple[Mapping[int, int], Numbering | None]] = [(classes, None)]
    ids = {label: classes.get(label, label) for label in labels}
    for known in load_numberings():
        if set(ids.values()) <= known.table.keys() | known.void:
            mapping = known.complete_table(void)
            tables.append(({label: mapping[k] for label, k in ids.items()}, known))
    for table, numbering in tables:
        expected = {label: table[label] for label in classes}
        if has_expected_majorities(evidence, expected) and (
            factor == CITYSCAPES or _count_agreeing(evidence, expected) >= LEAST_AGREEING
        ):
            code = f"masks {'//' if is_upper else '%'} {factor}"
            repair = _build_repair(evidence, code, table, numbering)
            of_all = len(classes) == len(labels) and min(labels) < factor
            yield Division(tuple(classes), factor, is_upper, of_all, numbering, repair)


def _count_agreeing(evidence: Evidence, expected: Mapping[int, int]) -> float:
    """Return the share of the labels that are mostly predicted as expected."""
    agreeing = [
        majority.prediction == expected[label]
        for label, majority in find_majority_predictions(evidence).items()
        if label in expected and majority.total >= FEWEST_LABEL_PIXELS
    ]
    return sum(agreeing) / max(len(agreeing), 1)


def _build_repair(
    evidence: Evidence, code: str, table: Mapping[int, int], numbering: Numbering | None
) -> Repair:
    void = choose_void_label(evidence)
    names_void = numbering is not None and evidence.interpretation.ignore_index != void
    classes = max((label for label in table.values() if label != void), default=0) + 1
    predicted = [label for label in evidence.pairs.count_predictions() if 0 <= label < MOST_CLASSES]
    declared = evidence.interpretation.num_classes_declared
    guessed = None if declared else max(classes, *predicted, 1) + 1
    return build_relabelling(
        code + (f", mapped to {numbering.target}" if numbering else ""),
        side=Side.MASKS,
        table=table,
        safe=numbering is None,
        num_classes=numbering.num_classes if numbering else guessed,
        ignore_index=void if names_void else None,
    )
