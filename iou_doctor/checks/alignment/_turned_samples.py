"""Some samples that are turned while the others are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._sample_tables import FEWEST_GOOD, find_suspects
from iou_doctor.checks.alignment._scores import name_score
from iou_doctor.checks.alignment._single_samples import LEAST_CHANCE_LEAD, fit_by_chance
from iou_doctor.checks.alignment._turn_code import MOST_FEW, write_help, write_turn
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import Fits, Turn, describe_silent
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

MOST_GIVEN = 0.6
"""A turned sample scores at most this share of the usual score as given."""
LEAST_GAIN, LEAST_LEAD = 0.25, 0.2
"""Minimum gain of a single sample, and the minimum lead of its turn over all other turns. They are
higher than those of many samples, which are not turned alike by chance."""
LEAST_CLEAR_GAIN, LEAST_CLEAR_LEAD = 0.15, 0.05
"""Or it gains and leads less, and exceeds all that turns of unrelated maps reach by chance."""
FEWEST_GAINED = 30
"""Minimum number of pixels that the turn makes right. Few labelled pixels, or an object of few
pixels, may fit a turn by chance."""
MOST_TURNS, LEAST_ORDER_LEAD = 11, 0.1
"""Volumes with square slices have MOST_TURNS. Among the 48 orientations of a cube, the axes in
another order must lead by LEAST_ORDER_LEAD and exceed chance. Of 2,000 sets with volumes that the
model had failed on, two exceeded chance and led by 0.05."""


def find_few_turned(fits: Fits, maps: Stack) -> NDArray[np.bool_]:
    """Return which single samples are turned beyond doubt, while nearly all others are not."""
    given, ordered = fits.images[0], np.sort(fits.images, axis=0)
    tells = ordered[-1] > ordered[0]  # an empty sample is perfect in any orientation
    turned: NDArray[np.bool_] = np.zeros(len(tells), dtype=bool)
    suspects = find_suspects(given, tells)
    if suspects is None:
        return turned
    gain, lead = ordered[-1] - given, ordered[-1] - ordered[-2]
    is_large = (gain >= LEAST_GAIN) & (lead >= LEAST_LEAD) & (given <= MOST_GIVEN * suspects.usual)
    are_orders = len(fits.turns) > MOST_TURNS
    least_lead = LEAST_ORDER_LEAD if are_orders else LEAST_CLEAR_LEAD
    is_clear = (gain >= LEAST_CLEAR_GAIN) & (lead >= least_lead)
    restored = suspects.are_restored(ordered[-1])
    if len(tells) <= FEWEST_GOOD or are_orders:
        is_large[:] = False  # two others do not show what is usual, and some of 48 turns fit well
    for sample in suspects.poor:
        turned[sample] = (
            restored[sample]
            and (is_large[sample] or (is_clear[sample] and _is_no_chance(maps, fits, sample)))
            and not _has_prediction_of_another(maps, sample)
        )
    if not are_orders:
        return turned
    return _find_transposed(turned, fits, restored & (gain >= LEAST_CLEAR_GAIN))


def _find_transposed(
    turned: NDArray[np.bool_], fits: Fits, may_be: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return the volumes whose axes stand in another order, if it is the same for all of them.

    A library reads all volumes in one order. Among all orders and flips, one that mixes both fits
    by chance more often than a mere order does.

    Args:
        turned: which volumes are turned beyond doubt.
        fits: how well they fit.
        may_be: which volumes may be in the same order, too, if no other turn fits them better.
    """
    best = fits.images.argmax(axis=0)
    turns = set(best[turned].tolist())
    steps = [step for turn in turns for step in fits.turns[turn].steps]
    if len(steps) != 1 or not isinstance(steps[0], PermuteAxes):
        return np.zeros_like(turned)
    transposed: NDArray[np.bool_] = turned | (may_be & (best == turns.pop()))
    return transposed


def _has_prediction_of_another(maps: Stack, sample: int) -> bool:
    """Return whether a sample with another mask has the very same prediction.

    One of the two was saved twice then, and is not turned, although it may fit a turn by chance.
    """
    same_pred, same_true = (
        (labels == labels[sample]).reshape(len(maps), -1).all(axis=1)
        for labels in (maps.y_pred, maps.y_true)
    )
    return bool((same_pred & ~same_true).any())


def _is_no_chance(maps: Stack, fits: Fits, sample: int) -> bool:
    """Return whether a turned sample fits far better than any turn of unrelated maps."""

    def fit(pair: Stack) -> float:
        return max(float(pair.score_images(turn(pair.y_pred))[0]) for turn in fits.turns)

    best = float(fits.images[:, sample].max())
    return best >= fit_by_chance(maps, sample, fit) + LEAST_CHANCE_LEAD


def keep_large_gains(turned: NDArray[np.bool_], fits: Fits, maps: Stack) -> NDArray[np.bool_]:
    """Return which of the turned samples gain enough pixels by their best turn."""
    kept = turned.copy()
    for sample in np.flatnonzero(turned).tolist():
        turn = fits.turns[int(fits.images[:, sample].argmax())]
        kept[sample] = _count_gained_pixels(maps, turn, sample) >= FEWEST_GAINED
    return kept


def _count_gained_pixels(maps: Stack, turn: Turn, sample: int) -> int:
    """Return how many more pixels of a sample are right after a turn."""
    true, given = maps.y_true[sample], maps.y_pred[sample : sample + 1]
    counts = true < maps.classes
    right, before = (((pred[0] == true) & counts).sum() for pred in (turn(given), given))
    return int(right - before)


def report_all(rule: Rule, evidence: Evidence, fits: Fits, best: int) -> Finding:
    """Return the finding on one turn of all samples."""
    turn = fits.turns[best]
    before, after = float(fits.pooled[0]), float(fits.pooled[best])
    wins, count = fits.count_better(best)
    return Finding(
        rule,
        message=f"the predictions are {turn.name}: {name_score(evidence)} is {before:.4f} as"
        f" given and {after:.4f} turned back, better in {wins:,} of {count:,} samples"
        f"{describe_silent(len(fits.images[0]) - count)}",
        help=write_turn(evidence, turn),
        facts={
            "turn": turn.name,
            "samples": count,
            "turned": wins,
            "mean_iou_given": round(before, 4),
            "mean_iou_turned_back": round(after, 4),
        },
        repair=Repair("turn the predictions back", safe=True, steps=turn.steps),
    )


def report_some(
    rule: Rule, evidence: Evidence, maps: Stack, fits: Fits, turned: NDArray[np.bool_]
) -> Finding:
    """Return the finding on samples that are turned."""
    best = np.where(turned, fits.images.argmax(axis=0), 0)
    groups = {
        fits.turns[turn]: tuple(maps.samples[best == turn].tolist())
        for turn in np.unique(best[turned])
    }
    after = _score_turned_back(maps, fits, best)
    how = join_words(
        f"{turn.name} ({name_samples(evidence, samples)})" for turn, samples in groups.items()
    )
    first, number = int(np.flatnonzero(turned)[0]), int(turned.sum())
    return Finding(
        rule,
        message=f"{number:,} of {_describe_examined(evidence, maps)}"
        f" {'is' if number == 1 else 'are'} turned: {how}; the mean IoU is"
        f" {fits.pooled[0]:.4f} as given and {after:.4f} with"
        f" {'it' if number == 1 else 'these'} turned back",
        help=write_help(evidence, groups),
        facts={
            "samples": len(maps),
            "turned": number,
            "turns": {turn.name: len(samples) for turn, samples in groups.items()},
            "faulty": sorted(sample for samples in groups.values() for sample in samples),
            "mean_iou_given": round(float(fits.pooled[0]), 4),
            "mean_iou_turned_back": round(after, 4),
        },
        evidence=f"{evidence.name_sample(int(maps.samples[first]))}:"
        f" {fits.images[0, first]:.2f} as given, {fits.images[best[first], first]:.2f} turned back",
        repair=_build_repair(evidence, maps, groups, after),
    )


def _describe_examined(evidence: Evidence, maps: Stack) -> str:
    """Return how many samples were looked at, and of how many."""
    samples = evidence.interpretation.layout.samples
    if len(maps) == samples:
        return f"{samples:,} samples"
    return f"the {len(maps):,} samples examined (of {samples:,})"


def _score_turned_back(maps: Stack, fits: Fits, best: NDArray[np.intp]) -> float:
    pred = np.stack([fits.turns[turn](maps.y_pred[i : i + 1])[0] for i, turn in enumerate(best)])
    return maps.score_pooled(pred)


def _build_repair(
    evidence: Evidence, maps: Stack, groups: dict[Turn, tuple[int, ...]], after: float
) -> Repair:
    """Return the repair; estimated if a share of all samples is turned, and some were compared."""
    name = "turn these samples back"
    is_part = len(maps) < evidence.interpretation.layout.samples
    if is_part and sum(map(len, groups.values())) > MOST_FEW:
        return Repair(name, safe=True, mean_iou_after=after, estimated=True)
    steps = tuple(
        MoveSome.join(Side.PREDICTIONS, turn.steps, samples) for turn, samples in groups.items()
    )
    return Repair(name, safe=True, steps=steps)
