"""Match the ids of one sample one to one, where a weak model leaves some of them unclear."""

from __future__ import annotations

from collections.abc import Mapping

from iou_doctor.checks.alignment._sample_faults import (
    FEWEST_PIXELS,
    Relabelling,
    build_relabelling,
)
from iou_doctor.checks.alignment._sample_tables import GOOD_SHARE, Table
from iou_doctor.repairs.step import Side

FEWEST_IDS = 6
"""Minimum number of moved ids. The best of all ways to match fewer may fit by chance."""
LEAST_CLEAR = 0.6
"""Minimum share of the moved ids most of whose pixels lie in the id that they match."""
LEAST_RESTORED = 0.35
"""Minimum mean IoU of the sample with matched ids. A prediction of another scene reaches 0.15."""


def find_permutation(image: int, table: Table, usual: float) -> Relabelling | None:
    """Return the sample with many ids matched one to one if it then scores about as usual.

    Args:
        image: its number.
        table: its label pairs.
        usual: the mean IoU of a usual sample.
    """
    moved = _match_ids(table)
    if not _are_clear(table, moved):
        return None
    one = build_relabelling(image, Side.MASKS, table, moved)
    return one if one.after >= max(LEAST_RESTORED, GOOD_SHARE * usual) else None


def _match_ids(table: Table) -> dict[int, int]:
    """Return, for each true label that another one matches, that predicted label."""
    ranked = sorted(table.counts, key=lambda pair: -table.overlap(*pair))
    partners: dict[int, int] = {}
    for true, pred in ranked:
        if true not in partners and pred not in partners.values():
            partners[true] = pred
    return {true: pred for true, pred in partners.items() if true != pred}


def _are_clear(table: Table, moved: Mapping[int, int]) -> bool:
    """Return whether so many ids match others that they were not confused by the model."""
    truth = table.truth
    sure = [true for true in moved if truth[true] >= FEWEST_PIXELS]
    clear = [true for true in sure if 2 * table.counts[true, moved[true]] > truth[true]]
    return len(sure) >= FEWEST_IDS and len(clear) >= LEAST_CLEAR * len(sure)
