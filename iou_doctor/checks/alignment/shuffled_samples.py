"""The predictions come in another order than the masks.

File lists from `os.listdir` or `glob` come in any order, generators shuffle by default, and workers
that predict in parallel finish when they like. Each mask then meets the prediction of another
image. The score drops to the level of chance, and no shape or dtype looks wrong.

    given   mask 0 - prediction 7, mask 1 - prediction 2, ...       mean IoU 0.16
    sorted  mask 0 - prediction 0, mask 1 - prediction 1, ...       mean IoU 0.80

Sort both lists and assert that their stems agree; predict with `shuffle=False`. The rule compares
every mask of the probe with every prediction, and speaks where another pairing fits far better.
Masks that all look alike, as frames of one video do, cannot be told apart: it keeps silent there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment import _matched_ids
from iou_doctor.checks.alignment._orders import MUTUAL, Pairing, best_pairing, is_no_accident
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain, stack_maps
from iou_doctor.checks.registry import Result
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU501",
    name="shuffled-samples",
    severity=Severity.ERROR,
    suspicion=Suspicion.ALIGNMENT,
    claim="the predictions come in another order than the masks",
    explains=frozenset(
        {
            "flipped-samples",
            "permuted-classes",
            "shifted-predictions",
            "misplaced-tiles",
            "score-regression",
        }
    ),
)
FEWEST = 4
"""Samples needed: three pair up in six ways, and one of them fits better than most by luck."""
CLEAR_PAIRS, CLEAR_SHARE = 8, 0.02
"""Clear pairs needed where most partners lie outside the probe."""
SAME_OFFSET = 0.8
"""Share of the samples that must have moved by the same number."""
ROUNDS = 4
"""Of matching ids and samples in turn."""
LOOKS = (1, 2, 3, 5, 8, 13, 21, 34)
"""Offsets of a first look; a sample in its place beats them all."""
SUSPECT_SHARE = 0.1
"""Share of the samples that some other prediction must fit better to be worth a full look."""
MULTIPLICATIONS = 5e9
"""Of the full look, at most: about a fifth of a second."""


def find(evidence: Evidence) -> Result:
    """Look for a pairing of samples that fits far better than the given one."""
    if has_nothing_to_gain(evidence):
        return []
    maps = stack_maps(evidence, "many")
    if isinstance(maps, Skipped):
        return maps
    if len(maps) < FEWEST:
        return Skipped(f"fewer than {FEWEST} samples cannot be told from chance")
    found = _as_labelled(evidence, maps)
    if not found and _matched_ids.is_asked_for(evidence):
        return _whatever_ids_mean(evidence, maps)
    return found


def _as_labelled(evidence: Evidence, maps: Stack) -> Sequence[Finding]:
    if not _suspect(maps):
        return []
    maps = maps.take(slice(_affordable(maps)))
    pairing = best_pairing(maps)
    beyond = evidence.interpretation.layout.samples > len(maps)
    if not is_no_accident(pairing) and not (beyond and _has_clear_pairs(pairing)):
        return []
    return [_finding(evidence, maps, pairing)]


def _whatever_ids_mean(evidence: Evidence, maps: Stack) -> Result:
    """Look for an order of the samples once the ids of the predictions are matched to the masks'.

    A better match shows a better order, and that order a better match.
    """
    maps = maps.take(slice(_affordable(maps)))
    relabelled, given = _matched_ids.matched(maps)
    score, pairing = 0.0, best_pairing(relabelled)
    for _ in range(ROUNDS):
        relabelled, score = _matched_ids.matched(maps, maps.pred[pairing.partner])
        pairing = best_pairing(relabelled)
    if not _matched_ids.is_convincing(score, given) or not is_no_accident(pairing):
        return []
    return [_matched_ids.told(_finding(evidence, relabelled, pairing))]


def _suspect(maps: Stack) -> bool:
    """Return whether many masks fit one of a few other predictions better than their own."""
    own = maps.score_images()
    better = np.zeros(len(maps), dtype=bool)
    for offset in LOOKS:
        if offset < len(maps):
            better |= maps.score_images(np.roll(maps.pred, offset, axis=0)) > own
    return bool(better.mean() >= SUSPECT_SHARE)


def _affordable(maps: Stack) -> int:
    pixels = maps.true[0].size * maps.classes
    return min(len(maps), int((MULTIPLICATIONS / pixels) ** 0.5))


def _has_clear_pairs(pairing: Pairing) -> bool:
    """Return whether some pairs are beyond doubt, though the probe may lack most partners."""
    clear = int(pairing.clear.sum())
    return clear >= max(CLEAR_PAIRS, CLEAR_SHARE * len(pairing.partner))


def _finding(evidence: Evidence, maps: Stack, pairing: Pairing) -> Finding:
    samples, kept = evidence.interpretation.layout.samples, len(maps)
    offset, batch = _offset(pairing.partner, samples), _batch(pairing.partner)
    part = samples > kept and not offset and _has_clear_pairs(pairing)
    shown = pairing.clear if part else np.ones(kept, dtype=bool)
    moved = int((pairing.moved & shown).sum())
    before, after = float(pairing.before[shown].mean()), float(pairing.after[shown].mean())
    facts = {
        "samples": kept,
        "moved": moved,
        "mean_iou_given": round(before, 4),
        "mean_iou_best": round(after, 4),
    }
    if offset:
        facts["offset"] = offset
    elif batch:
        facts["batch"] = batch
    return Finding(
        RULE,
        message=f"{_how(offset, batch)}{moved:,} of {kept:,} masks fit another sample's prediction:"
        f" mean IoU of a sample {before:.4f} as given, {after:.4f} in the best order",
        help=_help(offset),
        facts=facts,
        evidence=_first(evidence, maps, pairing),
        repair=_repair(maps, pairing, shown, offset, samples),
    )


def _first(evidence: Evidence, maps: Stack, pairing: Pairing) -> str:
    """Return the clearest case in words."""
    best = int(np.argmax(np.where(pairing.moved, pairing.after - pairing.before, -1)))
    mask, prediction = (
        evidence.name_sample(int(maps.samples[index])) for index in (best, pairing.partner[best])
    )
    return (
        f"the mask of {mask} fits the prediction of {prediction}:"
        f" {pairing.before[best]:.2f} as given, {pairing.after[best]:.2f} there"
    )


def _how(offset: int | None, batch: int | None) -> str:
    if offset:
        return f"all predictions lie {offset:+d} places away from their masks: "
    return f"samples are shuffled within batches of {batch}: " if batch else ""


def _help(offset: int | None) -> str:
    if offset:
        return f"predictions = np.roll(predictions, {-offset}, axis=0), or find the skipped batch"
    return (
        "sort both file lists and assert equal stems; predict from a generator with shuffle=False"
    )


def _offset(partner: NDArray[np.intp], samples: int) -> int | None:
    """Return by how many places the samples have moved, if nearly all moved alike.

    Where the probe holds all samples, their order is known: only a roll of all is an offset.
    """
    kept = len(partner)
    steps = partner - np.arange(kept)
    if kept == samples:
        steps = (steps + kept // 2) % kept - kept // 2
    (offset, count), *_ = Counter(steps.tolist()).most_common(1)
    # partners of the samples at the end of the probe may lie outside it
    enough = kept if kept == samples else SAME_OFFSET * (kept - abs(offset))
    return offset if offset and count >= enough else None


def _batch(partner: NDArray[np.intp]) -> int | None:
    """Return the size of the batches that no sample leaves; `None` where there are none."""
    kept = len(partner)
    closed = np.maximum.accumulate(partner) == np.arange(kept)
    if (partner != np.arange(kept)).mean() < MUTUAL:
        return None
    sizes = (size for size in range(2, kept // 2 + 1) if closed[size - 1 :: size].all())
    return next(sizes, None)


def _repair(
    maps: Stack, pairing: Pairing, shown: NDArray[np.bool_], offset: int | None, samples: int
) -> Repair:
    known = Repair(name="take the predictions in the order of the masks", safe=True)
    if offset:
        order = tuple(((np.arange(samples) + offset) % samples).tolist())
    elif len(maps) == samples:
        order = tuple(int(place) for place in pairing.partner)
    else:
        part = Stack(
            maps.samples[shown],
            maps.true[shown],
            maps.pred[pairing.partner[shown]],
            maps.classes,
        )
        return replace(known, mean_iou_after=part.score_pooled(), estimated=True)
    return replace(known, steps=(Reorder(Side.PREDICTIONS, order),))
