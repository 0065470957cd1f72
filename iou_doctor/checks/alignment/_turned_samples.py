"""Some samples that are turned while the others are not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._relabelled_samples import name_samples
from iou_doctor.checks.alignment._sample_tables import find_usual_score
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import Fits, Turn
from iou_doctor.checks.wording import join_words
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.move_some import MoveSome
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.rotate import Rotate
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

LEAST_USUAL = 0.4
"""Minimum of the usual score. In a weak model, single samples fit any turn by chance."""
MOST_GIVEN, LEAST_QUALITY = 0.6, 0.75
"""A turned sample scores at most MOST_GIVEN of the usual score as given, and at least LEAST_QUALITY
of it turned back."""
LEAST_GAIN, LEAST_LEAD = 0.25, 0.2
"""Minimum gain of a single sample, and the minimum lead of its turn over all other turns. They are
higher than those of many samples, which are not turned alike by chance."""
FEWEST_GAINED = 30
"""Minimum number of pixels that the turn makes right. Few labelled pixels, or an object of few
pixels, may fit a turn by chance."""
FEWEST_GOOD = 3
"""Minimum number of samples that score about as usual."""
MOST_FEW = 2
"""Maximum number of turned samples that look like damage and not like augmentation."""


def find_few_turned(fits: Fits) -> NDArray[np.bool_]:
    """Return which single samples are turned beyond doubt, while nearly all others are not."""
    given, ordered = fits.images[0], np.sort(fits.images, axis=0)
    tells = ordered[-1] > ordered[0]  # an empty sample is perfect in any orientation
    if not tells.any():
        return np.zeros_like(tells)
    usual = find_usual_score(given[tells])
    turned: NDArray[np.bool_] = ordered[-1] - given >= LEAST_GAIN
    turned &= ordered[-1] - ordered[-2] >= LEAST_LEAD
    turned &= (given <= MOST_GIVEN * usual) & (ordered[-1] >= LEAST_QUALITY * usual)
    good = int((given[tells] >= LEAST_QUALITY * usual).sum())
    is_clear = usual >= LEAST_USUAL and good >= max(FEWEST_GOOD, int(turned.sum()))
    return turned if is_clear else np.zeros_like(turned)


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
        message=f"{number:,} of {len(maps):,} samples {'is' if number == 1 else 'are'} turned:"
        f" {how}; the mean IoU is {fits.pooled[0]:.4f} as given and {after:.4f} with"
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


def _score_turned_back(maps: Stack, fits: Fits, best: NDArray[np.intp]) -> float:
    pred = np.stack([fits.turns[turn](maps.y_pred[i : i + 1])[0] for i, turn in enumerate(best)])
    return maps.score_pooled(pred)


def _build_repair(
    evidence: Evidence, maps: Stack, groups: dict[Turn, tuple[int, ...]], after: float
) -> Repair:
    """Return the repair: exact if all samples were compared, else estimated from some of them."""
    name = "turn these samples back"
    if len(maps) < evidence.interpretation.layout.samples:
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
