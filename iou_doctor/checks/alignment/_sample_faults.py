"""Tell what is wrong with a sample whose labels differ from those of the other samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from iou_doctor.arrays.interpretation import VOID_LABELS
from iou_doctor.checks.alignment._sample_tables import (
    GOOD_SHARE,
    LEAST_GREY,
    POOR_SHARE,
    SampleScores,
    Table,
    iterate_tables,
)
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.repairs.step import Side

BACKGROUND = 0
FEWEST_PIXELS = 20
"""Minimum number of pixels of a label that is to be explained, or of a moved id."""
LEAST_OVERLAP = 0.5
"""Minimum IoU of a label that only some samples hold with the class that it stands for. Void areas
seldom have the shape of an object that is predicted."""
LEAST_USUAL = 0.4
"""Minimum of the usual score of a sample. In a weak model, any sample may look like a fault."""
LEAST_RESTORED = 0.5
"""Minimum mean IoU of a sample after its ids are moved back. A prediction that has nothing to do
with its mask reaches 0.35 with the best ids."""
LEAST_GAIN = 0.3
"""Minimum gain of a sample from moving its ids back."""
FEWEST_MOVED = 3
"""Minimum number of moved ids unless the background is among them. One or two classes may be mixed
up by an honest model: a cat that is taken for a dog."""
LEAST_DIFFERENCE = 0.2
"""How much more unlike the usual shares of the classes those of a prediction must be than those of
its mask for the prediction to be the faulty side."""
FEWEST_GOOD = 2
"""Minimum number of samples without a fault, which show what is usual."""
FEWEST_ALIKE, LEAST_SHARED_GAIN = 2, 0.1
"""If at least FEWEST_ALIKE samples have the same fault, others have it too if its repair gains them
LEAST_SHARED_GAIN."""
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


def find_strange_labels(evidence: Evidence, side: Side) -> list[Relabelling]:
    """Find samples whose labels no other sample and no prediction holds, one for each class.

    Args:
        evidence: the facts.
        side: the side on which to look for such labels.
    """
    pairs = evidence.pairs
    own, other = _get_labels(evidence, side), _get_labels(evidence, _get_other(side))
    strange = [label for label in own if label not in other and _is_strange(evidence, label)]
    if not strange or len(strange) >= len(own):
        return []
    column = pairs.truth if side is Side.MASKS else pairs.prediction
    images = np.unique(pairs.image[np.isin(column, strange)]).tolist()
    common = set(own) - set(strange)
    tables = {
        image: table if side is Side.MASKS else table.swap()
        for image, table in iterate_tables(pairs, images[:MOST_EXAMINED])
    }
    if any(label in common and label > 0 for table in tables.values() for label in table.truth):
        return []  # beside a class, such a label means something else, for instance void
    meant = _explain_strange(list(tables.values()), strange, common)
    if not meant or not _are_usual(pairs, side, set(meant.values()), images):
        return []
    found = []
    for image, table in tables.items():
        moved = {old: meant[old] for old in table.truth if old in meant}
        found.append(_build_relabelling(image, side, table, moved))
    return found


def _build_relabelling(
    sample: int, side: Side, table: Table, moved: Mapping[int, int]
) -> Relabelling:
    return Relabelling(sample, side, moved, table.mean_iou, table.relabel(moved).mean_iou)


def _get_other(side: Side) -> Side:
    return Side.PREDICTIONS if side is Side.MASKS else Side.MASKS


def _get_labels(evidence: Evidence, side: Side) -> list[int]:
    pairs = evidence.pairs
    counts = pairs.count_truths() if side is Side.MASKS else pairs.count_predictions()
    return [label for label in counts if not is_no_class(label)]


def _is_strange(evidence: Evidence, label: int) -> bool:
    """Return whether a label cannot be a class: it is out of range, or a grey level."""
    interpretation = evidence.interpretation
    if label in VOID_LABELS or not 0 <= label < interpretation.num_classes:
        return True
    return not interpretation.num_classes_declared and label >= LEAST_GREY


def _explain_strange(
    tables: Sequence[Table], strange: Sequence[int], common: set[int]
) -> dict[int, int]:
    """Return the class that each strange label stands for; empty if that is not clear.

    Half of the samples with the label must show it: in the others, the model may have failed. The
    background beside the label may stand for another class, too: such masks are inverted.
    """
    meant: dict[int, int] = {}
    for label in (*strange, BACKGROUND):
        holders = [table for table in tables if table.truth.get(label, 0) >= FEWEST_PIXELS]
        partners = [table.find_partners()[label] for table in holders]
        best = max(partners, key=partners.count, default=-1)
        fits = sum(table.overlap(label, best) >= LEAST_OVERLAP for table in holders)
        clear = best in common and 2 * fits >= len(holders)
        if not clear and label != BACKGROUND:
            return {}
        if clear and best != label:
            meant[label] = best
    kept = {BACKGROUND} - meant.keys()
    is_one_to_one = len({*meant.values(), *kept}) == len(meant) + len(kept)
    return meant if is_one_to_one else {}


def _are_usual(pairs: PairCounts, side: Side, meant: set[int], images: list[int]) -> bool:
    """Return whether samples without a fault hold the classes that strange labels stand for."""
    column = pairs.truth if side is Side.MASKS else pairs.prediction
    usual = set(column[~np.isin(pairs.image, images)].tolist())
    return meant <= usual


def find_moved_ids(evidence: Evidence, scores: SampleScores) -> list[Relabelling]:
    """Find samples that score far less than usual, and nearly as usual with other ids."""
    if scores.usual < LEAST_USUAL:
        return []
    ignored = evidence.interpretation.ignore_index
    pairs = evidence.pairs if ignored is None else evidence.pairs.drop_truth(ignored)
    found, left = [], []
    for image, table in iterate_tables(pairs, scores.doubtful[:MOST_EXAMINED]):
        moved = {true: pred for true, pred in table.find_partners().items() if true != pred}
        one = _build_relabelling(image, Side.MASKS, table, moved)
        least = max(LEAST_RESTORED, GOOD_SHARE * scores.usual, one.before + LEAST_GAIN)
        is_poor = one.before < POOR_SHARE * scores.usual
        if is_poor and one.after >= least and _are_moved(table, moved):
            found.append((one, table))
        else:
            left.append((image, table))
    if not found or scores.good < max(FEWEST_GOOD, len(found)):
        return []
    usual = _measure_usual_shares(pairs, scores)
    chosen = [_choose_side(one, table, usual) for one, table in found]
    chosen += _find_more_of_the_same(chosen, left)
    return sorted(chosen, key=lambda one: one.sample)


def _find_more_of_the_same(
    found: Sequence[Relabelling], left: Sequence[tuple[int, Table]]
) -> list[Relabelling]:
    """Return samples with a fault that several others have, though they show it less clearly."""
    kinds = [(one.side, one.table) for one in found]
    shared = next((kind for kind in kinds if kinds.count(kind) >= FEWEST_ALIKE), None)
    if shared is None:
        return []
    side, moved = shared
    more = []
    for image, table in left:
        mine = table if side is Side.MASKS else table.swap()
        one = _build_relabelling(image, side, mine, moved)
        if one.after >= one.before + LEAST_SHARED_GAIN:
            more.append(one)
    return more


def _are_moved(table: Table, moved: Mapping[int, int]) -> bool:
    """Return whether ids were moved, and not confused by the model."""
    one_to_one = len(set(moved.values())) == len(moved)
    sure = [true for true in moved if table.truth[true] >= FEWEST_PIXELS]
    background = 0 in moved or 0 in moved.values()
    enough = len(sure) >= (2 if background else FEWEST_MOVED)
    clear = all(2 * table.counts.get((true, moved[true]), 0) > table.truth[true] for true in sure)
    return one_to_one and enough and clear


def _measure_usual_shares(pairs: PairCounts, scores: SampleScores) -> dict[int, float]:
    """Return the share of each class in the masks of the samples that are not poor."""
    rows = pairs.keep_rows(~np.isin(pairs.image, scores.poor))
    return {label: count / max(rows.total, 1) for label, count in rows.count_truths().items()}


def _choose_side(found: Relabelling, table: Table, usual: Mapping[int, float]) -> Relabelling:
    """Return the relabelling for the side whose shares of the classes are unlike the usual ones."""
    of_masks, of_predictions = (
        sum(abs(part.get(label, 0) / table.total - share) for label, share in usual.items())
        for part in (table.truth, table.predicted)
    )
    if of_masks >= of_predictions - LEAST_DIFFERENCE:
        return found
    inverse = {new: old for old, new in found.table.items()}
    return replace(found, side=Side.PREDICTIONS, table=inverse)
