"""Find which ids of one array stand for other ids of the other array, each for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    LEAST_ADVANTAGE,
    MajorityPrediction,
    choose_labelled_side,
    find_best_exchange,
    score_repaired,
)
from iou_doctor.checks.labels._rotation import prefer_rotation
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

CHAIN_SHARE = 0.9
"""Minimum share of each class in an open chain that is predicted as the next class. A poor model
often takes one class for another that these images lack, but seldom with nearly all its pixels."""
LEAST_FOUND_SHARE, LEAST_RATIO, LEAST_LIFT = 0.1, 2, 3
"""Minimum share of that partner in which the first class is predicted, how often it is predicted
there at least for each time that the partner is, and how much more often than elsewhere."""
FEWEST_SURE = 3
"""Minimum number of classes with a clear partner in a chain that ends with a class which is seldom
right under any number. Then the chain is a cycle, which this class closes."""
FEWEST_ROWS, LOST_SHARE, MOST_LOST = 4, 0.1, 0.12
"""Maximum share of the classes of single images of which fewer than LOST_SHARE of the pixels follow
the moves, if there are so many. If a model takes whole objects for others, it is 0.16 and more, and
0.08 at most if the classes of a weak model are permuted."""
LEAST_FOLLOWING = 0.6
"""Minimum share of the pixels of the classes in such a chain that follow it. A model that mistakes
each class for its neighbours reaches 0.5."""


def find_moves(
    evidence: Evidence,
    majorities: Mapping[int, MajorityPrediction],
    clear: Mapping[int, MajorityPrediction],
    whole: Collection[int],
) -> dict[int, int]:
    """Return truth id to predicted id for each id that moves: a permutation of these ids.

    Args:
        evidence: the facts.
        majorities: the commonest prediction of every class in the masks.
        clear: the classes of which most pixels are predicted as one other class.
        whole: those of which nearly all pixels are.
    """
    moved = find_best_exchange(evidence)
    chains = _split_into_chains({truth: moved[truth] for truth in majorities if truth in moved})
    moves = {
        truth: prediction
        for chain in chains
        for truth, prediction in _close_if_convincing(
            chain, clear, majorities, _follow(evidence, chain)
        ).items()
    }
    moves = prefer_rotation(evidence, moves, clear)
    if not moves:
        return _find_unequal_pair(evidence, chains, whole)
    sure = {truth: moves[truth] for truth in clear if moves.get(truth) == clear[truth].prediction}
    return {} if _is_mixed(evidence, sure) else _add_gaining_cycles(evidence, moves, chains)


def _is_mixed(evidence: Evidence, moves: Mapping[int, int]) -> bool:
    """Return whether the classes move in some images only, as those of single objects do.

    Args:
        evidence: the facts.
        moves: the predicted id of classes that mostly follow it.
    """
    pairs = evidence.pairs
    pairs = pairs.take_rows(np.isin(pairs.truth, [*moves]))
    starts = np.flatnonzero(np.diff(pairs.image, prepend=-1) | np.diff(pairs.truth, prepend=-1))
    totals = np.add.reduceat(pairs.count, starts)
    expected = np.array([moves[truth] for truth in pairs.truth.tolist()])
    follows = np.where(pairs.prediction == expected, pairs.count, 0)
    known = totals >= FEWEST_LABEL_PIXELS
    lost = (np.add.reduceat(follows, starts) < LOST_SHARE * totals) & known
    return bool(known.sum() >= FEWEST_ROWS and lost.sum() > MOST_LOST * known.sum())


def _follow(evidence: Evidence, chain: Mapping[int, int]) -> float:
    """Return the share of the pixels of the classes of a chain that are predicted as it says."""
    pairs = evidence.pairs.pool()
    pairs = pairs.keep_rows(np.isin(pairs.truth, [*chain]))
    expected = np.array([chain[truth] for truth in pairs.truth.tolist()])
    return pairs.keep_rows(pairs.prediction == expected).total / max(pairs.total, 1)


def _find_unequal_pair(
    evidence: Evidence, chains: Sequence[Mapping[int, int]], whole: Collection[int]
) -> dict[int, int]:
    """Return the exchange of a class with a partner that the model seldom finds; else no moves.

    A model that takes one class for another does not predict the first one where the second is.
    """
    pairs = evidence.pairs.pool()
    for chain in chains:
        sure = [truth for truth in chain if truth in whole]
        if len(chain) != 2 or set(chain) != set(chain.values()) or len(sure) != 1:
            continue
        first, second = sure[0], chain[sure[0]]
        of_second = pairs.keep_rows(pairs.truth == second)
        predicted = of_second.count_predictions()
        everywhere = pairs.count_predictions()[first] / pairs.total
        share = predicted[first] / of_second.total
        is_found = share >= LEAST_FOUND_SHARE and share >= LEAST_LIFT * everywhere
        is_clear = is_found and predicted[first] >= LEAST_RATIO * predicted.get(second, 0)
        if is_clear and _are_others_right(pairs, chain):
            return dict(chain)
    return {}


def _are_others_right(pairs: PairCounts, moves: Mapping[int, int]) -> bool:
    """Return whether most pixels of the other classes are predicted as their own class."""
    others = pairs.keep_rows(~np.isin(pairs.truth, [*moves]))
    right = others.keep_rows(others.truth == others.prediction)
    return 2 * right.total > others.total


def _add_gaining_cycles(
    evidence: Evidence, moves: dict[int, int], chains: Sequence[Mapping[int, int]]
) -> dict[int, int]:
    """Return the moves and every further cycle that gains, as for classes that are seldom right.

    A chain becomes a cycle if the class at its end is seldom right under any number.
    """
    for chain in chains:
        start, last = next(iter(chain)), list(chain.values())[-1]
        cycle = chain if last == start else {**chain, last: start}
        is_likely = cycle is chain or _follow(evidence, chain) >= LEAST_FOLLOWING
        if is_likely and not set(cycle) & set(moves):
            more = {**moves, **cycle}
            gained = score_repaired(evidence, build_exchange(evidence, more))
            if (
                gained
                >= score_repaired(evidence, build_exchange(evidence, moves)) + LEAST_ADVANTAGE
            ):
                moves = more
    return moves


def _split_into_chains(moves: Mapping[int, int]) -> list[dict[int, int]]:
    """Return one-to-one moves split into chains and cycles, each in order from its start."""
    starts = [truth for truth in moves if truth not in moves.values()]
    chains, done = [], set[int]()
    for start in [*starts, *moves]:
        chain: dict[int, int] = {}
        truth = start
        while truth in moves and truth not in done:
            done.add(truth)
            chain[truth] = moves[truth]
            truth = moves[truth]
        if chain:
            chains.append(chain)
    return chains


def _close_if_convincing(
    chain: dict[int, int],
    clear: Mapping[int, MajorityPrediction],
    majorities: Mapping[int, MajorityPrediction],
    following: float,
) -> dict[int, int]:
    """Return a convincing cycle, or a convincing chain closed to a cycle; else no moves.

    Args:
        chain: truth id to predicted id, in order.
        clear: the classes of which most pixels are predicted as one other class.
        majorities: the commonest prediction of every class in the masks.
        following: the share of the pixels of these classes that follow the chain.
    """
    start, last = next(iter(chain)), list(chain.values())[-1]
    sure = [clear[t] for t, p in chain.items() if t in clear and clear[t].prediction == p]
    pixels = sum(majorities[truth].total for truth in chain)
    if len(sure) < 2 or 2 * sum(majority.pixels for majority in sure) <= pixels:
        return {}
    if last == start:
        return chain
    if last in majorities:
        end = majorities[last]
        is_kept = end.prediction == last and 2 * end.pixels > end.total
        is_proven = len(sure) >= FEWEST_SURE and following >= LEAST_FOLLOWING
        return {**chain, last: start} if is_proven and not is_kept else {}
    if any(one.pixels < CHAIN_SHARE * one.total for one in sure):
        return {}
    return {**chain, last: start}


def build_table(evidence: Evidence, moves: Mapping[int, int]) -> dict[int, int]:
    """Return old id to new id for the array that is relabelled."""
    if choose_labelled_side(evidence) is Side.MASKS:
        return dict(sorted(moves.items()))
    return dict(sorted((prediction, truth) for truth, prediction in moves.items()))


def build_exchange(evidence: Evidence, moves: Mapping[int, int]) -> Repair:
    """Return the repair that gives each class its other id."""
    side, table = choose_labelled_side(evidence), build_table(evidence, moves)
    return build_relabelling(f"relabel the {side}", side=side, table=table, safe=True)
