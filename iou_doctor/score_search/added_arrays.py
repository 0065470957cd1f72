"""Arrays that scripts add, and what arithmetic on stored numbers has in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate

Flags = NDArray[np.bool_]
Sums = NDArray[np.float64]
"""Sums over the pixels of each group."""
FOREGROUND_255 = 255
_DICE_CODE = "2 * (p * t).sum() / (p + t).sum()"

_ADDED_BOOLS = Cause(
    "metric-misreads-arrays",
    "boolean arrays are added: True + True is True, which never equals 2",
    "use np.logical_and for the intersection, or convert both arrays to integers first",
    prior=0.6,
)
_UNITED_BOOLS = replace(
    _ADDED_BOOLS,
    claim="boolean arrays are added: p + t is the union, and not the sum of both areas",
)
_ADDED_255 = Cause(
    "masks-0-255",
    "the arrays are added and compared with 2, but the masks hold 255",
    "use masks > 127",
    prior=0.4,
)
_EQUALS_1 = replace(
    _ADDED_255, claim="the masks are compared with 1, but they hold 0 and 255", prior=0.5
)


def compare_sums(evidence: Evidence, pairs: PairCounts) -> Iterator[Candidate]:
    """Yield what `p + t == 2`, `p + t` of booleans and `t == 1` lead to.

    Args:
        evidence: for the dtypes of the arrays.
        pairs: the pairs of stored numbers.
    """
    kinds = {source.dtype.kind for source in (evidence.pair.y_true, evidence.pair.y_pred)}
    if kinds == {"b"}:
        yield build_candidate(_ADDED_BOOLS, "(p + t == 2).sum()", 0.0)
        for groups, where in ((pairs.pool(), ""), (pairs, ", mean over images")):
            both, either = (
                sum_values(groups, table)
                for table in (groups.truth & groups.prediction, groups.truth | groups.prediction)
            )
            for words, value in average_ratios(
                "2 * (p * t).sum() / (p + t).sum()", 2 * both, either
            ):
                yield build_candidate(_UNITED_BOOLS, words + where, value)
    elif set(pairs.count_truths()) == {0, FOREGROUND_255}:
        yield build_candidate(_ADDED_255, "(p + t == 2).sum()", 0.0)
        yield build_candidate(_EQUALS_1, "masks == 1", 0.0)


def sum_values(pairs: PairCounts, values: NDArray[np.integer] | Flags) -> Sums:
    """Return the sum of a number of each row over the pixels of each image."""
    first, last = pairs.image_span
    weights = pairs.count * values.astype(np.float64)
    return np.bincount(pairs.image - first, weights, last - first + 1).astype(np.float64)


def average_ratios(name: str, over: Sums, under: Sums) -> Iterator[tuple[str, float]]:
    """Yield the mean ratio of the groups: without those of 0 / 0, and with 1 in their place."""
    defined = under != 0
    if defined.any():
        ratios = over[defined] / under[defined]
        yield name, float(ratios.mean())
        if not defined.all():
            yield f"{name} (empty as 1)", float((ratios.sum() + (~defined).sum()) / len(defined))


def build_candidate(cause: Cause, words: str, value: float) -> Candidate:
    """Return a candidate that no contract describes."""
    return Candidate(value, cause, words, cause.prior)
