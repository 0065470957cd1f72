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
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks import Result
from iou_doctor.checks._alignment import Stack, nothing_to_gain, pairing_matrix, stack
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Skipped, Suspicion
from iou_doctor.repair import REORDER, Repair, Side, Step

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
FEW = 10
GAIN = 0.1
"""Mean gain of a sample. Predictions that have nothing to do with the masks gain up to 0.085."""
MUTUAL = 0.5
"""Share of the moved pairs in which each is the other's best; below a half where all is chance."""
FEW_MARGIN = 0.05
"""For few samples: by how much a new partner must beat the next best. Chance gives 0.01."""
CLEAR = 0.1
"""A partner that beats all others by this much is no chance: it gives none in 100 samples."""
CLEAR_PAIRS, CLEAR_SHARE = 8, 0.02
"""Clear pairs needed where most partners lie outside the probe."""
SAME_OFFSET = 0.8
"""Share of the samples that must have moved by the same number."""
LOOKS = (1, 2, 3, 5, 8, 13, 21, 34)
"""Offsets of a first look; a sample in its place beats them all."""
SUSPECT_SHARE = 0.1
"""Share of the samples that some other prediction must fit better to be worth a full look."""
MULTIPLICATIONS = 5e9
"""Of the full look, at most: about a fifth of a second."""


@dataclass(frozen=True)
class _Pairing:
    """The best pairing of the kept samples."""

    partner: NDArray[np.intp]
    """For each mask the prediction that belongs to it."""
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    margin: NDArray[np.float32]
    """By how much the new pair beats the next best of either side."""

    @property
    def moved(self) -> NDArray[np.bool_]:
        moved: NDArray[np.bool_] = self.partner != np.arange(len(self.partner))
        return moved

    @property
    def clear(self) -> NDArray[np.bool_]:
        clear: NDArray[np.bool_] = np.minimum(self.after - self.before, self.margin) > CLEAR
        clear &= self.moved
        return clear


def find(evidence: Evidence) -> Result:
    """Look for a pairing of samples that fits far better than the given one."""
    if nothing_to_gain(evidence):
        return []
    maps = stack(evidence, "many")
    if isinstance(maps, Skipped):
        return maps
    if len(maps) < FEWEST:
        return Skipped(f"fewer than {FEWEST} samples cannot be told from chance")
    if not _suspect(maps):
        return []
    maps = maps.take(slice(_affordable(maps)))
    samples = evidence.reading.layout.samples
    pairing = _best(maps)
    beyond = samples > len(maps)
    if not _fits(pairing) and not (beyond and _has_clear_pairs(pairing)):
        return []
    return [_finding(evidence, maps, pairing)]


def _suspect(maps: Stack) -> bool:
    """Return whether many masks fit one of a few other predictions better than their own."""
    own = maps.scores()
    better = np.zeros(len(maps), dtype=bool)
    for offset in LOOKS:
        if offset < len(maps):
            better |= maps.scores(np.roll(maps.pred, offset, axis=0)) > own
    return bool(better.mean() >= SUSPECT_SHARE)


def _affordable(maps: Stack) -> int:
    pixels = maps.true[0].size * maps.classes
    return min(len(maps), int((MULTIPLICATIONS / pixels) ** 0.5))


def _best(maps: Stack) -> _Pairing:
    from scipy.optimize import linear_sum_assignment

    fit = pairing_matrix(maps)
    places, partner = linear_sum_assignment(-fit)
    after = fit[places, partner]
    others = fit.copy()
    others[places, partner] = -1
    margin = after - np.maximum(others.max(axis=1), others.max(axis=0)[partner])
    return _Pairing(partner, np.diagonal(fit), after, margin)


def _fits(pairing: _Pairing) -> bool:
    """Return whether the best pairing is another one, and no accident."""
    if float((pairing.after - pairing.before).mean()) <= GAIN:
        return False
    margins = pairing.margin[pairing.moved]
    if len(pairing.partner) < FEW:
        return float(np.median(margins)) > FEW_MARGIN
    return float((margins > 0).mean()) >= MUTUAL


def _has_clear_pairs(pairing: _Pairing) -> bool:
    """Return whether some pairs are beyond doubt, though the probe may lack most partners."""
    clear = int(pairing.clear.sum())
    return clear >= max(CLEAR_PAIRS, CLEAR_SHARE * len(pairing.partner))


def _finding(evidence: Evidence, maps: Stack, pairing: _Pairing) -> Finding:
    samples, kept = evidence.reading.layout.samples, len(maps)
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


def _first(evidence: Evidence, maps: Stack, pairing: _Pairing) -> str:
    """Return the clearest case in words."""
    best = int(np.argmax(np.where(pairing.moved, pairing.after - pairing.before, -1)))
    mask, prediction = (
        evidence.sample_name(int(maps.samples[index])) for index in (best, pairing.partner[best])
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
    """Return by how many places nearly all samples have moved."""
    kept = len(partner)
    steps = partner - np.arange(kept)
    if kept == samples:
        steps = (steps + kept // 2) % kept - kept // 2
    (offset, count), *_ = Counter(steps.tolist()).most_common(1)
    return offset if offset and count >= SAME_OFFSET * kept - abs(offset) else None


def _batch(partner: NDArray[np.intp]) -> int | None:
    """Return the size of the batches that no sample leaves; `None` where there are none."""
    kept = len(partner)
    closed = np.maximum.accumulate(partner) == np.arange(kept)
    if (partner != np.arange(kept)).mean() < MUTUAL:
        return None
    sizes = (size for size in range(2, kept // 2 + 1) if closed[size - 1 :: size].all())
    return next(sizes, None)


def _repair(
    maps: Stack, pairing: _Pairing, shown: NDArray[np.bool_], offset: int | None, samples: int
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
        return replace(known, mean_iou_after=part.pooled(), estimated=True)
    return replace(known, steps=(Step(REORDER, Side.PREDICTIONS, {"order": order}),))
