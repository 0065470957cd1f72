"""Some samples whose prediction belongs to another sample, while most are in their places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iou_doctor.checks.alignment._sample_tables import Suspects
from iou_doctor.checks.alignment._single_samples import LEAST_CHANCE_LEAD
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Scores, Stack, compute_mean_iou, count_areas
from iou_doctor.checks.volumes import is_one_volume
from iou_doctor.checks.wording import join_words, name_samples
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule

Partners = dict[int, int]
"""For some masks, the place of the prediction that fits."""
LEAST_GAIN = 0.2
"""Minimum gain of a mask with the prediction of another sample."""
FEWEST_EXCHANGED = 2
"""Minimum number of masks that fit the prediction of another sample that scores far less, too."""
FEWEST_IN_A_ROW = 3
"""Minimum number of neighbours that have moved alike, to say that a file is missing or doubled."""
MOST_NAMED = 4
"""Maximum number of pairs that are named."""


def examine_suspects(
    rule: Rule, evidence: Evidence, maps: Stack, suspects: Suspects
) -> list[Finding]:
    """Return the finding on the few masks that fit the prediction of another sample, if any."""
    found = _find_exchanged(maps, suspects)
    if not found or is_one_volume(evidence):
        return []
    return [_report_exchanged(rule, evidence, maps, found)]


def _find_exchanged(maps: Stack, suspects: Suspects) -> Partners:
    """Return the few masks that fit the prediction of another sample far better than all others.

    One mask alone may do so by chance. Either samples have exchanged their predictions, or several
    have moved by the same number of places.

    Args:
        maps: the label maps.
        suspects: the samples that score far less than the others.
    """
    given, poor = maps.score_images(), list(suspects.poor)
    among = _score_pairings(maps, poor, maps.y_pred[poor]).max(axis=1)  # quick, and mostly enough
    masks = [mask for mask, fit in zip(poor, among, strict=True) if fit >= given[mask] + LEAST_GAIN]
    if len(masks) < FEWEST_EXCHANGED:
        return {}
    fit = _score_pairings(maps, masks, maps.y_pred)
    ordered = np.sort(fit, axis=1)
    restored = set(np.array(masks)[suspects.are_restored(fit.max(axis=1))].tolist())
    found: Partners = {}
    for row, (mask, prediction) in enumerate(zip(masks, fit.argmax(axis=1).tolist(), strict=True)):
        is_clear = ordered[row, -1] >= max(
            given[mask] + LEAST_GAIN, ordered[row, -2] + LEAST_CHANCE_LEAD
        )
        # the model may be weak in one of the two
        if is_clear and prediction in poor and not restored.isdisjoint({mask, prediction}):
            found[mask] = prediction
    return found if _find_step(found) else _keep_closed(found)


def _score_pairings(maps: Stack, rows: Sequence[int], predictions: Ids) -> Scores:
    """Return the mean IoU of some truths with each prediction, shape (rows, n)."""
    scores = []
    for row in rows:
        truth = np.repeat(maps.y_true[[row]], len(predictions), axis=0)
        scores.append(compute_mean_iou(count_areas(truth, predictions, maps.classes)))
    return np.array(scores)


def _keep_closed(found: Partners) -> Partners:
    """Return the largest part in which samples have only exchanged their predictions."""
    while set(found) != (taken := set(found.values())):
        found = {mask: other for mask, other in found.items() if mask in taken and other in found}
    return found


def _find_step(found: Partners) -> int:
    """Return by how many places all of these samples have moved; 0 if there is no such number."""
    steps = {prediction - mask for mask, prediction in found.items()}
    return steps.pop() if len(steps) == 1 and len(found) >= FEWEST_IN_A_ROW else 0


def _report_exchanged(rule: Rule, evidence: Evidence, maps: Stack, found: Partners) -> Finding:
    """Return the finding on a few masks that fit the prediction of another sample."""
    given = maps.score_images()
    fit = _score_pairings(maps, list(found), maps.y_pred)
    best = dict(zip(found, fit.max(axis=1).tolist(), strict=True))
    masks = maps.samples[list(found)].tolist()
    before, after = float(given[list(found)].mean()), float(np.mean(list(best.values())))
    step = _find_step(found)
    return Finding(
        rule,
        message=f"{len(found):,} of {len(maps):,} masks fit the prediction of another sample:"
        f" {_describe(evidence, maps, found, step)}; the mean IoU of these is {before:.4f} as given"
        f" and {after:.4f} with those predictions",
        help=_write_help(evidence, masks, is_row=step != 0),
        facts={
            "samples": len(maps),
            "moved": len(found),
            "faulty": masks,
            "partners": {
                str(mask): int(maps.samples[other])
                for mask, other in zip(masks, found.values(), strict=True)
            },
            "mean_iou_given": round(before, 4),
            "mean_iou_best": round(after, 4),
        },
        repair=_build_repair(evidence, maps, found),
    )


def _describe(evidence: Evidence, maps: Stack, found: Partners, step: int) -> str:
    if step:
        first, last = (maps.samples[place] for place in (min(found), max(found)))
        places = "one place" if abs(step) == 1 else f"{abs(step)} places"
        return (
            f"from {evidence.name_sample(int(first))} to {evidence.name_sample(int(last))},"
            f" predictions come {places} {'late' if step > 0 else 'early'}"
        )
    named = list(found.items())[:MOST_NAMED]
    pairs = [
        f"the mask of {evidence.name_sample(int(maps.samples[mask]))} fits that of"
        f" {evidence.name_sample(int(maps.samples[other]))}"
        for mask, other in named
    ]
    return join_words(pairs) if len(named) == len(found) else ", ".join(pairs) + " and others"


def _write_help(evidence: Evidence, masks: list[int], *, is_row: bool) -> str:
    if is_row:
        return (
            "look for a sample that was predicted twice or left out before these, and assert that"
            " both lists of files have equal stems"
        )
    return f"look at how the predictions of {name_samples(evidence, masks)} got their places"


def _build_repair(evidence: Evidence, maps: Stack, found: Partners) -> Repair | None:
    """Return the repair if these samples have only exchanged their predictions."""
    if set(found) != set(found.values()):
        return None
    order = list(range(evidence.interpretation.layout.samples))
    for mask, other in found.items():
        order[int(maps.samples[mask])] = int(maps.samples[other])
    step = Reorder(Side.PREDICTIONS, tuple(order))
    return Repair("take the predictions in the order of the masks", safe=True, steps=(step,))
