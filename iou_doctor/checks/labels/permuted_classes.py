"""Masks and predictions number the classes in different orders.

The list of classes was sorted by name for one array and by frequency for the other, or ids were
mapped in place one after another (6 to 9, then 9 to 7, so that class 6 ends as 7). The pictures
look right because their colours come from one list, but each class is compared with another one.

    masks 1 and 2,  predictions 2 and 1       lut = np.array([0, 2, 1]);  masks = lut[masks]

Map all ids at once, with one table. The rule needs at least two classes of an exchange to be
predicted mostly as each other. A weak model may gain a little if two rare classes are exchanged;
that is not reported.
"""

from collections.abc import Mapping, Sequence

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    LEAST_ADVANTAGE,
    MajorityPrediction,
    choose_labelled_side,
    find_best_exchange,
    find_majority_predictions,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._numberings import find_foreign_ids
from iou_doctor.checks.map_stack import has_nothing_to_gain
from iou_doctor.checks.orientations import PIXELS_A_SIDE, fit_turns, list_turns
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.suggested_code import are_other_channels
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

NUMBERING_RULES = (
    "labels-off-by-one",
    "zero-label-reduced",
    "instance-ids",
    "recoded-class-ids",
)
"""If one of these rules has fired, the ids differ in another way."""

RULE = Rule(
    code="IOU407",
    name="permuted-classes",
    severity=Severity.ERROR,
    suspicion=Suspicion.PERMUTATION,
    claim="masks and predictions number the classes in different orders",
    symptom=Symptom.NUMBERING,
    explains=Symptom.BASELINE | Symptom.CLASSES | Symptom.ABSENT_CLASSES,
    also_explains=("metric-misreads-arrays",),
    after=(
        Suspicion.ENCODING,
        Suspicion.MASK_VALUES,
        "prediction-out-of-range",
        *NUMBERING_RULES,
    ),
    needs=Needs.TRAINED_NETWORK,
)

LEAST_EXCHANGE_GAIN = 0.05
"""Minimum gain in mean IoU. Two exchanged classes of twenty cost 0.05 if their IoU is 0.5, while
exchanges that noise suggests gain less than 0.01."""
CHAIN_SHARE = 0.9
"""Minimum share of each class in an open chain that is predicted as the next class. A poor model
often takes one class for another that these images lack, but seldom with nearly all its pixels."""


def find(evidence: Evidence) -> Result:
    """Look for the exchange of ids that agrees best with the predictions."""
    if evidence.interpretation.is_multilabel:
        from iou_doctor.checks.labels._channels import find_permuted_channels

        return find_permuted_channels(RULE, evidence)
    if evidence.interpretation.num_classes < 3:
        return []  # with two classes it is inverted-masks
    if evidence.has_found(*NUMBERING_RULES) or are_other_channels(evidence):
        return []
    moves = _find_moves(evidence)
    if len(moves) < 2 or find_foreign_ids(evidence):
        return []
    repair = _build_repair(evidence, moves)
    after, before = score_repaired(evidence, repair), score_as_given(evidence)
    if after < before + LEAST_EXCHANGE_GAIN:
        return []
    gain = after - before
    from iou_doctor.checks.ordered_classes import are_neighbours_mistaken  # only with a proof

    others = _is_turn_better(evidence, gain) or _is_volume_better(evidence, gain)
    if others or are_neighbours_mistaken(evidence, moves, repair):
        return []
    return [_report(evidence, moves, after, repair)]


def _is_volume_better(evidence: Evidence, gain: float) -> bool:
    """Return whether another orientation of a volume gains more than the exchange."""
    from iou_doctor.checks.volume_orientation import find_orientation  # only if an exchange gains

    found = find_orientation(evidence)
    return found is not None and found.scores[1] - found.scores[0] > gain


def _is_turn_better(evidence: Evidence, gain: float) -> bool:
    """Return whether a flip or rotation of the predictions gains more than the exchange.

    Upside down, sky and road of a single image swap places like two exchanged classes.
    """
    if has_nothing_to_gain(evidence) or evidence.sampled is None:
        return False
    maps = stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
    if isinstance(maps, Skipped) or maps.y_true.ndim < 3:
        return False
    turns = list_turns(maps.y_true.ndim - 1, square=evidence.sampled.is_square)
    scores = fit_turns(maps, turns).pooled
    return float(scores.max() - scores[0]) > gain


def _find_moves(evidence: Evidence) -> dict[int, int]:
    """Return truth id to predicted id for each id that moves: a permutation of these ids."""
    majorities = _find_class_majorities(evidence)
    clear = {
        truth: majority
        for truth, majority in majorities.items()
        if majority.total >= FEWEST_LABEL_PIXELS
        and 2 * majority.pixels > majority.total
        and majority.prediction in evidence.interpretation.classes
        and majority.prediction != truth
    }
    if not any(majority.prediction in clear for majority in clear.values()):
        return {}  # no two clear moves in a row; all healthy arrays end here, before the assignment
    moved = find_best_exchange(evidence)
    chains = _split_into_chains({truth: moved[truth] for truth in majorities if truth in moved})
    moves = {
        truth: prediction
        for chain in chains
        for truth, prediction in _close_if_convincing(chain, clear, majorities).items()
    }
    return _add_gaining_cycles(evidence, moves, chains) if moves else {}


def _add_gaining_cycles(
    evidence: Evidence, moves: dict[int, int], chains: Sequence[Mapping[int, int]]
) -> dict[int, int]:
    """Return the moves and every further cycle that gains, as for classes that are seldom right."""
    for chain in chains:
        if set(chain) == set(chain.values()) and not set(chain) & set(moves):
            more = {**moves, **chain}
            gained = score_repaired(evidence, _build_repair(evidence, more))
            if gained >= score_repaired(evidence, _build_repair(evidence, moves)) + LEAST_ADVANTAGE:
                moves = more
    return moves


def _find_class_majorities(evidence: Evidence) -> dict[int, MajorityPrediction]:
    """Return the commonest prediction of each class in the masks."""
    interpretation = evidence.interpretation
    return {
        truth: majority
        for truth, majority in find_majority_predictions(evidence).items()
        if truth in interpretation.classes and truth != interpretation.ignore_index
    }


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
) -> dict[int, int]:
    """Return a convincing cycle, or a convincing chain closed to a cycle; else no moves.

    Args:
        chain: truth id to predicted id, in order.
        clear: the classes of which most pixels are predicted as one other class.
        majorities: the commonest prediction of every class in the masks.
    """
    start, last = next(iter(chain)), list(chain.values())[-1]
    sure = [clear[t] for t, p in chain.items() if t in clear and clear[t].prediction == p]
    pixels = sum(majorities[truth].total for truth in chain)
    if len(sure) < 2 or 2 * sum(majority.pixels for majority in sure) <= pixels:
        return {}
    if last == start:
        return chain
    if last in majorities or any(one.pixels < CHAIN_SHARE * one.total for one in sure):
        return {}
    return {**chain, last: start}


def _build_table(evidence: Evidence, moves: Mapping[int, int]) -> dict[int, int]:
    """Return old id to new id for the array that is relabelled."""
    if choose_labelled_side(evidence) is Side.MASKS:
        return dict(sorted(moves.items()))
    return dict(sorted((prediction, truth) for truth, prediction in moves.items()))


def _build_repair(evidence: Evidence, moves: Mapping[int, int]) -> Repair:
    side, table = choose_labelled_side(evidence), _build_table(evidence, moves)
    return build_relabelling(f"relabel the {side}", side=side, table=table, safe=True)


def _report(evidence: Evidence, moves: Mapping[int, int], after: float, repair: Repair) -> Finding:
    from iou_doctor.checks.labels._repair_code import write_exchange  # only if the rule fires

    side, table = choose_labelled_side(evidence), _build_table(evidence, moves)
    before, missing = score_as_given(evidence), _list_missing_classes(evidence)
    changes = join_words(f"{old} to {new}" for old, new in table.items())
    noun, verb = ("id", "is") if len(missing) == 1 else ("ids", "are")
    lost = f"; {noun} {join_words(missing)} {verb} predicted but in no mask" if missing else ""
    return Finding(
        RULE,
        message=f"the mean IoU is {before:.4f} as given and {after:.4f} with the {side} relabelled"
        f" {changes}{lost}",
        help=write_exchange(evidence, side, table),
        facts={
            "array": side.value,
            "mapping": {str(old): new for old, new in table.items()},
            "mean_iou": before,
            "mean_iou_relabelled": after,
            "missing_from_masks": missing,
        },
        repair=repair,
    )


def _list_missing_classes(evidence: Evidence) -> list[int]:
    """Return the classes that are predicted but in no mask: a mapping may have merged them."""
    return [
        entry.id
        for entry in evidence.repaired.per_class
        if entry.predicted_pixels >= FEWEST_LABEL_PIXELS and not entry.truth_pixels
    ]
