"""Labels outside the classes that stand for class 0 in some samples, or mean void."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.hypotheses import score_as_given
from iou_doctor.checks.wording import format_percent, name_samples
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import compute_score
from iou_doctor.record import record
from iou_doctor.report.finding import Finding, Rule

BACKGROUND = 0
FEWEST_USUAL = 2
"""Minimum number of samples that hold class 0."""
LEAST_ALONE = 0.5
"""Minimum share of the pixels of a label that lie in samples without class 0."""
MOST_TIMES_WRONG, MOST_MORE_WRONG, MOST_WRONG = 1.5, 0.05, 0.5
"""How often the label is predicted as another class than 0, compared with class 0: at most so many
times as often or so much oftener, and at most this share. What annotators left out holds objects,
too, while the background of a few samples is about as easy as that of the others."""


@record
class LikelyBackground:
    """Samples in which a label stands where the others hold class 0."""

    samples: tuple[int, ...]
    right: int
    """The pixels of the label in these samples that are predicted as class 0."""
    total: int
    """All pixels of the label in these samples."""
    mean_iou: float
    """The mean IoU with the label as class 0 in these samples."""


def find_likely_background(evidence: Evidence, void: Iterable[int]) -> dict[int, LikelyBackground]:
    """Return which labels may be class 0, because samples without 0 hold them in its place.

    Args:
        evidence: the facts.
        void: labels outside the classes.
    """
    if evidence.interpretation.ignore_index == BACKGROUND:
        return {}
    pairs = evidence.pairs
    true, is_zero = pairs.truth, pairs.prediction == BACKGROUND
    usual = np.unique(pairs.image[true == BACKGROUND])
    if len(usual) < FEWEST_USUAL:
        return {}
    wrong = 1 - _share(pairs, is_zero, true == BACKGROUND)
    most = min(max(MOST_TIMES_WRONG * wrong, wrong + MOST_MORE_WRONG), MOST_WRONG)
    found = {}
    for label in void:
        holds = true == label
        alone = holds & ~np.isin(pairs.image, usual)
        if _share(pairs, alone, holds) < LEAST_ALONE or 1 - _share(pairs, is_zero, alone) > most:
            continue
        found[label] = LikelyBackground(
            samples=tuple(np.unique(pairs.image[alone]).tolist()),
            right=int(pairs.count[alone & is_zero].sum()),
            total=int(pairs.count[alone].sum()),
            mean_iou=_score_as_background(evidence, alone),
        )
    return found


def _share(pairs: PairCounts, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    """Return the share of the pixels of some rows that other rows have."""
    count = pairs.count
    return float(count[part & whole].sum() / max(count[whole].sum(), 1))


def _score_as_background(evidence: Evidence, rows: NDArray[np.bool_]) -> float:
    """Return the mean IoU if the true label of some rows is class 0."""
    pairs, interpretation = evidence.pairs, evidence.interpretation
    changed = PairCounts.from_rows(
        image=np.zeros_like(pairs.image),
        truth=np.where(rows, BACKGROUND, pairs.truth),
        prediction=pairs.prediction,
        count=pairs.count,
    )
    score = compute_score(
        pairs=changed,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )
    return score.mean_iou or 0.0


def report_likely_background(
    rule: Rule, evidence: Evidence, label: int, found: LikelyBackground
) -> Finding:
    """Return the finding on a label that may be void or the background of some samples."""
    samples, ignored = found.samples, evidence.interpretation.ignore_index
    verb, these = ("holds", "this mask") if len(samples) == 1 else ("hold", "these masks")
    void = f"--ignore-index{'=' if label < 0 else ' '}{label}"
    if ignored is not None:
        void = f"masks = np.where(masks == {label}, {ignored}, masks)"
    return Finding(
        rule,
        message=f"{name_samples(evidence, samples)} {verb} no class 0 but label {label}, and"
        f" {format_percent(found.right, found.total)} of its {found.total:,} pixels are predicted"
        f" as class 0, as in the other samples. So it is another number for class 0 there, or void"
        f" that is not declared. The mean IoU is {found.mean_iou:.4f} with it as class 0, and"
        f" {score_as_given(evidence):.4f} without it",
        help=f"look at one of {these}: if {label} is the background, write 0 in its place; if it is"
        f" void, {void}",
        facts={
            "labels": {str(label): evidence.pairs.count_truths()[label]},
            "faulty": list(samples),
            "mean_iou_as_background": found.mean_iou,
        },
    )
