"""Predictions are flipped or turned against their masks.

Augmentation that touches the image and not the mask, or both with another seed, flips a part of
the samples; a picture library that counts rows from below, or test-time augmentation that is never
undone, flips them all. Shapes and label sets look right, and the score drops by a half or more.

    as given                mean IoU 0.21
    flipped left to right   mean IoU 0.80     np.flip(predictions, 2)

Use one seed for image and mask, and none of it when you evaluate. The rule compares flips and
quarter turns with the given position. Symmetric scenes gain nothing by them, and it keeps silent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment import _matched_ids
from iou_doctor.checks.alignment._shifts import shifts_of, too_small
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain, stack_maps
from iou_doctor.checks.orientations import PIXELS_A_SIDE, Fits, Turn, fit_turns, list_turns
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU502",
    name="flipped-samples",
    severity=Severity.ERROR,
    suspicion=Suspicion.ALIGNMENT,
    claim="predictions are flipped or turned against their masks",
    explains=frozenset(
        {"permuted-classes", "shifted-predictions", "misplaced-tiles", "score-regression"}
    ),
)
SHARE, FEWEST = 0.2, 3
"""Share of the samples, and samples, that must clearly be turned: by chance 1 of 6, 2 of 50."""
LEAST_RESTORED = 0.3
"""Mean IoU after a turn. Swapped halves of a street fit better flipped, but reach 0.19 only."""
STRONG = 0.2
"""Gain in mean IoU that one sample must show. A weak model's errors gain it in one of thirty."""
APART = 0.1
"""By how much the turn must beat all others: a scene that is nearly symmetric does not show it."""
AS_GOOD = 0.7
"""The turned samples must score, turned back, this share of what the others score."""


def find(evidence: Evidence) -> Result:
    """Look for one turn that serves all samples, or for turns of a clear share of them."""
    if evidence.has_found("height-width-swapped", "shuffled-samples"):
        return Skipped("the pixels do not pair up yet")
    if has_nothing_to_gain(evidence):
        return []
    maps = stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
    if isinstance(maps, Skipped):
        return maps
    if maps.true.ndim < 3 or evidence.sampled is None:
        return Skipped("the pixels are flattened")
    turns = list_turns(maps.true.ndim - 1, square=evidence.sampled.square)
    finding = _finding(evidence, maps, fit_turns(maps, turns))
    if finding:
        return [] if _shift_fits(evidence, finding) else [finding]
    return _whatever_ids_mean(evidence, maps, turns) if _matched_ids.is_asked_for(evidence) else []


def _whatever_ids_mean(evidence: Evidence, maps: Stack, turns: tuple[Turn, ...]) -> Result:
    """Look for a turn of all samples, with the ids of the predictions matched to the masks'."""
    matches = [_matched_ids.matched(maps, turn(maps.pred)) for turn in turns]
    scores = [score for _, score in matches]
    best = int(np.argmax(scores))
    found = fit_turns(matches[best][0], turns)
    if (
        not best
        or found.find_best() != best
        or not _matched_ids.is_convincing(scores[best], scores[0])
    ):
        return []
    return [_matched_ids.told(_all_turned(found, best, evidence))]


def _finding(evidence: Evidence, maps: Stack, found: Fits) -> Finding | None:
    best = found.find_best()
    if best and found.pooled[best] < LEAST_RESTORED:
        return None
    if best:
        return _all_turned(found, best, evidence)
    turned = _turned(found)
    return _some_turned(evidence, maps, found, turned) if turned.any() else None


def _shift_fits(evidence: Evidence, finding: Finding) -> bool:
    """Return whether a shift of all gains more: round shapes that are shifted fit flipped too."""
    maps = stack_maps(evidence, "crops")
    if isinstance(maps, Skipped) or too_small(maps):
        return False
    shifts, facts = shifts_of(maps), finding.facts
    gain: float = facts["mean_iou_turned_back"] - facts["mean_iou_given"]
    return shifts.gain > gain


def _turned(found: Fits) -> NDArray[np.bool_]:
    """Return which samples are clearly turned, none where they may be so by chance."""
    ordered = np.sort(found.images, axis=0)
    strong: NDArray[np.bool_] = ordered[-1] - found.images[0] >= STRONG
    strong &= ordered[-1] - ordered[-2] >= APART
    if strong.sum() < max(FEWEST, SHARE * len(strong)) or found.scenes < 2 * FEWEST:
        return np.zeros_like(strong)
    others = found.images[0][~strong]
    if len(others) and ordered[-1][strong].mean() < AS_GOOD * others.mean():
        return np.zeros_like(strong)
    return strong


def _all_turned(found: Fits, best: int, evidence: Evidence) -> Finding:
    turn = found.turns[best]
    before, after = float(found.pooled[0]), float(found.pooled[best])
    wins = int((found.images[best] > found.images[0]).sum())
    count = len(found.images[0])
    return Finding(
        RULE,
        message=f"the predictions are {turn.name}: mean IoU {before:.4f} as given, {after:.4f}"
        f" turned back, better in {wins:,} of the {count:,} samples looked at",
        help=_help(evidence, turn),
        facts={
            "turn": turn.name,
            "samples": count,
            "turned": wins,
            "mean_iou_given": round(before, 4),
            "mean_iou_turned_back": round(after, 4),
        },
        repair=Repair("turn the predictions back", safe=True, steps=turn.steps),
    )


def _help(evidence: Evidence, turn: Turn) -> str:
    axes = evidence.interpretation.layout.y_pred.spatial
    step = turn.steps[0]
    if len(turn.steps) > 1 or len(axes) < 2:
        return "save the predictions in the orientation of the masks"
    if isinstance(step, Flip):
        places = tuple(axes[axis] for axis in step.axes)
        return f"np.flip(predictions, {places[0] if len(places) == 1 else places})"
    if isinstance(step, Rotate):
        return f"np.rot90(predictions, {step.quarters}, axes=({axes[-2]}, {axes[-1]}))"
    return f"np.swapaxes(predictions, {axes[-2]}, {axes[-1]})"


def _some_turned(
    evidence: Evidence, maps: Stack, found: Fits, turned: NDArray[np.bool_]
) -> Finding:
    best = np.where(turned, found.images.argmax(axis=0), 0)
    pred = np.stack([found.turns[turn](maps.pred[i : i + 1])[0] for i, turn in enumerate(best)])
    after, before = maps.score_pooled(pred), float(found.pooled[0])
    counts = {found.turns[turn].name: int((best == turn).sum()) for turn in np.unique(best[turned])}
    how = join_words(f"{name} ({number})" for name, number in counts.items())
    first = int(np.flatnonzero(turned)[0])
    return Finding(
        RULE,
        message=f"{turned.sum():,} of the {len(maps):,} samples looked at are turned: {how};"
        f" turned back, their mean IoU rises from {before:.4f} to {after:.4f}",
        help="augment image and mask with the same seed, and not at all when you evaluate",
        facts={
            "samples": len(maps),
            "turned": int(turned.sum()),
            "turns": counts,
            "mean_iou_given": round(before, 4),
            "mean_iou_turned_back": round(after, 4),
        },
        evidence=f"{evidence.name_sample(int(maps.samples[first]))}:"
        f" {found.images[0, first]:.2f} as given, {found.images[best[first], first]:.2f} turned"
        " back",
        repair=Repair(
            name="turn these samples back", safe=True, mean_iou_after=after, estimated=True
        ),
    )
