"""Faults of the last step: ratios are right, but they are added up or divided wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.definition import Choices, Ratio
from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.engine.averages import Flags, Ratios, compute_ratios
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.conventions import PLAIN

_TOO_FEW = Cause(
    "averaging-gap",
    "a sum over {groups} divided by one too few",
    "divide by len(values), or use np.mean",
    prior=0.4,
)
_PLUS_1 = replace(
    _TOO_FEW,
    claim="total / i + 1 without parentheses over {groups}: a mean plus 1",
    next_step="write total / (i + 1)",
    prior=0.3,
)
_SUM = replace(_TOO_FEW, claim="a sum over {groups} that is never divided", prior=0.3)
_NAMES = {Ratio.IOU: "IoU", Ratio.DICE: "Dice"}


def average_wrongly(areas: Areas, batch_sizes: tuple[int, ...]) -> Iterator[Candidate]:
    """Yield sums over images, batches and classes that are divided wrongly.

    Args:
        areas: of each image and class, shape (images, classes).
        batch_sizes: the sizes of batches to try.
    """
    images, classes = areas.truth.shape
    for ratio in (Ratio.DICE, Ratio.IOU):
        choices = replace(PLAIN, ratio=ratio)
        total, valid = _compute_ratios(choices, areas.total)
        if classes > 1:
            words = f"{_NAMES[ratio]} of each class"
            yield _build(_SUM, "the classes", words, float(total[valid].sum()))
            kept = valid.sum()
            if kept > 2:  # of two, the sum itself
                value = float(total[valid].sum() / (kept - 1))
                yield _build(_TOO_FEW, "the classes", words, value)
        for size in (1, *(size for size in batch_sizes if 1 < size < images)):
            if images > 1:
                grouped = areas if size == 1 else areas.select_images(slice(None)).sum_batches(size)
                yield from _divide_groups(choices, grouped, size)


def _compute_ratios(choices: Choices, areas: Areas) -> tuple[Ratios, Flags]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return compute_ratios(choices, areas)


def _divide_groups(choices: Choices, areas: Areas, size: int) -> Iterator[Candidate]:
    groups = "the images" if size == 1 else f"batches of {size}"
    found, valid = _compute_ratios(choices, areas)
    for words, values in _list_group_values(_NAMES[choices.ratio], found, valid):
        count, total = len(values), float(values.sum())
        if count < 2 or not total:
            continue
        yield _build(_TOO_FEW, groups, words, total / (count - 1))
        yield _build(_PLUS_1, groups, words, total / (count - 1) + 1)
        yield _build(_PLUS_1, groups, words, total / count + 1)
        yield _build(_SUM, groups, words, total)


def _list_group_values(
    name: str, found: Ratios, valid: Flags
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the values of the groups: their means over the classes, and those of class 1."""
    count = valid.sum(axis=1)
    kept = count > 0
    yield f"mean {name}", np.where(valid, found, 0).sum(axis=1)[kept] / count[kept]
    if found.shape[1] > 1:
        yield f"{name} of class 1", found[:, 1][valid[:, 1]].astype(np.float64)
        if not valid[:, 1].all():
            filled = np.where(valid[:, 1], found[:, 1], 1).astype(np.float64)
            yield f"{name} of class 1 (empty as 1)", filled


def _build(cause: Cause, groups: str, words: str, value: float) -> Candidate:
    named = replace(cause, claim=cause.claim.format(groups=groups))
    return Candidate(value, named, words, cause.prior)
