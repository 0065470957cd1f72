"""Numbers that are worked out from a score, or that are the score of some samples only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.metrics.definition import Ratio
from iou_doctor.metrics.engine.areas import Areas
from iou_doctor.metrics.engine.averages import average_batches, compute_ratios
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.conventions import PLAIN

_LOSS = Cause(
    "averaging-gap",
    "1 minus the score: a loss, not a score",
    "compare 1 - value with the score",
    prior=0.3,
)
_CONVERTED = Cause(
    "averaging-gap",
    "the mean {source} is converted ({formula}), which is right for one class only",
    "work out the {target} of each class, then the mean",
    prior=0.3,
)
_LAST_BATCH = Cause(
    "averaging-gap",
    "only the last batch counts, of {size}: the metric is overwritten or reset in the loop",
    "update one metric with all batches, and read it once at the end",
    prior=0.25,
)
_FIRST_BATCH = replace(
    _LAST_BATCH,
    claim="only the first batch counts, of {size}: the loop returns or breaks",
    prior=0.2,
)
_MEDIAN = Cause(
    "averaging-gap", "the median over the images", "compare with the mean over images", prior=0.2
)
_NAMES = {Ratio.IOU: "IoU", Ratio.DICE: "Dice"}
LEAST_LIKELY_SCORE = 0.3
"""The least plausibility of a score of which a loss is made."""


def list_losses(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Yield 1 minus each likely score of the arrays.

    Args:
        candidates: what was tried on the arrays as they are.
    """
    for one in candidates:
        if one.possible and one.plausibility >= LEAST_LIKELY_SCORE and 0 <= one.value <= 1:
            weight = _LOSS.prior * one.plausibility
            yield Candidate(1 - one.value, _LOSS, one.implementation, weight, one.contract)


def derive_scores(areas: Areas, batch_sizes: tuple[int, ...]) -> Iterator[Candidate]:
    """Yield scores of the first and the last batch alone, medians, and converted means.

    Args:
        areas: of each image and class, shape (images, classes).
        batch_sizes: the sizes of batches to try.
    """
    found = _derive(areas, batch_sizes)
    yield from (one for one in found if math.isfinite(one.value))


def _derive(areas: Areas, batch_sizes: tuple[int, ...]) -> Iterator[Candidate]:
    for ratio, name in _NAMES.items():
        whole = _average(ratio, areas.total)
        if areas.truth.shape[1] > 1:
            yield from _convert(ratio, float(whole[0]))
        images = len(areas.truth)
        values = _average(ratio, areas)
        known = values[~np.isnan(values)]
        if len(known) > 2:  # of two, the mean itself
            yield _build(_MEDIAN, f"mean {name}", float(np.median(known)))
        for size in batch_sizes:
            if size >= images:
                continue
            last = slice((images - 1) // size * size, None)
            for cause, chosen in ((_LAST_BATCH, last), (_FIRST_BATCH, slice(0, size))):
                part = areas.select_images(chosen).total
                named = replace(cause, claim=cause.claim.format(size=size))
                yield _build(named, f"mean {name}", float(_average(ratio, part)[0]))
                if areas.truth.shape[1] > 1:
                    value = float(_compute(ratio, part)[0, 1])
                    yield _build(named, f"{name} of class 1", value)


def _convert(ratio: Ratio, value: float) -> Iterator[Candidate]:
    """Yield the Dice that somebody makes of a mean IoU, and the reverse."""
    if ratio is Ratio.IOU:
        source, target, formula, converted = "IoU", "Dice", "2 m / (1 + m)", 2 * value / (1 + value)
    else:
        source, target, formula, converted = "Dice", "IoU", "d / (2 - d)", value / (2 - value)
    claim = _CONVERTED.claim.format(source=source, formula=formula)
    cause = replace(_CONVERTED, claim=claim, next_step=_CONVERTED.next_step.format(target=target))
    yield _build(cause, f"{target} from the mean {source}", converted)


def _average(ratio: Ratio, areas: Areas) -> NDArray[np.float64]:
    """Return the mean over the classes of each image, NaN without any."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return average_batches(replace(PLAIN, ratio=ratio), next(areas.stack_batches(1)))


def _compute(ratio: Ratio, areas: Areas) -> NDArray[np.float64]:
    """Return the ratio of each group and class, NaN for a class that is absent."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found, valid = compute_ratios(replace(PLAIN, ratio=ratio), areas)
    ratios = np.where(valid, found, np.nan).reshape(-1, areas.truth.shape[-1])
    return ratios.astype(np.float64, copy=False)


def _build(cause: Cause, words: str, value: float) -> Candidate:
    return Candidate(value, cause, words, cause.prior)
