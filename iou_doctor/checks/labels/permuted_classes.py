"""The classes stand in another order on one side than on the other.

A list of classes sorted by name here and by frequency there, or a mapping of ids done in place,
one id after another (6 to 9, then 9 to 7: class 6 ends as 7). Pictures look right, since colours
are drawn from one list, but the score is that of neighbours in a list.

    masks 1 and 2,  predictions 2 and 1       lut = np.array([0, 2, 1]);  masks = lut[masks]

Map ids once, with one table. The rule needs most pixels of the moved classes to be predicted as
the other one, in two classes or more of each exchange; a weak model gains a little from an exchange
of rare classes, and is not reported.
"""

from collections.abc import Mapping, Sequence

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    CLEARLY,
    FEWEST_PIXELS,
    MajorityPrediction,
    choose_labelled_side,
    find_best_exchange,
    find_majority_predictions,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._foreign import foreign_ids
from iou_doctor.checks.map_stack import has_nothing_to_gain, stack_maps
from iou_doctor.checks.orientations import PIXELS_A_SIDE, fit_turns, list_turns
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU407",
    name="permuted-classes",
    severity=Severity.ERROR,
    suspicion=Suspicion.PERMUTATION,
    claim="the classes stand in another order in the predictions than in the masks",
    explains=frozenset(
        {
            "metric-misreads-arrays",
            "never-predicted-class",
            "unlabelled-class-predicted",
            "absent-class",
            "score-regression",
        }
    ),
)

LEAST_GAIN = 0.05
"""Two exchanged classes of twenty cost 0.05 where their IoU is 0.5; noise gains below 0.01."""
FEW = 4
"""In fewer samples classes that change places in the picture look like classes that change ids."""
CHAIN_SHARE = 0.9
"""Of a class that ends a chain at an id without truth pixels. A poor model often takes one class
for a second one that these images lack; it seldom does so with nearly all of its pixels."""


def find(evidence: Evidence) -> Result:
    """Look for the exchange of ids that agrees best with what the predictions say."""
    if evidence.interpretation.num_classes < 3:
        return []  # two classes: inverted-masks
    if evidence.has_found("labels-off-by-one", "zero-label-reduced"):
        return []
    moves = _moves(evidence)
    if len(moves) < 2 or foreign_ids(evidence):
        return []
    repair = _relabelled(evidence, moves)
    after, base = score_repaired(evidence, repair), score_as_given(evidence)
    if after < base + LEAST_GAIN:
        return []
    if evidence.interpretation.layout.samples < FEW and _turned_gains_more(evidence, after - base):
        return []
    return [_finding(evidence, moves, after, repair)]


def _turned_gains_more(evidence: Evidence, gain: float) -> bool:
    """Return whether a flip or turn explains more: sky and road of one image change places too."""
    if has_nothing_to_gain(evidence) or evidence.sampled is None:
        return False
    maps = stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
    if isinstance(maps, Skipped) or maps.true.ndim < 3:
        return False
    turns = list_turns(maps.true.ndim - 1, square=evidence.sampled.square)
    scores = fit_turns(maps, turns).pooled
    return float(scores.max() - scores[0]) > gain


def _moves(evidence: Evidence) -> dict[int, int]:
    """Return truth id to predicted id for each id that moves: a permutation of these ids."""
    known = _known(evidence)
    clear = {
        truth: favourite
        for truth, favourite in known.items()
        if favourite.total >= FEWEST_PIXELS
        and 2 * favourite.pixels > favourite.total
        and favourite.prediction in evidence.interpretation.classes
        and favourite.prediction != truth
    }
    if not any(favourite.prediction in clear for favourite in clear.values()):
        return {}  # what all healthy data give: no two clear moves in a row
    moved = find_best_exchange(evidence)
    chains = _chains({truth: moved[truth] for truth in known if truth in moved})
    moves = {
        truth: prediction
        for chain in chains
        for truth, prediction in _believed(chain, clear, known).items()
    }
    return _completed(evidence, moves, chains) if moves else {}


def _completed(
    evidence: Evidence, moves: dict[int, int], chains: Sequence[Mapping[int, int]]
) -> dict[int, int]:
    """Return the moves with further cycles that gain: classes seldom right move with the others."""
    for chain in chains:
        if set(chain) == set(chain.values()) and not set(chain) & set(moves):
            more = {**moves, **chain}
            gained = score_repaired(evidence, _relabelled(evidence, more))
            if gained >= score_repaired(evidence, _relabelled(evidence, moves)) + CLEARLY:
                moves = more
    return moves


def _known(evidence: Evidence) -> dict[int, MajorityPrediction]:
    interpretation = evidence.interpretation
    return {
        truth: favourite
        for truth, favourite in find_majority_predictions(evidence).items()
        if truth in interpretation.classes and truth != interpretation.ignore_index
    }


def _chains(moves: Mapping[int, int]) -> list[dict[int, int]]:
    """Return one-to-one moves split into chains and cycles, each in order from its start."""
    starts = [truth for truth in moves if truth not in moves.values()]
    chains, seen = [], set[int]()
    for start in [*starts, *moves]:
        chain: dict[int, int] = {}
        truth = start
        while truth in moves and truth not in seen:
            seen.add(truth)
            chain[truth] = moves[truth]
            truth = moves[truth]
        if chain:
            chains.append(chain)
    return chains


def _believed(
    chain: dict[int, int],
    clear: Mapping[int, MajorityPrediction],
    known: Mapping[int, MajorityPrediction],
) -> dict[int, int]:
    """Return a cycle as it is, a convincing chain closed to a cycle, and nothing of others."""
    start, last = next(iter(chain)), list(chain.values())[-1]
    sure = [clear[t] for t, p in chain.items() if t in clear and clear[t].prediction == p]
    pixels = sum(known[truth].total for truth in chain)
    if len(sure) < 2 or 2 * sum(favourite.pixels for favourite in sure) <= pixels:
        return {}
    if last == start:
        return chain
    if last in known or any(f.pixels < CHAIN_SHARE * f.total for f in sure):
        return {}
    return {**chain, last: start}


def _table(evidence: Evidence, moves: Mapping[int, int]) -> dict[int, int]:
    """Return old id to new id for the side that is relabelled."""
    if choose_labelled_side(evidence) is Side.MASKS:
        return dict(sorted(moves.items()))
    return dict(sorted((prediction, truth) for truth, prediction in moves.items()))


def _relabelled(evidence: Evidence, moves: Mapping[int, int]) -> Repair:
    side, table = choose_labelled_side(evidence), _table(evidence, moves)
    return build_relabelling(f"relabel the {side}", side=side, table=table, safe=True)


def _finding(evidence: Evidence, moves: Mapping[int, int], after: float, repair: Repair) -> Finding:
    side, table = choose_labelled_side(evidence), _table(evidence, moves)
    base, missing = score_as_given(evidence), _missing(evidence)
    arrows = join_words(f"{old} to {new}" for old, new in table.items())
    lost = f"; ids {join_words(missing)} are predicted but not in the masks" if missing else ""
    return Finding(
        RULE,
        message=f"with {side} relabelled {arrows} the mean IoU is {after:.4f}, as they are"
        f" {base:.4f}{lost}",
        help=f"lut = np.arange(256); lut[{list(table)}] = {list(table.values())};"
        f" {side} = lut[{side}]",
        facts={
            "array": side.value,
            "mapping": {str(old): new for old, new in table.items()},
            "mean_iou": base,
            "mean_iou_relabelled": after,
            "missing_from_masks": missing,
        },
        repair=repair,
    )


def _missing(evidence: Evidence) -> list[int]:
    """Return the classes that are predicted and not in the masks, where a mapping merged them."""
    return [
        entry.id
        for entry in evidence.repaired.per_class
        if entry.predicted_pixels >= FEWEST_PIXELS and not entry.truth_pixels
    ]
