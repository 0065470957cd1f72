"""Faults that move pixels or samples: they are tried if nothing else gives the score.

Each takes another pass over the arrays, so that large arrays get fewer of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.score import compute_score
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Move, Side, Step
from iou_doctor.report.score_lookup import Condition, PrintedScore
from iou_doctor.score_search.candidate import Candidate
from iou_doctor.score_search.evaluate_contracts import evaluate_contracts, prepare_label_inputs
from iou_doctor.score_search.pixel_estimates import LEFT_OUT, estimate_mean_iou
from iou_doctor.score_search.pixel_moves import SHUFFLED, list_moves

Recount = Callable[[Sequence[Step]], PairCounts]
"""Counts the label pairs again after these steps."""
MOST_PIXELS = 2**27
"""The number of pixels that are counted again for all faults together: some seconds."""
FEWEST_PASSES = 2
"""How many faults are counted in arrays of any size: those that maps of some samples point to."""
SHUFFLES = 4
"""How many random orders are tried."""
SHUFFLE_MARGIN = 0.02
"""How far outside the scores of these orders the score of another one may lie."""


def try_pixel_faults(
    evidence: Evidence, recount: Recount, printed: PrintedScore
) -> Iterator[Candidate]:
    """Yield what common implementations give if pixels or samples are out of place.

    Args:
        evidence: the facts about the arrays.
        recount: counts the label pairs again after steps.
        printed: the score. In large arrays the faults are tried that give about this mean IoU in
            maps of some samples.
    """
    inputs = evidence.inputs
    if inputs is None or not can_move(evidence):
        return
    affordable = max(FEWEST_PASSES, MOST_PIXELS // max(1, evidence.pairs.total))
    faults = list_moves(
        evidence.interpretation.layout,
        is_square=_is_square(evidence),
        in_order=evidence.pair.y_pred.is_sequential,
    )
    if affordable < len(faults):
        faults.sort(key=lambda fault: _measure_distance(evidence, fault[1], printed))
    for cause, step in faults[:affordable]:
        pairs = recount([step])
        if pairs.prediction_span[0] <= LEFT_OUT:
            pairs = pairs.keep_rows(pairs.prediction != LEFT_OUT)
        moved = prepare_label_inputs(inputs, pairs)
        yield from evaluate_contracts(cause, moved, all_implementations=False)


def _measure_distance(evidence: Evidence, step: Move, printed: PrintedScore) -> float:
    """Return how far about the mean IoU after a step lies from the score; infinite if unknown."""
    value = _estimate(evidence, step)
    return math.inf if math.isnan(value) else abs(value - printed.middle)


def _estimate(evidence: Evidence, step: Move) -> float:
    if evidence.sampled is None:
        return math.nan
    interpretation = evidence.interpretation
    return estimate_mean_iou(
        evidence.sampled,
        step,
        classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    )


def can_move(evidence: Evidence) -> bool:
    """Return whether the arrays can be counted again, with the pixels in other places."""
    layout = evidence.interpretation.layout
    paired = layout.relation is Relation.EQUAL and not evidence.interpretation.is_multilabel
    return paired and evidence.pair.model is None and len(layout.y_pred.spatial) > 1


def try_shuffles(
    evidence: Evidence, recount: Recount, printed: PrintedScore
) -> tuple[Condition, ...]:
    """Return that the samples are in another order, if random orders give about the score."""
    samples = evidence.interpretation.layout.samples
    if evidence.inputs is None or not can_move(evidence) or samples < 2:
        return ()
    scores = list(_score_shuffles(evidence, recount))
    if not scores:
        return ()
    low, high = min(scores), max(scores)
    if not low - SHUFFLE_MARGIN <= printed.middle <= high + SHUFFLE_MARGIN:
        return ()
    return (Condition(SHUFFLED, f"random orders of the samples score {low:.4f} to {high:.4f}"),)


def _score_shuffles(evidence: Evidence, recount: Recount) -> Iterator[float]:
    """Yield the mean IoU of some random orders, in large arrays about that of some samples."""
    samples = evidence.interpretation.layout.samples
    draw = random.Random(0)
    fast = MOST_PIXELS // max(1, evidence.pairs.total) >= SHUFFLES
    whole = fast and not evidence.pair.y_pred.is_sequential
    kept = range(samples) if whole else _list_kept(evidence)
    for _ in range(SHUFFLES if len(kept) > 1 else 0):
        order = list(range(samples))
        for place, sample in zip(kept, draw.sample(list(kept), len(kept)), strict=True):
            order[place] = sample
        step = Reorder(Side.PREDICTIONS, tuple(order))
        value = _score(evidence, recount([step])) if whole else _estimate(evidence, step)
        if value is not None and not math.isnan(value):
            yield value


def _list_kept(evidence: Evidence) -> Sequence[int]:
    """Return the samples of which maps were kept."""
    return [] if evidence.sampled is None else evidence.sampled.many.samples.tolist()


def _score(evidence: Evidence, pairs: PairCounts) -> float | None:
    interpretation = evidence.interpretation
    return compute_score(
        pairs=pairs,
        num_classes=interpretation.num_classes,
        ignore_index=interpretation.ignore_index,
    ).mean_iou


def _is_square(evidence: Evidence) -> bool:
    shape, axes = evidence.pair.y_pred.shape, evidence.interpretation.layout.y_pred.spatial
    height, width = (shape[axis] for axis in axes[-2:])
    return height is not None and height == width
