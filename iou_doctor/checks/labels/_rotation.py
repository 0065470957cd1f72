"""Find rotations of all ids: background is the first class in one array and the last in another."""

from __future__ import annotations

from collections.abc import Mapping

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    LEAST_ADVANTAGE,
    MajorityPrediction,
    count_class_ids,
    score_as_given,
    score_repaired,
)
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

LEAST_FIT = 0.5
"""Minimum IoU of 0 with the last id, as a share of the mean IoU of the shifted ids. Void holds all
kinds of objects."""
FEWEST_MOVES = 3
"""Minimum number of ids of the masks that move by the same step. Two may be an exchange."""


def is_rotation(evidence: Evidence, shift: Repair) -> bool:
    """Return whether 0 in one array is the last id of the other, so that a shift loses a class.

    Where that is the background, most pixels would be lost, and all false alarms on it be free.
    """
    ids = [count_class_ids(evidence, side) for side in Side]
    last = max((label for counts in ids for label in counts), default=0)
    if last < FEWEST_MOVES - 1:
        return False
    pairs = evidence.pairs.pool()
    for pair in (pairs.truth, pairs.prediction), (pairs.prediction, pairs.truth):
        zero, end = pair[0] == 0, pair[1] == last
        both, either = (int(pairs.count[rows].sum()) for rows in (zero & end, zero | end))
        if both and both >= LEAST_FIT * score_repaired(evidence, shift) * either:
            return True
    return False


def prefer_rotation(
    evidence: Evidence, moves: dict[int, int], clear: Mapping[int, MajorityPrediction]
) -> dict[int, int]:
    """Return the moves of all classes if those of most pixels are one rotation.

    Where the masks lack some classes, nothing else tells where these move.

    Args:
        evidence: the facts.
        moves: the exchange of ids that fits best.
        clear: the classes of which most pixels are predicted as one other class.
    """
    classes, ignored = evidence.interpretation.num_classes, evidence.interpretation.ignore_index
    pixels: dict[int, int] = {}
    for old, found in clear.items():
        step = (found.prediction - old) % classes
        pixels[step] = pixels.get(step, 0) + found.total
    most = max(pixels, key=lambda step: pixels[step], default=0)
    if 2 * pixels.get(most, 0) <= evidence.pairs.pool().keep_counted(classes, ignored).total:
        return moves
    same = {old: found.prediction for old, found in clear.items()}
    same = {old: new for old, new in same.items() if (new - old) % classes == most}
    turned = find_rotation(same, classes)
    if not turned or _score(evidence, turned) < _score(evidence, moves) - LEAST_ADVANTAGE:
        return moves
    return turned


def _score(evidence: Evidence, table: Mapping[int, int]) -> float:
    """Return the mean IoU with other ids in the masks."""
    if not table:
        return score_as_given(evidence)
    repair = build_relabelling("rotate ids", side=Side.MASKS, table=table, safe=True)
    return score_repaired(evidence, repair)


def find_rotation(moves: Mapping[int, int], classes: int) -> dict[int, int]:
    """Return the moves of all classes if some moves are one rotation; else nothing."""
    steps = {(new - old) % classes for old, new in moves.items()}
    has_turned = len({new > old for old, new in moves.items()}) > 1
    if len(moves) < FEWEST_MOVES or len(steps) != 1 or not has_turned:
        return {}
    [step] = steps
    return {old: (old + step) % classes for old in range(classes)}
