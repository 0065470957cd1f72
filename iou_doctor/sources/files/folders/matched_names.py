"""Matches the names of masks and predictions: by the usual endings, or by learned parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from iou_doctor.sources.files.folders.learned_names import Match, learn_partners

_ENDING = re.compile(
    r"[_-](?:gtFine(?:[_-]label(?:Train)?Ids)?|label(?:Train)?Ids|labels?|masks?|gt|target"
    r"|preds?|prediction|seg|segmentation|leftImg8bit|out|output)$",
    re.IGNORECASE,
)
"""The endings that data sets and tools append to the names of masks, images and predictions.

A search finds the leftmost match, so longer endings win.
"""


def match_names(true_names: Sequence[str], pred_names: Sequence[str]) -> Match | None:
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
    found = match_names(list(true), list(pred))
    if found is None:
        return None
    partners = {true[name]: pred[partner] for name, partner in found.partners.items()}
    return Match(partners, (*found.dropped, "capital letters"))


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
