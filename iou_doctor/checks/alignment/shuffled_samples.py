"""The predictions are in a different order than the masks.

`os.listdir` and `glob` return files in any order, generators shuffle by default, and parallel
workers finish in any order. Each mask then meets the prediction of another image. The score drops
to the level of chance, although all shapes and dtypes are right.

    given   mask 0 - prediction 7, mask 1 - prediction 2, ...       mean IoU 0.16
    sorted  mask 0 - prediction 0, mask 1 - prediction 1, ...       mean IoU 0.80

Sort both lists of files and assert that their stems are equal; predict with `shuffle=False`. The
rule compares each mask with the predictions of many other samples, and fires if another pairing
fits far better, or if nearly all fit a little better at the same number of places away. Masks that
all look alike, such as the frames of a video in which little moves, cannot be told apart. The
slices of a volume are compared as given and in the order of text: 1, 10, 11, ..., 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._matched_ids import (
    add_condition,
    is_convincing,
    is_worth_trying,
    match_ids,
)
from iou_doctor.checks.alignment._pairing import (
    CLEAR_MARGIN,
    SamplePairing,
    count_affordable,
    find_best_pairing,
    is_significant,
    is_suspect,
)
from iou_doctor.checks.alignment._sample_order import find_order
from iou_doctor.checks.alignment._sample_tables import (
    MOST_EXCHANGED,
    find_suspects,
    may_be_misplaced,
)
from iou_doctor.checks.alignment._scores import name_score
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Ids, Stack
from iou_doctor.checks.orientations import PIXELS_A_SIDE, fit_all_turns
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import VOLUME_AXES, stack_maps
from iou_doctor.checks.symptoms import FORMAT_FAULTS
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU501",
    name="shuffled-samples",
    severity=Severity.ERROR,
    suspicion=Suspicion.ALIGNMENT,
    claim="the predictions are in a different order than the masks",
    explains=Symptom.BASELINE | Symptom.ALIGNMENT,
    also_explains=("permuted-classes",),
    after=FORMAT_FAULTS,
    needs=Needs.TRAINED_NETWORK,
)

FEWEST_ORDERED_SAMPLES = 4
"""Minimum number of samples. Three pair up in six ways, and one of these often fits by chance."""
FEWEST_CLEAR, LEAST_CLEAR_SHARE = 8, 0.02
"""Minimum number and share of clear pairs, if most partners are not among the kept samples."""
LEAST_TURN_LEAD = 0.1
"""Minimum lead in mean IoU of a sample of one turn of all over the best order. The two are compared
on maps of different sizes, which score up to 0.05 apart."""
LEAST_CHANCE_LEAD = 0.05
"""Minimum lead in mean IoU of a sample over the best order of predictions upside down. Predictions
that are unrelated to the masks lead by up to 0.02, true orders by 0.1 and more."""
MOST_ALIKE = 0.8
"""Mean IoU of the masks with themselves upside down from which that comparison says nothing: true
orders of round objects in the middle lead by nothing. Half of the margins must be clear then."""
MATCHING_ROUNDS = 4
"""Number of times that ids and samples are matched in turn."""


def find(evidence: Evidence) -> Result:
    """Look for a pairing of samples that fits far better than the given one."""
    if not may_be_misplaced(evidence) or evidence.has_found("axes-permuted"):
        return []
    if evidence.sampled is not None and evidence.sampled.spatial_axes == VOLUME_AXES:
        from iou_doctor.checks.alignment._text_order import examine_slices  # few have volumes

        if slices := examine_slices(RULE, evidence):
            return slices
    maps = stack_maps(evidence, "many")
    if isinstance(maps, Skipped):
        return maps
    if len(maps) < FEWEST_ORDERED_SAMPLES:
        return Skipped(
            f"an order cannot be recognised in fewer than {FEWEST_ORDERED_SAMPLES} samples"
        )
    found = _examine(evidence, maps) or _examine_few(evidence, maps)
    if not found and is_worth_trying(evidence) and not _is_flipped_volume(evidence):
        return _examine_with_matched_ids(evidence, maps)
    return found


def _examine(evidence: Evidence, maps: Stack) -> Sequence[Finding]:
    if not is_suspect(maps):
        return []
    if _is_flipped_volume(evidence):
        return []
    maps = maps.take(slice(count_affordable(maps)))
    pairing = find_best_pairing(maps)
    is_part = evidence.interpretation.layout.samples > len(maps)
    if not is_significant(pairing) and not (is_part and _has_clear_pairs(pairing)):
        return []
    if _is_turn_better(evidence, pairing) or _is_chance(maps, pairing):
        return []
    from iou_doctor.checks.alignment._late_samples import is_shift_better  # before a finding

    return [] if is_shift_better(evidence, pairing) else [_report(evidence, maps, pairing)]


def _is_flipped_volume(evidence: Evidence) -> bool:
    """Return whether the samples are the slices of a volume that only has to be flipped."""
    from iou_doctor.checks.alignment._flipped_volume import find_flipped_volume

    return find_flipped_volume(evidence) is not None


def _examine_few(evidence: Evidence, maps: Stack) -> Sequence[Finding]:
    """Look for a few masks that fit the prediction of another sample."""
    suspects = find_suspects(maps.score_images(), most=MOST_EXCHANGED)
    if suspects is None:
        return []
    from iou_doctor.checks.alignment._exchanged_samples import examine_suspects

    return examine_suspects(RULE, evidence, maps, suspects)


def _is_turn_better(evidence: Evidence, pairing: SamplePairing) -> bool:
    """Return whether the samples fit clearly better as given if all of them are turned.

    Among many coarse scenes, each flipped prediction fits some other mask better by chance.
    """
    maps = stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
    if isinstance(maps, Skipped) or maps.y_true.ndim < 3 or evidence.sampled is None:
        return False
    fits = fit_all_turns(evidence.sampled, maps)
    turned = float(fits.images.mean(axis=1)[1:].max(initial=0.0))
    return turned - float(pairing.after.mean()) > LEAST_TURN_LEAD


def _examine_with_matched_ids(evidence: Evidence, maps: Stack) -> Result:
    """Look for an order of the samples, with the predicted ids matched to those of the masks.

    A better match of the ids reveals a better order, and that order a better match.
    """
    maps = maps.take(slice(count_affordable(maps)))
    relabelled, before = match_ids(maps)
    after, pairing = 0.0, find_best_pairing(relabelled)
    for _ in range(MATCHING_ROUNDS):
        relabelled, after = match_ids(maps, maps.y_pred[pairing.partner])
        pairing = find_best_pairing(relabelled)
    if not is_convincing(after, before) or not is_significant(pairing):
        return []
    if _is_chance(relabelled, pairing):
        return []
    return [add_condition(_report(evidence, relabelled, pairing))]


def _is_chance(maps: Stack, pairing: SamplePairing) -> bool:
    """Return whether predictions upside down have an order that fits nearly as well.

    They have the shapes of the predictions, and no longer anything to do with the masks, unless
    the masks look the same upside down.
    """
    if maps.y_pred.ndim < 3:
        return False
    if maps.score_pooled(_turn_over(maps.y_true)) > MOST_ALIKE:
        return float(np.median(pairing.margin[pairing.moved])) <= CLEAR_MARGIN
    turned = find_best_pairing(replace(maps, y_pred=_turn_over(maps.y_pred)))
    return float((pairing.after - turned.after).mean()) < LEAST_CHANCE_LEAD


def _turn_over(labels: Ids) -> Ids:
    return np.flip(labels, (-2, -1))


def _has_clear_pairs(pairing: SamplePairing) -> bool:
    """Return whether some pairs are beyond doubt, though most partners may not have been kept."""
    clear = int(pairing.clear.sum())
    return clear >= max(FEWEST_CLEAR, LEAST_CLEAR_SHARE * len(pairing.partner))


def _report(evidence: Evidence, maps: Stack, pairing: SamplePairing) -> Finding:
    samples, kept = evidence.interpretation.layout.samples, len(maps)
    order = find_order(pairing.partner, samples)
    is_part = samples > kept and not order.roll and _has_clear_pairs(pairing)
    counted = pairing.clear if is_part else np.ones(kept, dtype=bool)
    moved = int((pairing.moved & counted).sum())
    before = float(pairing.before[counted].mean())
    after = float(pairing.after[counted].mean())
    facts = {
        "samples": kept,
        "moved": moved,
        "mean_iou_given": round(before, 4),
        "mean_iou_best": round(after, 4),
        **order.list_facts(),
    }
    return Finding(
        RULE,
        message=f"{order.describe()}{moved:,} of {kept:,} masks fit the prediction of"
        f" another sample: {name_score(evidence)} of a sample is {before:.4f} as given and"
        f" {after:.4f} in the best order",
        help=order.write_help(),
        cautious_help="repair the faults above first, then compare the order of the samples",
        facts=facts,
        evidence=_describe_clearest(evidence, maps, pairing),
        repair=_build_repair(maps, pairing, counted, order.roll, samples),
    )


def _describe_clearest(evidence: Evidence, maps: Stack, pairing: SamplePairing) -> str:
    """Return the pair with the largest gain in words."""
    best = int(np.argmax(np.where(pairing.moved, pairing.after - pairing.before, -1)))
    mask, prediction = (
        evidence.name_sample(int(maps.samples[index])) for index in (best, pairing.partner[best])
    )
    return (
        f"the mask of {mask} fits the prediction of {prediction}:"
        f" {pairing.after[best]:.2f}, and {pairing.before[best]:.2f} with its own"
    )


def _build_repair(
    maps: Stack,
    pairing: SamplePairing,
    counted: NDArray[np.bool_],
    offset: int | None,
    samples: int,
) -> Repair:
    known = Repair(name="take the predictions in the order of the masks", safe=True)
    if offset:
        order = tuple(((np.arange(samples) + offset) % samples).tolist())
    elif len(maps) == samples:
        order = tuple(int(place) for place in pairing.partner)
    else:
        part = Stack(
            maps.samples[counted],
            maps.y_true[counted],
            maps.y_pred[pairing.partner[counted]],
            maps.classes,
        )
        return replace(known, mean_iou_after=part.score_pooled(), estimated=True)
    return replace(known, steps=(Reorder(Side.PREDICTIONS, order),))
