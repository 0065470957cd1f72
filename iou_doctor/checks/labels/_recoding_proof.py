"""Tell ids of two numberings from the confusions of a weak model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.labels._overlaps import VOID_CODES, Overlaps, lacks_partners
from iou_doctor.repairs.step import Side

LEAST_EXPLAINED = 0.5
"""Minimum share that the clear moves must have of the pixels whose id does not meet itself. In a
weak model, two ids may meet by chance while the others go astray."""


def is_proven(evidence: Evidence, overlaps: Overlaps, side: Side) -> bool:
    """Return whether the moves of one array's ids cannot be the confusions of a weak model."""
    moves = overlaps.moves
    old, new = set(overlaps.old.tolist()), set(overlaps.new.tolist())
    if not moves or (moves.keys() <= new and set(moves.values()) <= old):
        return False
    if lacks_partners(evidence, old, new):
        return False
    if len(moves) == 1:
        is_void = side is Side.MASKS and next(iter(moves)) in VOID_CODES
        return not is_void and _is_single_move_proven(evidence, overlaps, moves)
    astray = overlaps.totals[~overlaps.is_kept].sum()
    moved = overlaps.totals[np.isin(overlaps.old, list(moves))].sum()
    return bool(moved >= LEAST_EXPLAINED * astray) and (
        _keeps_order(overlaps)
        or not _may_be_permuted(evidence, old, new)
        or _is_single_move_proven(evidence, overlaps, _drop_cycles(moves))
    )


def _drop_cycles(moves: Mapping[int, int]) -> dict[int, int]:
    """Return the moves without the ids that have each other's numbers."""
    rest = dict(moves)
    for _ in moves:  # an open chain loses one end at a time, a cycle has none
        ends = {old for old in rest if rest[old] not in rest}
        rest = {old: new for old, new in rest.items() if old not in ends}
    return {old: new for old, new in moves.items() if old not in rest}


def _keeps_order(overlaps: Overlaps) -> bool:
    """Return whether the moves pair the ids of both arrays in their order, as one left out does.

    If all ids move, they may just be shifted.
    """
    in_order = dict(zip(overlaps.old.tolist(), overlaps.new.tolist(), strict=False))
    same_number = len(overlaps.old) == len(overlaps.new) and bool(overlaps.is_kept.any())
    return same_number and overlaps.moves.items() <= in_order.items()


def _may_be_permuted(evidence: Evidence, old: set[int], new: set[int]) -> bool:
    """Return whether these may be the declared ids in another order; each side may lack one."""
    both, interpretation = old | new, evidence.interpretation
    lacks_one = max(len(both - old), len(both - new)) <= 1
    return lacks_one and interpretation.num_classes_declared and both == {*interpretation.classes}


def _is_single_move_proven(
    evidence: Evidence, overlaps: Overlaps, moves: Mapping[int, int]
) -> bool:
    """Return whether one id alone has another number, not a class taken for a similar one.

    A model may take all trucks for buses in images without buses. That the other array numbers its
    classes without a gap while this one leaves a number out is no chance.
    """
    if len(moves) != 1:
        return False
    [(old, new)] = moves.items()
    names = overlaps.new.tolist()
    if old in names or new in overlaps.old:
        return False
    interpretation = evidence.interpretation
    if interpretation.num_classes_declared and old not in interpretation.classes:
        return new in interpretation.classes
    is_without_gap = names[0] <= 1 and names[-1] - names[0] < len(names)
    return is_without_gap and old > names[-1] and len(overlaps.old) == len(names)
