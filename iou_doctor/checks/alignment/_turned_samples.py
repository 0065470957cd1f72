"""Some samples that are turned while the others are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._sample_tables import FEWEST_GOOD, find_suspects
from iou_doctor.checks.alignment._single_samples import LEAST_CHANCE_LEAD, fit_by_chance
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import Fits, Turn
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rotate import Rotate
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
MOST_FEW = 2
"""Maximum number of turned samples that look like damage and not like augmentation."""


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
    is_clear = (gain >= LEAST_CLEAR_GAIN) & (lead >= LEAST_CLEAR_LEAD)
    restored = suspects.are_restored(ordered[-1])
    if len(tells) <= FEWEST_GOOD:  # two others alone do not show what is usual
        is_large[:] = False
    for sample in suspects.poor:
        turned[sample] = (
            restored[sample]
            and (is_large[sample] or (is_clear[sample] and _is_no_chance(maps, fits, sample)))
            and not _has_prediction_of_another(maps, sample)
        )
    return turned


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
        help=_write_help(evidence, groups, number),
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


def _write_help(evidence: Evidence, groups: dict[Turn, tuple[int, ...]], number: int) -> str:
    images = evidence.pair.y_pred.names is not None
    if number > MOST_FEW:
        return "augment image and mask with the same seed, and do not augment when you evaluate"
    if images or not evidence.interpretation.layout.y_pred.has_sample_axis:
        return "save the predictions of these samples in the orientation of their masks"
    return "; ".join(
        write_turn(evidence, turn, f"predictions[{list(samples)}]")
        for turn, samples in groups.items()
    )


def write_turn(evidence: Evidence, turn: Turn, predictions: str = "predictions") -> str:
    """Return an assignment that turns predictions back, along their stored axes."""
    axes = evidence.interpretation.layout.y_pred.spatial
    if len(axes) < 2:
        return "save the predictions in the orientation of the masks"
    code = predictions
    for step in turn.steps:
        if isinstance(step, Flip):
            places = tuple(axes[axis] for axis in step.axes)
            code = f"np.flip({code}, {places[0] if len(places) == 1 else places})"
        elif isinstance(step, Rotate):
            code = f"np.rot90({code}, {step.quarters}, axes=({axes[-2]}, {axes[-1]}))"
        else:
            code = f"np.swapaxes({code}, {axes[-2]}, {axes[-1]})"
    return f"{predictions} = {code}"
