"""Masks and predictions number the classes in different orders.

The list of classes was sorted by name for one array and by frequency for the other, or ids were
mapped in place one after another (6 to 9, then 9 to 7, so that class 6 ends as 7). The pictures
look right because their colours come from one list, but each class is compared with another one.

    masks 1 and 2,  predictions 2 and 1       lut = np.array([0, 2, 1]);  masks = lut[masks]

Map all ids at once, with one table. The rule needs at least two classes of an exchange to be
predicted mostly as each other. A weak model may gain a little if two rare classes are exchanged;
that is not reported.
"""

from collections.abc import Mapping

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    MajorityPrediction,
    choose_labelled_side,
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
from iou_doctor.repairs.repair import Repair
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
    needs=Needs.NEW_DATA,
)

LEAST_EXCHANGE_GAIN = 0.05
"""Minimum gain in mean IoU. Two exchanged classes of twenty cost 0.05 if their IoU is 0.5, while
exchanges that noise suggests gain less than 0.01."""

LEAST_EXCHANGED_SHARE = 0.75
"""Minimum share of a class that is predicted as its partner, if the partner is seldom found."""


def find(evidence: Evidence) -> Result:
    """Look for the exchange of ids that agrees best with the predictions."""
    if evidence.interpretation.is_multilabel:
        from iou_doctor.checks.labels._channels import find_permuted_channels

        return find_permuted_channels(RULE, evidence)
    if evidence.interpretation.num_classes < 3:
        return []  # with two classes it is inverted-masks
    if evidence.has_found(*NUMBERING_RULES) or are_other_channels(evidence):
        return []
    majorities = _find_class_majorities(evidence)
    clear = _list_clear_moves(evidence, majorities)
    in_a_row = any(majority.prediction in clear for majority in clear.values())
    whole = [k for k, one in clear.items() if one.pixels >= LEAST_EXCHANGED_SHARE * one.total]
    if not in_a_row and not whole:
        return []  # all healthy arrays end here, before the assignment
    from iou_doctor.checks.labels._permutation import find_moves

    moves = find_moves(evidence, majorities, clear, whole)
    return [] if len(moves) < 2 or find_foreign_ids(evidence) else _examine(evidence, moves)


def _examine(evidence: Evidence, moves: Mapping[int, int]) -> list[Finding]:
    """Return the finding if nothing else explains the moves better."""
    from iou_doctor.checks.labels._permutation import build_exchange
    from iou_doctor.checks.ordered_classes import are_neighbours_mistaken

    repair = build_exchange(evidence, moves)
    after, before = score_repaired(evidence, repair), score_as_given(evidence)
    gain = after - before
    if gain < LEAST_EXCHANGE_GAIN:
        return []
    others = _is_turn_better(evidence, gain) or _is_volume_better(evidence, gain)
    if others or are_neighbours_mistaken(evidence, moves, repair):
        return []
    return [_report(evidence, moves, after, repair)]


def _find_class_majorities(evidence: Evidence) -> dict[int, MajorityPrediction]:
    """Return the commonest prediction of each class in the masks."""
    interpretation = evidence.interpretation
    return {
        truth: majority
        for truth, majority in find_majority_predictions(evidence).items()
        if truth in interpretation.classes and truth != interpretation.ignore_index
    }


def _list_clear_moves(
    evidence: Evidence, majorities: Mapping[int, MajorityPrediction]
) -> dict[int, MajorityPrediction]:
    """Return the classes of which most pixels are predicted as one other class."""
    return {
        truth: majority
        for truth, majority in majorities.items()
        if majority.total >= FEWEST_LABEL_PIXELS
        and 2 * majority.pixels > majority.total
        and majority.prediction in evidence.interpretation.classes
        and majority.prediction != truth
    }


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


def _report(evidence: Evidence, moves: Mapping[int, int], after: float, repair: Repair) -> Finding:
    from iou_doctor.checks.labels._permutation import build_table
    from iou_doctor.checks.labels._repair_code import write_exchange  # only if the rule fires

    side, table = choose_labelled_side(evidence), build_table(evidence, moves)
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
