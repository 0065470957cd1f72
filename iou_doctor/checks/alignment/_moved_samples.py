"""Find samples whose ids mean other classes than those of the other samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.alignment._faulty_side import (
    choose_side,
    find_largest_deviation,
    measure_usual_shares,
)
from iou_doctor.checks.alignment._mistaken_objects import drop_mistaken
from iou_doctor.checks.alignment._permuted_ids import find_permutation
from iou_doctor.checks.alignment._sample_faults import (
    BACKGROUND,
    FEWEST_PIXELS,
    MOST_EXAMINED,
    Relabelling,
    build_relabelling,
)
from iou_doctor.checks.alignment._sample_tables import (
    GOOD_SHARE,
    POOR_SHARE,
    SampleScores,
    Table,
    iterate_tables,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.repairs.step import Side

LEAST_USUAL = 0.4
"""Minimum of the usual score of a sample. In a weak model, any sample may look like a fault."""
LEAST_RESTORED = 0.5
"""Minimum mean IoU of a sample after its ids are moved back. A prediction that has nothing to do
with its mask reaches 0.35 with the best ids."""
LEAST_GAIN = 0.3
"""Minimum gain of a sample from moving its ids back."""
LEAST_SHIFT_GAIN = 0.2
"""Minimum gain of a sample that holds a label of one too many, from lowering all of its ids."""
FEWEST_MOVED = 3
"""Minimum number of moved ids unless the background is among them. One or two classes may be mixed
up by an honest model: a cat that is taken for a dog."""
LEAST_EXCHANGED, LEAST_EXCHANGE_GAIN = 0.4, 0.1
"""Minimum of the mean IoU of two classes with each other if they are exchanged in a sample, and the
minimum gain of the sample. A model that takes a cat for a dog seldom takes that dog for a cat."""
FEWEST_GOOD = 2
"""Minimum number of samples without a fault, which show what is usual."""
FEWEST_ALIKE, LEAST_SHARED_GAIN = 2, 0.1
"""If at least FEWEST_ALIKE samples have the same fault, others have it too if its repair gains them
LEAST_SHARED_GAIN."""


def find_moved_ids(evidence: Evidence, scores: SampleScores) -> list[Relabelling]:
    """Find samples that score far less than usual, and nearly as usual with other ids."""
    if scores.usual < LEAST_USUAL:
        return []
    ignored = evidence.interpretation.ignore_index
    pairs = evidence.pairs if ignored is None else evidence.pairs.drop_truth(ignored)
    found, left = [], []
    classes = _count_known_classes(evidence)
    images = sorted({*scores.doubtful, *scores.confused})
    for image, table in iterate_tables(pairs, images[:MOST_EXAMINED]):
        one = _find_moved(image, table, classes, scores.usual)
        if one is not None:
            found.append((one, table))
        else:
            left.append((image, table))
    if not found or scores.good < max(FEWEST_GOOD, len(found)):
        return []
    kept = drop_mistaken([one for one, _ in found], pairs, scores)
    found = [(one, table) for one, table in found if one in kept]
    if not found:
        return []
    if _are_everywhere(evidence, [one for one, _ in found]):
        return []
    usual = measure_usual_shares(pairs, scores)
    largest = find_largest_deviation(pairs, scores, usual)
    chosen = [choose_side(one, table, usual, largest) for one, table in found]
    chosen = _agree_on_side(chosen)
    chosen += _find_more_of_the_same(chosen, left)
    return sorted(chosen, key=lambda one: one.sample)


def _find_moved(image: int, table: Table, classes: int, usual: float) -> Relabelling | None:
    """Return a sample with its ids moved back if it then scores about as usual."""
    shifted = _find_shift(image, table, classes, usual)
    if shifted is not None:
        return shifted
    partners = table.find_partners()
    moved = {true: pred for true, pred in partners.items() if true != pred}
    one = build_relabelling(image, Side.MASKS, table, moved)
    least = max(LEAST_RESTORED, GOOD_SHARE * usual, one.before + LEAST_GAIN)
    is_poor = one.before < POOR_SHARE * usual
    if is_poor and one.after >= least and _are_moved(table, moved):
        return one
    exchanged = _find_exchange(image, table, moved, usual)
    if exchanged is not None or not is_poor:
        return exchanged
    return find_permutation(image, table, usual)


def _count_known_classes(evidence: Evidence) -> int:
    """Return the number of classes; if none is declared, labels beyond the predicted are none."""
    classes = evidence.interpretation.num_classes
    if evidence.interpretation.num_classes_declared:
        return classes
    return min(classes, evidence.pairs.prediction_span[1] + 1)


def _are_everywhere(evidence: Evidence, found: Sequence[Relabelling]) -> bool:
    """Return whether other samples hold the same labels outside the classes, too."""
    pairs, classes = evidence.pairs, evidence.interpretation.classes
    outside = [label for one in found for label in one.table if label not in classes]
    others = ~np.isin(pairs.image, [one.sample for one in found])
    return bool(outside) and bool(np.isin(pairs.truth[others], outside).any())


def _find_shift(image: int, table: Table, classes: int, usual: float) -> Relabelling | None:
    """Return the sample with all ids one lower if it holds 1 to `classes` and then scores more.

    Such a sample holds one label that is no class, and no background. If it holds 0, that is void.
    """
    labels = table.truth
    if not len(labels) or min(labels) not in {0, 1} or max(labels) != classes:
        return None
    lower = {label: label - 1 for label in labels if label}
    kept = Table({pair: count for pair, count in table.counts.items() if pair[0]})
    one = build_relabelling(image, Side.MASKS, table, lower)
    one = replace(one, after=kept.relabel(lower).mean_iou)
    if BACKGROUND in labels:
        one = replace(one, table={**lower, BACKGROUND: VOID_LABELS[0]})
        if one.after < GOOD_SHARE * usual:
            return None
    return one if one.after >= one.before + LEAST_SHIFT_GAIN else None


def _find_exchange(
    image: int, table: Table, partners: Mapping[int, int], usual: float
) -> Relabelling | None:
    """Return the sample with two classes exchanged back if each lies where the other is predicted.

    An exchange with the background is an inversion.
    """
    for first, second in sorted(partners.items()):
        if not BACKGROUND < first < second or partners.get(second) != first:
            continue
        moved = {first: second, second: first}
        areas = [table.truth[old] for old in moved]
        both = [table.counts[old, new] for old, new in moved.items()]
        cross = sum(table.overlap(old, new) for old, new in moved.items()) / 2
        one = build_relabelling(image, Side.MASKS, table, moved)
        least = max(GOOD_SHARE * usual, one.before + LEAST_EXCHANGE_GAIN)
        is_clear = all(2 * hits > area for hits, area in zip(both, areas, strict=True))
        if is_clear and min(areas) >= FEWEST_PIXELS and cross >= LEAST_EXCHANGED:
            return one if one.after >= least else None
    return None


def _agree_on_side(found: Sequence[Relabelling]) -> list[Relabelling]:
    """Return the samples with exchanges, such as inversion, on the side of most of them.

    An exchange undoes itself, so that either side of a sample may be the faulty one.
    """
    exchanges = [one for one in found if set(one.table) == set(one.table.values())]
    exchanges = [
        one for one in exchanges if all(one.table[new] == k for k, new in one.table.items())
    ]
    of_predictions = [one for one in exchanges if one.side is Side.PREDICTIONS]
    side = Side.PREDICTIONS if 2 * len(of_predictions) > len(exchanges) else Side.MASKS
    are_sure = any(one.side is side and not one.may_be_either for one in exchanges)
    return [
        replace(one, side=side, may_be_either=not are_sure) if one in exchanges else one
        for one in found
    ]


def _find_more_of_the_same(
    found: Sequence[Relabelling], left: Sequence[tuple[int, Table]]
) -> list[Relabelling]:
    """Return samples with a fault that several others have, though they show it less clearly."""
    kinds = [(one.side, one.table, one.may_be_either) for one in found]
    shared = next((kind for kind in kinds if kinds.count(kind) >= FEWEST_ALIKE), None)
    if shared is None:
        return []
    side, moved, may_be_either = shared
    more = []
    for image, table in left:
        mine = table if side is Side.MASKS else table.swap()
        one = build_relabelling(image, side, mine, moved)
        if one.after >= one.before + LEAST_SHARED_GAIN:
            more.append(replace(one, may_be_either=may_be_either))
    return more


def _are_moved(table: Table, moved: Mapping[int, int]) -> bool:
    """Return whether ids were moved, and not confused by the model."""
    one_to_one = len(set(moved.values())) == len(moved)
    sure = [true for true in moved if table.truth[true] >= FEWEST_PIXELS]
    background = 0 in moved or 0 in moved.values()
    enough = len(sure) >= (2 if background else FEWEST_MOVED)
    clear = all(2 * table.counts.get((true, moved[true]), 0) > table.truth[true] for true in sure)
    return one_to_one and enough and clear
