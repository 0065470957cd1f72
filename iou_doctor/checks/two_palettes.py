"""Give ids to the colours of two arrays that were painted in different colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from iou_doctor.checks.assignment import assign
from iou_doctor.checks.colours import is_all_grey, read_greys
from iou_doctor.checks.evidence import Evidence
from iou_doctor.repairs.step import Side


def match_palettes(
    evidence: Evidence,
    sides: Mapping[Side, Mapping[int, int]],
    major: Mapping[Side, Sequence[int]],
    *,
    void: int,
) -> dict[Side, dict[int, int]]:
    """Return the id of each colour of each array; empty if one holds all colours of the other.

    Args:
        evidence: the facts.
        sides: the number of pixels of each colour of each array.
        major: the frequent colours of each array.
        void: the id for colours that mean no class.
    """
    masks, predictions = (major[side] for side in Side)
    if set(masks) <= set(predictions) or set(predictions) <= set(masks):
        return {}
    ids = number_colours(evidence, sides[Side.MASKS], masks)
    found = match_colours(evidence, ids, predictions, void=void)
    return {Side.MASKS: ids, Side.PREDICTIONS: found}


def number_colours(
    evidence: Evidence, counts: Mapping[int, int], major: Sequence[int]
) -> dict[int, int]:
    """Return the id of each frequent colour of the masks: its rank, or the label that a grey is.

    Args:
        evidence: the facts.
        counts: the number of pixels of each colour of the masks.
        major: the frequent ones among them.
    """
    if not is_all_grey(counts):
        return {code: rank for rank, code in enumerate(sorted(major))}
    greys = read_greys(evidence, counts)
    return {code: greys[code] for code in major}


def match_colours(
    evidence: Evidence, ids: Mapping[int, int], predictions: Sequence[int], *, void: int
) -> dict[int, int]:
    """Return the id of each predicted colour, so that most pixels agree with the masks.

    Colours that both arrays hold mean the same.

    Args:
        evidence: the facts.
        ids: the id of each colour of the masks.
        predictions: the frequent colours of the predictions.
        void: the id of colours for which no class is left.
    """
    rows = [code for code in ids if code not in predictions]
    columns = [code for code in predictions if code not in ids]
    pairs = evidence.pairs.pool()
    counts = {
        (truth, prediction): count
        for truth, prediction, count in zip(
            pairs.truth.tolist(), pairs.prediction.tolist(), pairs.count.tolist(), strict=True
        )
    }
    met = np.array([[counts.get((row, column), 0) for column in columns] for row in rows])
    found = {code: ids[code] for code in predictions if code in ids}
    for row, column in zip(*assign(met), strict=True):
        found[columns[column]] = ids[rows[row]]
    classes = max(evidence.interpretation.num_classes, len(ids), len(predictions))
    free = iter(sorted(set(range(classes)) - set(ids.values())))
    found.update({code: next(free, void) for code in columns if code not in found})
    return found
