"""Tell what the labels mean that only some samples hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd
from typing import NamedTuple

import numpy as np

from iou_doctor.arrays.interpretation import RARE_VOID_LABELS, VOID_LABELS
from iou_doctor.checks.alignment._sample_tables import (
    LEAST_GREY,
    Table,
    iterate_tables,
)
from iou_doctor.checks.alignment._usual_fit import (
    ENHANCING_TUMOUR,
    UsualFit,
    find_multiples,
    may_be_brats,
    measure_usual_fit,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

BACKGROUND, OBJECT = 0, 1
LEAST_STEP = 2
"""Minimum factor by which labels are multiplied."""
FEWEST_MULTIPLES = 2
"""Minimum number of labels that show by how much all of them are multiplied."""
FEWEST_PIXELS = 20
"""Minimum number of pixels of a label that is to be explained, or of a moved id."""
FEWEST_NUMBERS = 4
"""Minimum number of objects in one of the samples that number theirs. Fewer may be classes."""
LEAST_OVERLAP = 0.5
"""Minimum IoU of a label that only some samples hold with the class that it stands for. Void areas
seldom have the shape of an object that is predicted."""
MOST_STRANGE = 256
"""Maximum number of such labels: as many as 8 bits have grey levels. More of them are scores."""
MOST_EXAMINED = 2000
"""Maximum number of samples that are examined one by one, which takes a tenth of a second."""


@record
class Relabelling:
    """Labels of one side that mean other classes in one sample."""

    sample: int
    side: Side
    table: Mapping[int, int]
    """Stored label to class."""
    before: float
    after: float
    may_be_either: bool = False
    """Whether the labels of the other side may be the wrong ones, which tell no less."""


def find_strange_labels(evidence: Evidence, side: Side) -> list[Relabelling]:
    """Find samples whose labels no other sample and no prediction holds, one for each class.

    Args:
        evidence: the facts.
        side: the side on which to look for such labels.
    """
    pairs = evidence.pairs
    own, other = _get_labels(evidence, side), _get_labels(evidence, _get_other(side))
    is_binary = set(other) <= {BACKGROUND, OBJECT}
    strange = [
        label for label in own if label not in other and _is_strange(evidence, label, is_binary)
    ]
    if not 0 < len(strange) <= MOST_STRANGE or len(strange) >= len(own):
        return []
    column = pairs.truth if side is Side.MASKS else pairs.prediction
    images = np.unique(pairs.image[np.isin(column, strange)]).tolist()
    common = set(own) - set(strange)
    tables = {
        image: table if side is Side.MASKS else table.swap()
        for image, table in iterate_tables(pairs, images[:MOST_EXAMINED])
    }
    usual = measure_usual_fit(evidence, side, images)
    multiples = find_multiples(tables.values(), common, usual)
    if multiples:
        return [build_relabelling(image, side, one, multiples) for image, one in tables.items()]
    meant = _explain_strange(list(tables.values()), strange, common, usual)
    may_be_numbers = common == {BACKGROUND, OBJECT} and _are_usual(pairs, side, {OBJECT}, images)
    if not meant and may_be_numbers and _are_numbers(list(tables.values())):
        meant = dict.fromkeys(strange, OBJECT)
        return [build_relabelling(image, side, table, meant) for image, table in tables.items()]
    if _may_mean_something_else(tables.values(), meant, common, usual):
        return []
    if not meant or not _are_usual(pairs, side, set(meant.values()), images):
        return []
    found = []
    for image, table in tables.items():
        moved = {old: meant[old] for old in table.truth if old in meant}
        found.append(build_relabelling(image, side, table, moved))
    return found


def _may_mean_something_else(
    tables: Iterable[Table], meant: Mapping[int, int], common: set[int], usual: UsualFit
) -> bool:
    """Return whether labels that lie beside classes may mean no class, for instance void.

    They are a class by another name only if the other classes are right, and no sample with such a
    label holds that class as well.
    """
    beside = [table for table in tables if any(k in common and k > 0 for k in table.truth)]
    if not {*VOID_LABELS, *RARE_VOID_LABELS}.isdisjoint(meant):
        return bool(beside)
    both = any(old in t.truth and new in t.truth for t in beside for old, new in meant.items())
    least = min(LEAST_OVERLAP, usual.least_score)
    return both or any(table.relabel(meant).mean_iou < least for table in beside)


def build_relabelling(
    sample: int, side: Side, table: Table, moved: Mapping[int, int]
) -> Relabelling:
    """Return the fault of a sample whose labels mean others, with its mean IoU after relabelling.

    Args:
        sample: its number.
        side: the array with the fault.
        table: the label pairs of the sample.
        moved: what each of these labels means.
    """
    return Relabelling(sample, side, moved, table.mean_iou, table.relabel(moved).mean_iou)


def _get_other(side: Side) -> Side:
    return Side.PREDICTIONS if side is Side.MASKS else Side.MASKS


def _get_labels(evidence: Evidence, side: Side) -> list[int]:
    pairs = evidence.pairs
    counts = pairs.count_truths() if side is Side.MASKS else pairs.count_predictions()
    return [label for label in counts if not is_no_class(label)]


def _is_strange(evidence: Evidence, label: int, is_binary: bool) -> bool:
    """Return whether a label is probably no class.

    It is out of range, a grey level, or more than 1 beside an array that holds 0 and 1.
    """
    interpretation = evidence.interpretation
    if label in VOID_LABELS or not 0 <= label < interpretation.num_classes:
        return True
    if label == ENHANCING_TUMOUR and may_be_brats(evidence):
        return True
    least = OBJECT + 1 if is_binary else LEAST_GREY
    return not interpretation.num_classes_declared and label >= least


def _explain_strange(
    tables: Sequence[Table], strange: Sequence[int], common: set[int], usual: UsualFit
) -> dict[int, int]:
    """Return the class that each strange label stands for; empty if that is not clear.

    Half of the samples with the label must show it: in the others, the model may have failed. The
    background beside the label may stand for another class, too: such masks are inverted.
    """
    of_each = [(table, table.find_partners()) for table in tables]
    partners = {
        label: _find_partner(of_each, label, common, usual) for label in (*strange, BACKGROUND)
    }
    if not _are_multiples(partners, strange) and not all(partners[k].is_clear for k in strange):
        return {}
    is_kept = not partners[BACKGROUND].is_clear
    meant = {
        label: partner.label
        for label, partner in partners.items()
        if partner.label != label and not (label == BACKGROUND and is_kept)
    }
    kept = {BACKGROUND} - meant.keys()
    is_one_to_one = len({*meant.values(), *kept}) == len(meant) + len(kept)
    return meant if is_one_to_one else {}


def _are_numbers(tables: Sequence[Table]) -> bool:
    """Return whether samples number their objects from 1, all of which are predicted as one class.

    Half of the samples must show that the numbers cover the object together.
    """
    fits, most = 0, 0
    for table in tables:
        numbers = table.truth.keys() - {BACKGROUND}
        if numbers != set(range(1, len(numbers) + 1)):
            return False
        most = max(most, len(numbers))
        merged = table.relabel(dict.fromkeys(numbers, OBJECT))
        fits += merged.overlap(OBJECT, OBJECT) >= LEAST_OVERLAP
    return most >= FEWEST_NUMBERS and 2 * fits >= len(tables)


class Partner(NamedTuple):
    """The class that a label of some samples fits best."""

    label: int
    is_clear: bool
    """Whether half of the samples with the label show it."""


def _find_partner(
    tables: Sequence[tuple[Table, Mapping[int, int]]],
    label: int,
    common: set[int],
    usual: UsualFit,
) -> Partner:
    """Return the best partner of a label, from tables with the partners of their labels."""
    holders = [one for one in tables if one[0].truth.get(label, 0) >= FEWEST_PIXELS]
    partners = [found[label] for _, found in holders]
    best = max(partners, key=partners.count, default=-1)
    is_alone = not any(best in table.truth for table, _ in holders)
    least = min(LEAST_OVERLAP, usual.find_least_overlap(best)) if is_alone else LEAST_OVERLAP
    fits = sum(table.overlap(label, best) >= least for table, _ in holders)
    return Partner(best, best in common and 2 * fits >= len(holders))


def _are_multiples(partners: dict[int, Partner], strange: Sequence[int]) -> bool:
    """Return whether the labels are the same multiple of their classes, as stretched ones are.

    The classes of rare labels follow from the others, and are set in `partners`.
    """
    step = gcd(*strange)
    agreeing = sum(partners[label].label * step == label for label in strange)
    if step < LEAST_STEP or agreeing < max(FEWEST_MULTIPLES, len(strange) / 2):
        return False
    partners |= {label: Partner(label // step, is_clear=True) for label in strange}
    return True


def _are_usual(pairs: PairCounts, side: Side, meant: set[int], images: list[int]) -> bool:
    """Return whether samples without a fault hold the classes that strange labels stand for."""
    column = pairs.truth if side is Side.MASKS else pairs.prediction
    usual = set(column[~np.isin(pairs.image, images)].tolist())
    return meant <= usual
