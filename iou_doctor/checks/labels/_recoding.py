"""Find the one assignment between two sets of ids that the pixels prove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    LEAST_ADVANTAGE,
    find_new_void,
    is_exchange_better,
    keep_void_apart,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._overlaps import Overlaps, count_overlaps
from iou_doctor.checks.labels._recoding_proof import is_proven
from iou_doctor.checks.suggested_code import are_other_channels
from iou_doctor.record import record
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side

LEAST_RECODED_GAIN = 0.05
"""Minimum gain in mean IoU. One id of ten that has another number costs 0.05 if its IoU is 0.5."""
LEAST_RECODED = 0.2
"""Minimum mean IoU of the recoded ids. In a small image of many classes, of which masks and
predictions each lack some, an assignment of a weak model's ids reaches 0.16."""
LEAST_GAIN_PER_MOVE = 0.25
"""Minimum gain of a single class in its own IoU, where it is one of so many classes that the mean
gains less."""
LEAST_KNOWN_SHARE = 0.9
"""Minimum share of the clear moves that the table of a known data set explains."""
FEWEST_ON_A_LINE = 3
"""Minimum number of ids that suggest a multiple and an offset. Two always do."""


@record
class Recoding:
    """One array numbers the classes in another way than the other."""

    side: Side
    """The array to relabel."""
    overlaps: Overlaps
    """The overlaps of its ids with those of the other array."""
    table: Mapping[int, int]
    """The number in the other array of each id that has another one there."""
    repair: Repair

    def list_ids(self) -> tuple[list[int], list[int]]:
        """Return the ids of the masks and those of the predictions, without void labels."""
        old, new = self.overlaps.old.tolist(), self.overlaps.new.tolist()
        return (old, new) if self.side is Side.MASKS else (new, old)


def find_recoding(evidence: Evidence, overlaps: Overlaps) -> Recoding | None:
    """Return the one-to-one assignment of ids that lifts the score; `None` if none is proven."""
    if not overlaps.moves:
        return None
    side = choose_side(evidence, overlaps)
    if side is Side.PREDICTIONS:
        overlaps = overlaps.swap()
    if not is_proven(evidence, overlaps, side):
        return None
    recodings = [
        Recoding(side, overlaps, table, build_recoding(evidence, overlaps, side, table))
        for table in (keep_void_apart(evidence, side, it) for it in _list_tables(overlaps))
    ]
    scores = [score_repaired(evidence, recoding.repair) for recoding in recodings]
    best = max(scores)
    share = len(overlaps.moves) / max(len(overlaps.old), len(overlaps.new))
    gain = min(LEAST_RECODED_GAIN, LEAST_GAIN_PER_MOVE * share)
    if best < max(LEAST_RECODED, score_as_given(evidence) + gain):
        return None
    # the tables are listed with the simplest first
    return next(
        recoding
        for recoding, score in zip(recodings, scores, strict=True)
        if score >= best - LEAST_ADVANTAGE
    )


def is_other_numbering(evidence: Evidence, shift: Repair) -> bool:
    """Return whether the ids differ in another way, of which a shift of all ids explains a part.

    In 1, 2, 4, 8 against 0, 1, 2, 3 most pixels may be of the first two classes. If one array lacks
    the first object of many, the numbers of the others are shifted.
    """
    # these are needed only if a shift explains much
    from iou_doctor.checks.labels._numbers_by_image import find_numbers_by_image
    from iou_doctor.checks.labels._rotation import is_rotation

    if is_rotation(evidence, shift):
        return True
    if are_other_channels(evidence) or is_exchange_better(evidence, shift):
        return True
    if find_numbers_by_image(evidence) is not None:
        return True
    from iou_doctor.checks.labels._raster_order import are_in_raster_order

    if evidence.sampled is not None and are_in_raster_order(evidence.sampled):
        return True
    overlaps = count_differing_ids(evidence)
    recoding = find_recoding(evidence, overlaps) if overlaps is not None else None
    if recoding is None or _is_part_of(recoding, shift):
        return False
    gain = score_repaired(evidence, recoding.repair) - score_repaired(evidence, shift)
    return gain >= LEAST_ADVANTAGE


def _is_part_of(recoding: Recoding, shift: Repair) -> bool:
    """Return whether a recoding is a shift but for the void label, which may then be a class."""
    return any(
        isinstance(step, Relabel)
        and step.side is recoding.side
        and recoding.table.items() <= step.table.items()
        for step in shift.steps
    )


def count_differing_ids(evidence: Evidence) -> Overlaps | None:
    """Return the overlaps of the ids; `None` if both arrays hold the same ones, or colours."""
    layout = evidence.interpretation.layout
    if layout.y_true.is_colour or layout.y_pred.is_colour or are_other_channels(evidence):
        return None
    if evidence.pairs.count_truths().keys() == evidence.pairs.count_predictions().keys():
        return None  # the same ids in another order are for permuted-classes
    return count_overlaps(evidence)


def choose_side(evidence: Evidence, overlaps: Overlaps) -> Side:
    """Return the array whose ids look less like 0..C-1: the masks if both look alike."""
    interpretation = evidence.interpretation
    if interpretation.y_pred.is_dense or interpretation.y_pred.is_thresholded:
        return Side.MASKS
    if interpretation.y_true.is_dense:
        return Side.PREDICTIONS
    masks, predictions = (int(ids[-1]) - len(ids) for ids in (overlaps.old, overlaps.new))
    if overlaps.old[0] < 0 or overlaps.new[0] < 0:
        masks, predictions = -int(overlaps.old[0]), -int(overlaps.new[0])
    return Side.MASKS if masks >= predictions else Side.PREDICTIONS


def _list_tables(overlaps: Overlaps) -> Iterator[dict[int, int]]:
    """Yield the tables that may complete the clear moves, the simplest first."""
    from iou_doctor.checks.labels._known_codes import iterate_known_tables  # only with a proof

    old = overlaps.old.tolist()
    line = fit_line(overlaps.moves | _list_kept(overlaps))
    if line is not None:
        step, offset = line
        yield _keep_changes({k: (k - offset) // step for k in old if (k - offset) % step == 0})
    from iou_doctor.checks.labels._rotation import find_rotation  # only with a proof

    turned = find_rotation(overlaps.moves, max(old[-1], int(overlaps.new[-1])) + 1)
    if turned and min(old) >= 0:
        yield {label: turned[label] for label in old}
    for _, known in iterate_known_tables():
        if known.keys() >= set(old) and _fits_moves(known, overlaps.moves):
            yield _keep_changes({label: known[label] for label in old})
    if len(old) == len(overlaps.new):
        yield _keep_changes(dict(zip(old, overlaps.new.tolist(), strict=True)))
    yield _keep_changes(_assign(overlaps))


def _fits_moves(known: Mapping[int, int], moves: Mapping[int, int]) -> bool:
    """Return whether a known table explains the clear moves; rare ids may meet others by chance."""
    fitting = sum(known[old] == new for old, new in moves.items())
    return fitting >= LEAST_KNOWN_SHARE * len(moves)


def _keep_changes(table: Mapping[int, int]) -> dict[int, int]:
    return {old: new for old, new in table.items() if old != new}


def _list_kept(overlaps: Overlaps) -> dict[int, int]:
    return {old: old for old in overlaps.old[overlaps.is_kept].tolist()}


def fit_line(table: Mapping[int, int]) -> tuple[int, int] | None:
    """Return `step` and `offset` if each old id is `step` times the new id plus `offset`."""
    if len(table) < FEWEST_ON_A_LINE:
        return None
    (old, new), (last_old, last_new) = min(table.items()), max(table.items())
    if new == last_new:
        return None
    step = (last_old - old) // (last_new - new)
    offset = old - step * new
    fits = step >= 1 and all(k == step * v + offset for k, v in table.items())
    return (step, offset) if fits else None


def _assign(overlaps: Overlaps) -> dict[int, int]:
    """Return the new id of each old id in the assignment with the largest sum of IoU."""
    met = overlaps.pixels
    union = met.sum(axis=1, keepdims=True) + met.sum(axis=0, keepdims=True) - met
    rows, columns = assign(met / np.maximum(union, 1))
    real = met[rows, columns] > 0
    return dict(
        zip(overlaps.old[rows[real]].tolist(), overlaps.new[columns[real]].tolist(), strict=True)
    )


def build_recoding(
    evidence: Evidence, overlaps: Overlaps, side: Side, table: Mapping[int, int]
) -> Repair:
    """Build the repair that relabels one array, with the number of classes if it was guessed."""
    ids = [table.get(old, old) for old in overlaps.old.tolist()]
    classes = max(*ids, *overlaps.new.tolist(), 1) + 1
    fixed = evidence.interpretation.num_classes_declared or evidence.interpretation.y_pred.is_dense
    return build_relabelling(
        f"relabel the {side}",
        side=side,
        table=table,
        safe=len(set(ids)) == len(ids),
        num_classes=None if fixed or evidence.interpretation.y_true.is_dense else classes,
        ignore_index=find_new_void(evidence, side, table),
    )
