"""Refuse a call in one line: what is wrong with it, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from iou_doctor.errors import UsageError
from iou_doctor.metrics.metric import Signature

LONGEST_REFUSAL = 300
"""The maximum number of characters of a refusal."""
LONGEST_QUOTE = 70
"""The maximum number of characters that are quoted from the user's code."""
ALMOST_EQUAL = 0.93
"""How similar names are of which one is a misspelt form of the other."""
MOST_NEAR = 3
"""The maximum number of similar names in a refusal."""
LIST = "`iou-doctor metrics` lists all"
_KINDS = ("iou", "jaccard", "dice", "f1")
_BASE = "keras.metrics.MeanIoU"


def shorten(text: str, most: int = LONGEST_QUOTE) -> str:
    """Return the text on one line, and its beginning if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def quote(text: str) -> str:
    """Return the text in quotes on one line, and its beginning if it is long.

    Control characters are written out, which makes a short text long.
    """
    quoted = repr(" ".join(text.split()))
    fits = len(quoted) <= LONGEST_QUOTE + 2
    return quoted if fits else f"{quoted[:LONGEST_QUOTE]}…{quoted[0]}"


def find_close_matches(
    word: str, known: Iterable[str], n: int = 1, cutoff: float = 0.6
) -> list[str]:
    """Return the names that are most similar to a word, the most similar first."""
    from difflib import get_close_matches  # most calls are understood

    return get_close_matches(word, list(known), n=n, cutoff=cutoff)


def build_refusal(name: str, *sentences: str) -> UsageError:
    """Return an error about a metric; the last parts are left out if they do not fit."""
    text = f"--metric {shorten(name)}"
    for sentence in sentences:
        if len(text) + len(sentence) <= LONGEST_REFUSAL:
            text += sentence
    return UsageError(text)


def build_ambiguous_error(name: str, choices: Sequence[str]) -> UsageError:
    """Return the error for a name that several libraries have.

    Args:
        name: the name as the user wrote it.
        choices: what to write instead, the most common first.
    """
    text = f"--metric {shorten(name)} is ambiguous; write one of:"
    end = f" ({LIST})"
    kept: list[str] = []
    for choice in choices:
        if len(f"{text} {'; '.join([*kept, choice])}{end}") <= LONGEST_REFUSAL:
            kept.append(choice)
    return UsageError(f"{text} {'; '.join(kept)}{end}")


def build_unknown_error(
    name: str, arguments: str, signatures: Sequence[Signature], *, base: str = "", own: str = ""
) -> UsageError:
    """Return the error for a name that no metric has.

    Args:
        name: the full name.
        arguments: the arguments of the call as they are written.
        signatures: all calls that are understood.
        base: the metric from which the user's code derives a class of this name.
        own: "class" or "function" if the user's code defines it.
    """
    name = name.lstrip(".")
    if base:
        call = shorten(f"{base}({arguments})")
        return build_refusal(
            name, f" is a class of your own, derived from {base}: name the base, {call}", _ARGMAX
        )
    if own:
        hint = f" is a {own} of your own, which iou-doctor does not run: name the metric that"
        return build_refusal(name, f"{hint} computes the same, for instance plain.mean_iou", _LISTS)
    shorts = {one.last.lower() for one in signatures}
    close = find_close_matches(name.lower(), shorts, 1, ALMOST_EQUAL)
    if _is_own_class(name) and not close:
        near = _find_base(name, signatures)
        call = shorten(f"{near}({arguments})")
        hint = f" is not known; if it is a class of your own, name its base, for instance {call}"
        return build_refusal(name, hint, _ARGMAX if near == _BASE else "", f"; {LIST}")
    near_names = list_near_names(name, signatures)
    hint = f"; did you mean {' or '.join(near_names)}?" if near_names else ""
    return build_refusal(name, " is not known", hint, f" ({LIST})")


_LISTS = f" ({LIST})"
_ARGMAX = " (with sparse_y_pred=False if it argmaxes)"


def _is_own_class(name: str) -> bool:
    """Return whether a name without a module looks like a class that computes such a metric."""
    plain = "." not in name and name[:1].isupper() and not name.lower().endswith("loss")
    return plain and any(kind in name.lower() for kind in _KINDS)


def _find_base(name: str, signatures: Sequence[Signature]) -> str:
    """Return the metric whose name is the longest within this one; else Keras' `MeanIoU`."""
    word = re.sub(r"\W|_", "", name).lower()
    known = [
        one.name
        for one in signatures
        if not one.refusal and one.last[0].isupper() and one.last.lower() in word
    ]
    return max(known, key=lambda full: len(full.rpartition(".")[2]), default=_BASE)


def list_near_names(name: str, signatures: Sequence[Signature]) -> list[str]:
    """Return the full names of metrics with similar names, those of the same library first."""
    root, _, last = name.partition(".")[0], "", name.rpartition(".")[2]
    known = [one.name for one in signatures if not one.refusal]
    shorts = {full.rpartition(".")[2].lower() for full in known}
    near = find_close_matches(last.lower(), sorted(shorts), n=MOST_NEAR)
    found = [full for short in near for full in known if full.lower().endswith("." + short)]
    same = [full for full in found if full.partition(".")[0] == root]
    kept = {full.rpartition(".")[2].lower(): full for full in reversed(same or found)}
    return [kept[short] for short in near if short in kept][:MOST_NEAR]
