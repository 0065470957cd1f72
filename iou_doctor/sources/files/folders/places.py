"""How predictions lie to their masks in the patient or on the map, as their files state it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.source import Pair
from iou_doctor.sources.files.affines import compare_affines
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.grids import are_distant, compare_grids
from iou_doctor.sources.source_errors import list_names


class _Relation(Protocol):
    @property
    def is_identity(self) -> bool: ...


Found = TypeVar("Found", bound=_Relation)


def add_places(pair: Pair, true: FileSeries, pred: FileSeries) -> Pair:
    """Return the pair with how the predictions lie to the masks, if the files say so.

    Args:
        pair: what is known so far.
        true: the masks that have a partner.
        pred: their partners, in the same order.
    """
    turns = list(map(compare_affines, true.affines, pred.affines))
    pair = _note_moved(pair, turns, "affines", "flips or the order of axes")
    relations = list(map(compare_grids, true.grids, pred.grids))
    pair = _note_moved(pair, relations, "places on the map", "a flip, a turn or a shift")
    pair = _note_distant(pair, true, pred)
    turn, relation = _find_common(turns), _find_common(relations)
    if relation is None:
        return replace(pair, stated_turn=turn)
    return replace(
        pair,
        stated_turn=None if relation.turn.is_identity else relation.turn,
        stated_offset=None if relation.offset == (0, 0) else relation.offset,
    )


def _find_common(found: Sequence[Found | None]) -> Found | None:
    """Return what all pairs agree on; `None` if nothing differs."""
    kinds = set(found)
    common = kinds.pop() if len(kinds) == 1 else None
    return None if common is None or common.is_identity else common


def _note_moved(pair: Pair, found: Sequence[_Relation | None], what: str, how: str) -> Pair:
    """Return the pair with a note on the predictions that lie otherwise than their masks."""
    moved = [n for n, one in enumerate(found) if one is not None and not one.is_identity]
    if not moved:
        return pair
    names = pair.y_true.names or ()
    which = "all predictions"
    if len(moved) < len(found):
        which = f"these predictions ({list_names([names[number] for number in moved])})"
    why = f"the {what} of {which} differ from those of their masks by {how}"
    return _add_note(pair, Assumption("orientation", "as stored", why))


def _note_distant(pair: Pair, true: FileSeries, pred: FileSeries) -> Pair:
    """Return the pair with a note if predictions lie elsewhere on the map than their masks."""
    grids = zip(true.names, true.grids, pred.grids, strict=True)
    distant = [name for name, *both in grids if are_distant(*both)]
    if not distant:
        return pair
    why = f"these predictions lie elsewhere on the map than their masks: {list_names(distant)}"
    return _add_note(pair, Assumption("pairing", "by name", why))


def _add_note(pair: Pair, note: Assumption) -> Pair:
    return replace(pair, assumed=(*pair.assumed, note))
