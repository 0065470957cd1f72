"""Which prediction belongs to which mask, by the names of their files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from iou_doctor.arrays.source import Pair
from iou_doctor.sources.files.image_folder import ImageSource
from iou_doctor.sources.refusals import listed, refusal

_EXAMPLES = 3  # names of each side in the error
# the usual endings; longer ones win, because a search finds the leftmost match
_ENDING = re.compile(
    r"[_-](?:gtFine(?:[_-]label(?:Train)?Ids)?|label(?:Train)?Ids|labels?|masks?|gt|target"
    r"|preds?|prediction|seg|segmentation|leftImg8bit|out|output)$",
    re.IGNORECASE,
)


def pair_images(*, y_true: ImageSource, y_pred: ImageSource) -> Pair:
    """Return the masks and predictions that have a partner, both sorted by the masks' names.

    Equal names pair first; then as few endings as possible are dropped, where that leaves one
    mask and one prediction. Two single files pair whatever their names are.

    Raises:
        SourceError: no mask has a prediction.
    """
    if not (y_true.is_folder or y_pred.is_folder):
        return Pair(y_true, y_pred)
    partners = _partners(y_true.names, y_pred.names)
    if not partners:
        raise refusal(
            y_pred.path,
            f"none of its names ({_examples(y_pred.names)}) pairs with one of "
            f"`{y_true.path}` ({_examples(y_true.names)}); give partners the same names",
        )
    dropped = {_dropped(true, pred) for true, pred in partners.items()}
    return Pair(
        y_true.selected(_indices(y_true.names, sorted(partners))),
        y_pred.selected(_indices(y_pred.names, [partners[name] for name in sorted(partners)])),
        unpaired_true=_without(y_true.names, partners.keys()),
        unpaired_pred=_without(y_pred.names, partners.values()),
        dropped_endings=tuple(sorted({ending for endings in dropped for ending in endings})),
    )


def _examples(names: Sequence[str]) -> str:
    return listed(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _partners(true_names: Iterable[str], pred_names: Iterable[str]) -> dict[str, str]:
    """Return the prediction's name for each mask's name that has one."""
    true = {name: _shortened(name) for name in true_names}
    pred = {name: _shortened(name) for name in pred_names}
    partners: dict[str, str] = {}
    for drops in range(_most_drops(true) + _most_drops(pred) + 1):
        found = _unique(_matches(true, pred, drops))
        partners |= found
        for name in found:
            del true[name], pred[found[name]]
    return partners


def _shortened(name: str) -> list[str]:
    """Return the name, then the name without its last ending, without the last two, and so on."""
    names = [name]
    while (match := _ENDING.search(names[-1])) and match.start() > 0:
        names.append(names[-1][: match.start()])
    return names


def _most_drops(shortened: Mapping[str, list[str]]) -> int:
    return max((len(names) - 1 for names in shortened.values()), default=0)


def _matches(
    true: Mapping[str, list[str]], pred: Mapping[str, list[str]], drops: int
) -> list[tuple[str, str]]:
    """Return the masks and predictions that are equal after `drops` endings in all."""
    by_key: dict[tuple[str, int], list[str]] = {}
    for name, keys in pred.items():
        for dropped, key in enumerate(keys):
            by_key.setdefault((key, dropped), []).append(name)
    return [
        (name, partner)
        for name, keys in true.items()
        for dropped, key in enumerate(keys)
        for partner in by_key.get((key, drops - dropped), ())
    ]


def _unique(matches: list[tuple[str, str]]) -> dict[str, str]:
    true_uses = Counter(true for true, _ in matches)
    pred_uses = Counter(pred for _, pred in matches)
    return {t: p for t, p in matches if true_uses[t] == 1 and pred_uses[p] == 1}


def _dropped(true: str, pred: str) -> tuple[str, ...]:
    """Return the endings that `true` and `pred` do not share."""
    true_names, pred_names = _shortened(true), _shortened(pred)
    common = next(name for name in true_names if name in pred_names)
    chains = (
        true_names[: true_names.index(common) + 1],
        pred_names[: pred_names.index(common) + 1],
    )
    return tuple(
        longer.removeprefix(shorter) for chain in chains for longer, shorter in pairwise(chain)
    )


def _indices(names: Iterable[str], chosen: Iterable[str]) -> list[int]:
    places = {name: index for index, name in enumerate(names)}
    return [places[name] for name in chosen]


def _without(names: Iterable[str], chosen: Iterable[str]) -> tuple[str, ...]:
    taken = set(chosen)
    return tuple(name for name in names if name not in taken)
