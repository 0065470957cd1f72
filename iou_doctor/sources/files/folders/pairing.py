"""Pairs predictions with masks by the names of their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.source import Pair
from iou_doctor.errors import UsageError
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.folders.class_files import ClassFiles, join_classes
from iou_doctor.sources.files.folders.learned_names import Match, learn_partners
from iou_doctor.sources.files.folders.places import add_places
from iou_doctor.sources.source_errors import list_names, source_error

_MOST_NAMED = 8
"""The number of classes to name in the note about them."""
_EXAMPLES = 3
"""The number of names of each folder to show in the error."""
_ENDING = re.compile(
    r"[_-](?:gtFine(?:[_-]label(?:Train)?Ids)?|label(?:Train)?Ids|labels?|masks?|gt|target"
    r"|preds?|prediction|seg|segmentation|leftImg8bit|out|output)$",
    re.IGNORECASE,
)
"""The endings that data sets and tools append to the names of masks, images and predictions.

A search finds the leftmost match, so longer endings win.
"""


def pair_files(*, y_true: FileSeries, y_pred: FileSeries) -> Pair:
    """Return the masks and predictions that have a partner, both sorted by the masks' names.

    Equal names pair up first. Then as few of the usual endings as possible are dropped, provided
    that exactly one mask and one prediction remain with the same name. If names are left over on
    both sides, the constant parts of the names are learned. Two single files are always a pair, and
    so are the lines of two lists.

    Raises:
        SourceError: no mask has a prediction.
        UsageError: the names pair up in two ways, or two lists differ in length.
    """
    pair = _pair_series(y_true, y_pred)
    notes = _note_left_out(masks=y_true, predictions=y_pred)
    return replace(pair, assumed=(*pair.assumed, *notes))


def _note_left_out(**sides: FileSeries) -> tuple[Assumption, ...]:
    """Return a note for each folder that has files of other formats."""
    return tuple(
        Assumption(
            f"{side}.files",
            get_suffix(series.files[0]),
            f"most files of the folder; not read: {', '.join(series.left_out)}",
        )
        for side, series in sides.items()
        if series.left_out
    )


def _pair_series(y_true: FileSeries, y_pred: FileSeries) -> Pair:
    if y_true.is_listed and y_pred.is_listed:
        return _pair_lists(y_true, y_pred)
    if not (y_true.is_folder or y_pred.is_folder):
        return add_places(Pair(y_true, y_pred), y_true, y_pred)
    joined = join_classes(y_true, y_pred)
    if joined is None:
        return _pair_names(y_true, y_pred)
    return _note_classes(_pair_names(joined.true, joined.pred), joined)


def _pair_names(y_true: FileSeries, y_pred: FileSeries) -> Pair:
    found = _match_names(y_true.names, y_pred.names)
    if found is None:
        raise source_error(
            y_pred.path,
            f"none of its names ({_list_examples(y_pred.names)}) pairs with one of "
            f"`{y_true.path}` ({_list_examples(y_true.names)}); give partners the same names",
        )
    ordered = [name for name in y_true.names if name in found.partners]
    true = y_true.select(_find_indices(y_true.names, ordered))
    partners = [found.partners[name] for name in ordered]
    pred = y_pred.select(_find_indices(y_pred.names, partners))
    pair = Pair(
        true,
        pred,
        unpaired_true=_leave_out(y_true.names, found.partners.keys()),
        unpaired_pred=_leave_out(y_pred.names, found.partners.values()),
        dropped_parts=found.dropped,
    )
    return add_places(pair, true, pred)


def _note_classes(pair: Pair, joined: ClassFiles) -> Pair:
    """Return the pair with a note on the classes, each of which has a file of its own."""
    classes = joined.classes
    numbered = enumerate(classes[:_MOST_NAMED], joined.first)
    listed = ", ".join(f"{number} {name}" for number, name in numbered)
    more = f" and {len(classes) - _MOST_NAMED} more" if len(classes) > _MOST_NAMED else ""
    why = "each class has a file of its own"
    why += ", and 0 is what none of them covers" if joined.first else ""
    note = Assumption("classes", listed + more, why)
    return replace(pair, assumed=(*pair.assumed, note))


def _pair_lists(true: FileSeries, pred: FileSeries) -> Pair:
    """Return the files of two lists, line by line."""
    counts = len(true.names), len(pred.names)
    if counts[0] != counts[1]:
        raise UsageError(
            f"`{true.path}` lists {counts[0]:,} masks, and `{pred.path}` {counts[1]:,} predictions;"
            " list one for each line of the other"
        )
    return add_places(Pair(true, pred), true, pred)


def _match_names(true_names: Sequence[str], pred_names: Sequence[str]) -> Match | None:
    """Return the partners that the usual endings give, or learned ones if they are more."""
    partners = _find_partners(true_names, pred_names)
    dropped = {ending for pair in partners.items() for ending in _list_dropped(*pair)}
    usual = Match(partners, tuple(sorted(dropped)))
    if len(partners) == min(len(true_names), len(pred_names)):
        return usual
    learned = learn_partners(true_names, pred_names)
    if learned is not None and len(learned.partners) > len(partners):
        return learned
    return usual if partners else _match_in_lower_case(true_names, pred_names)


def _match_in_lower_case(true_names: Sequence[str], pred_names: Sequence[str]) -> Match | None:
    """Return the partners of names that differ in capital letters, if no two are alike then."""
    true, pred = ({name.lower(): name for name in names} for names in (true_names, pred_names))
    is_lower = true.keys() == set(true_names) and pred.keys() == set(pred_names)
    if is_lower or len(true) < len(true_names) or len(pred) < len(pred_names):
        return None
    found = _match_names(list(true), list(pred))
    if found is None:
        return None
    partners = {true[name]: pred[partner] for name, partner in found.partners.items()}
    return Match(partners, (*found.dropped, "capital letters"))


def _list_examples(names: Sequence[str]) -> str:
    return list_names(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _find_partners(true_names: Iterable[str], pred_names: Iterable[str]) -> dict[str, str]:
    """Return the prediction's name for each mask's name that has one."""
    true = {name: _shorten(name) for name in true_names}
    pred = {name: _shorten(name) for name in pred_names}
    partners: dict[str, str] = {}
    for drops in range(_count_most_drops(true) + _count_most_drops(pred) + 1):
        found = _keep_unique(_find_matches(true, pred, drops))
        partners |= found
        for name in found:
            del true[name], pred[found[name]]
    return partners


def _shorten(name: str) -> list[str]:
    """Return the name, then the name without its last ending, without the last two, and so on."""
    names = [name]
    while (match := _ENDING.search(names[-1])) and match.start() > 0:
        names.append(names[-1][: match.start()])
    return names


def _count_most_drops(shortened: Mapping[str, list[str]]) -> int:
    return max((len(names) - 1 for names in shortened.values()), default=0)


def _find_matches(
    true: Mapping[str, list[str]], pred: Mapping[str, list[str]], drops: int
) -> list[tuple[str, str]]:
    """Return the masks and predictions that are equal after `drops` endings were dropped in all."""
    by_short_name: dict[tuple[str, int], list[str]] = {}
    for name, short_names in pred.items():
        for dropped, short_name in enumerate(short_names):
            by_short_name.setdefault((short_name, dropped), []).append(name)
    return [
        (name, partner)
        for name, short_names in true.items()
        for dropped, short_name in enumerate(short_names)
        for partner in by_short_name.get((short_name, drops - dropped), ())
    ]


def _keep_unique(matches: list[tuple[str, str]]) -> dict[str, str]:
    """Return the matches whose mask and prediction have no other match."""
    true_uses = Counter(true for true, _ in matches)
    pred_uses = Counter(pred for _, pred in matches)
    return {t: p for t, p in matches if true_uses[t] == 1 and pred_uses[p] == 1}


def _list_dropped(true: str, pred: str) -> tuple[str, ...]:
    """Return the endings that two partners do not share."""
    true_names, pred_names = _shorten(true), _shorten(pred)
    common = next(name for name in true_names if name in pred_names)
    chains = (
        true_names[: true_names.index(common) + 1],
        pred_names[: pred_names.index(common) + 1],
    )
    return tuple(
        longer.removeprefix(shorter) for chain in chains for longer, shorter in pairwise(chain)
    )


def _find_indices(names: Iterable[str], chosen: Iterable[str]) -> list[int]:
    indices = {name: index for index, name in enumerate(names)}
    return [indices[name] for name in chosen]


def _leave_out(names: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    taken = set(chosen)
    return tuple(name for name in names if name not in taken)
