"""Find classes that one array tells apart and the other one merges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import (
    FEWEST_LABEL_PIXELS,
    keep_void_apart,
    score_as_given,
    score_repaired,
)
from iou_doctor.checks.labels._overlaps import Overlaps
from iou_doctor.checks.labels._recoding import (
    LEAST_RECODED_GAIN,
    Recoding,
    build_recoding,
)
from iou_doctor.repairs.step import Side

LEAST_MERGED_SHARE = 0.75
"""Minimum share of a third label that is the object in the other array, which holds two classes. A
void label is often partly object and partly background."""
LEAST_MERGED_IOU = 0.3
"""Minimum mean IoU with the ids merged. Predictions that have nothing to do with the masks, because
their halves are swapped for example, reach 0.15: most classes lie on the same large one."""
LEAST_PART = 0.1
"""Minimum share of a merged id in the class that it is merged with."""
FEWEST_PARTS = 2
"""Minimum number of predicted ids above 1 on the object of masks of 0 and 1. A single one may be a
class that a model mistakes it for."""
LEAST_ID_SHARE = 0.001
"""Minimum share of the pixels of an id that counts. A few pixels may be damage."""
LEAST_COVERED = 0.9
"""Minimum share of the pixels that must belong to ids with one clear partner."""


def find_merging(evidence: Evidence, overlaps: Overlaps) -> Recoding | None:
    """Return the merging of ids that lifts the score; `None` if none is proven."""
    for side, turned in ((Side.MASKS, overlaps), (Side.PREDICTIONS, overlaps.swap())):
        table = _list_partners(turned)
        if table is None or not _leaves_fewer_ids(turned, table):
            continue
        if not _is_proven(evidence, turned, side, table):
            continue
        changes = {old: new for old, new in table.items() if old != new}
        changes = keep_void_apart(evidence, side, changes)
        repair = build_recoding(evidence, turned, side, changes)
        score = score_repaired(evidence, repair)
        gain = score - score_as_given(evidence)
        # a metric that drops these labels may score more without them
        is_clear = gain >= LEAST_RECODED_GAIN and score >= LEAST_MERGED_IOU
        if is_clear or _is_binary(evidence):
            return Recoding(side, turned, changes, repair)
    return None


def _list_partners(overlaps: Overlaps) -> dict[int, int] | None:
    """Return the favourite of each old id if several share one, and each favourite is explained."""
    shared = overlaps.pixels[np.arange(len(overlaps.old)), overlaps.favourites]
    has_partner = (2 * shared > overlaps.totals) & (shared >= FEWEST_LABEL_PIXELS)
    used, size = np.unique(overlaps.favourites[has_partner], return_counts=True)
    if len(used) < 2 or size.max() < 2:
        return None
    explained = np.bincount(
        overlaps.favourites[has_partner], shared[has_partner], len(overlaps.new)
    )
    if (2 * explained < overlaps.pixels.sum(axis=0))[used].any():
        return None
    if overlaps.totals[has_partner].sum() < LEAST_COVERED * overlaps.totals.sum():
        return None
    new = overlaps.new[overlaps.favourites]
    return dict(zip(overlaps.old[has_partner].tolist(), new[has_partner].tolist(), strict=True))


def _leaves_fewer_ids(overlaps: Overlaps, table: Mapping[int, int]) -> bool:
    """Return whether the other array lacks as many ids as are merged.

    A weak model mistakes several classes for the same one, but has ids for all of them.
    """
    pixels = overlaps.pixels.sum(axis=0)
    other = int((pixels >= LEAST_ID_SHARE * pixels.sum()).sum())
    own = int((overlaps.totals >= LEAST_ID_SHARE * pixels.sum()).sum())
    return len(table) - len(set(table.values())) <= own - other


def _is_proven(
    evidence: Evidence, overlaps: Overlaps, side: Side, table: Mapping[int, int]
) -> bool:
    """Return whether the ids are merged on purpose, and not by a model that lacks some classes.

    A model that never predicts a class takes it for another one, which keeps its own name. That
    most of the merged ids get a name that none of them has is no confusion.
    """
    is_binary = _is_binary(evidence) or _has_lost_classes(evidence, overlaps, side)
    if is_binary and _are_parts_of_the_object(overlaps, table):
        return True
    totals = dict(zip(overlaps.old.tolist(), overlaps.totals.tolist(), strict=True))
    size = Counter(table.values())
    merged = [old for old, new in table.items() if size[new] > 1 and old != new]
    clear = overlaps.old[overlaps.is_clear].tolist()
    taken = any(size[table[old]] == 1 and _is_taken(table, old) for old in clear if old in table)
    if taken and _has_large_part(overlaps, merged):
        return True
    renamed = [old for old in merged if table.get(table[old]) != table[old]]
    if 2 * sum(totals[old] for old in renamed) <= sum(totals[old] for old in merged):
        return False
    interpretation = evidence.interpretation
    beyond = interpretation.num_classes_declared and max(merged) >= interpretation.num_classes
    # a collapsed model predicts a single class, which these images may lack
    return beyond or sum(count > 1 for count in size.values()) > 1


def _is_taken(table: Mapping[int, int], old: int) -> bool:
    """Return whether an id gets the number of another id, which has a third number there."""
    new = table[old]
    return new != old and table.get(new, new) not in (new, old)


def _has_large_part(overlaps: Overlaps, merged: list[int]) -> bool:
    """Return whether a merged id is more than scattered errors within the class it is merged with.

    Args:
        overlaps: the overlaps of the ids.
        merged: the ids that get the number of another one.
    """
    new_totals = overlaps.pixels.sum(axis=0)[overlaps.favourites]
    large = overlaps.shared >= LEAST_PART * new_totals
    return bool(large[np.isin(overlaps.old, merged)].any())


def _is_binary(evidence: Evidence) -> bool:
    """Return whether only an object and the background are told apart."""
    interpretation = evidence.interpretation
    known = interpretation.num_classes_declared or interpretation.y_pred.is_thresholded
    return (known or interpretation.y_pred.is_dense) and interpretation.num_classes == 2


def _has_lost_classes(evidence: Evidence, overlaps: Overlaps, side: Side) -> bool:
    """Return whether one array has nothing but 0 and 1, although the other one has more classes.

    A cast to bool does that. A model may not know the other classes, and a few masks may lack them,
    unless the predictions give most of the object to several of these.
    """
    pair = evidence.pair
    other = pair.y_pred if side is Side.MASKS else pair.y_true
    if other.dtype.kind == "b" or side is Side.MASKS:
        return other.dtype.kind == "b"
    parts, on_object = overlaps.old > 1, overlaps.pixels[:, overlaps.new == 1]
    is_most = 2 * on_object[parts].sum() > on_object.sum()
    return bool(is_most and parts.sum() >= FEWEST_PARTS)


def _are_parts_of_the_object(overlaps: Overlaps, table: Mapping[int, int]) -> bool:
    """Return whether one array holds labels above 1 that the other one, of 0 and 1, has as 1."""
    row = {old: index for index, old in enumerate(overlaps.old.tolist())}
    parts = [old for old in row if old > 1]
    if not parts or table.get(0) != 0 or table.get(1) != 1 or overlaps.new.tolist() != [0, 1]:
        return False
    return all(
        overlaps.pixels[row[old], 1] >= LEAST_MERGED_SHARE * overlaps.totals[row[old]]
        for old in parts
    )
