"""Predictions are flipped or rotated relative to their masks.

Augmentation that changes the image but not the mask, or each with a seed of its own, flips some of
the samples. A picture library that counts rows from the bottom, or test-time augmentation that is
not undone, flips all of them. Shapes and labels look right, but the score drops by half or more.

    as given                mean IoU 0.21
    flipped left to right   mean IoU 0.80     predictions = np.flip(predictions, 2)

Use one seed for image and mask, and do not augment when you evaluate. If the scores of flipped
images are averaged in without being flipped back, each prediction equals its own mirror image, and
nothing restores it. The rule compares flips and quarter turns with the given orientation. Symmetric
scenes gain nothing from them, so a flip is not recognised there. Volumes may be flipped along any
of their axes, also if their slices were passed as samples: two libraries that read them may count
an axis from opposite ends.

If one library read most of some cubes and another one the rest, the axes of these stand in another
order: nibabel returns (x, y, z), SimpleITK (z, y, x). If all volumes are like that, see IOU110.

    predictions[3] = np.transpose(predictions[3], (2, 1, 0))
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.checks.alignment._matched_ids import (
    add_condition,
    is_convincing,
    is_worth_trying,
    match_ids,
)
from iou_doctor.checks.alignment._mirrored_predictions import find_mirrored
from iou_doctor.checks.alignment._sample_tables import find_suspects, may_be_misplaced
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack
from iou_doctor.checks.orientations import (
    PIXELS_A_SIDE,
    Fits,
    Turn,
    fit_all_turns,
    fit_turns,
    list_orientations,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.stated_places import STATED, find_stated_turn
from iou_doctor.checks.symptoms import FORMAT_FAULTS
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU502",
    name="flipped-samples",
    severity=Severity.ERROR,
    suspicion=Suspicion.ALIGNMENT,
    claim="predictions are flipped or rotated relative to their masks",
    symptom=Symptom.ALIGNMENT,
    explains=Symptom.BASELINE | Symptom.ALIGNMENT,
    also_explains=("permuted-classes",),
    after=(*FORMAT_FAULTS, "shuffled-samples"),
    needs=Needs.TRAINED_NETWORK,
)

LEAST_TURNED_SHARE, FEWEST_TURNED_SAMPLES = 0.2, 3
"""Minimum share and number of samples that must clearly be turned. Chance turns 1 of 6, or 2 of 50.
"""
LEAST_RESTORED = 0.3
"""Minimum mean IoU after turning all samples back. If the two halves of street scenes are swapped,
a flip fits better too, but reaches only 0.19.
"""
LEAST_SAMPLE_GAIN = 0.2
"""Minimum gain in mean IoU of one sample. The errors of a weak model gain it in one sample of 30.
"""
LEAST_LEAD = 0.1
"""Minimum lead of the best turn of a sample over all its other turns. Nearly symmetric scenes have
no such lead.
"""
LEAST_QUALITY = 0.7
"""Minimum mean IoU of the samples after turning back, as a share of what the other samples score.
"""
LEAST_FEW_GAIN = 0.15
"""Minimum gain of a single sample. The others then tell whether it is due to chance."""
IMAGES = 3
"""Number of axes of a stack of images. Those of many volumes are too coarse to be turned."""


def find(evidence: Evidence) -> Result:
    """Look for one turn that fits all samples, or for turns of a clear share of them."""
    if evidence.has_found("axes-permuted", "height-width-swapped", "shuffled-samples"):
        return Skipped("another misalignment was found first")
    if not may_be_misplaced(evidence):
        return []
    volume = _examine_volume(evidence)
    if volume:
        return [] if _is_shift_better(evidence, volume) else [volume]
    maps = stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
    if isinstance(maps, Skipped):
        return maps
    if maps.y_true.ndim < 3 or evidence.sampled is None:
        return Skipped("the pixels are flattened")
    mirrored, fits = find_mirrored(evidence, RULE, maps), fit_all_turns(evidence.sampled, maps)
    return [mirrored] if mirrored else _examine_turns(evidence, maps, fits)


def _examine_turns(evidence: Evidence, maps: Stack, fits: Fits) -> Result:
    fitting = _examine(evidence, maps, fits)
    if fitting:
        return [] if _is_explained_otherwise(evidence, fitting) else [fitting]
    few = _examine_few(evidence, maps, fits)
    if few:
        return [few]
    return (
        _examine_with_matched_ids(evidence, maps, fits.turns) if is_worth_trying(evidence) else []
    )


def _is_shift_better(evidence: Evidence, volume: Finding) -> bool:
    from iou_doctor.checks.alignment import _other_places as other_places  # before a finding

    return other_places.is_shift_better(evidence, volume, other_places.LARGEST_VOLUME_SHIFT)


def _is_explained_otherwise(evidence: Evidence, fitting: Finding) -> bool:
    from iou_doctor.checks.alignment import _other_places as other_places  # before a finding

    return other_places.is_explained_otherwise(evidence, fitting)


def _examine_volume(evidence: Evidence) -> Finding | None:
    from iou_doctor.checks.volume_orientation import find_orientation

    if find_orientation(evidence) is None:
        return None
    from iou_doctor.checks.alignment._flipped_volume import find_flipped_volume, report_volume

    volume = find_flipped_volume(evidence)
    return report_volume(RULE, evidence, volume) if volume else None


def _examine_few(evidence: Evidence, maps: Stack, fits: Fits) -> Finding | None:
    found = _find_few(evidence, maps, fits)
    if maps.y_true.ndim > IMAGES:
        return _find_transposed(evidence) or found
    if found or len(maps) == evidence.interpretation.layout.samples or evidence.sampled is None:
        return found
    many = stack_maps(evidence, "many")
    if isinstance(many, Skipped) or len(many) <= len(maps) or many.y_true.ndim != IMAGES:
        return None
    return _examine_suspects(evidence, many, fits.turns)


def _find_transposed(evidence: Evidence) -> Finding | None:
    """Look for some volumes whose axes alone stand in another order."""
    from iou_doctor.checks.volumes import stack_volumes

    volumes = stack_volumes(evidence)
    if volumes is None or len(set(volumes.sizes)) == len(volumes.sizes):
        return None  # each axis has a size of its own
    return _examine_suspects(evidence, volumes.maps, list_orientations(volumes.sizes))


def _examine_suspects(evidence: Evidence, maps: Stack, turns: tuple[Turn, ...]) -> Finding | None:
    """Try turns of the samples that score far less than the others, and then of all samples."""
    suspects = find_suspects(maps.score_images())
    if suspects is None:
        return None
    images = fit_turns(maps.take(np.array(suspects.poor)), turns).images
    if (images.max(axis=0) - images[0]).max() < LEAST_FEW_GAIN:
        return None
    return _find_few(evidence, maps, fit_turns(maps, turns))


def _find_few(evidence: Evidence, maps: Stack, fits: Fits) -> Finding | None:
    if (fits.images.max(axis=0) - fits.images[0]).max() < LEAST_FEW_GAIN:
        return None
    from iou_doctor.checks.alignment import _turned_samples as turned_samples

    few = turned_samples.keep_large_gains(turned_samples.find_few_turned(fits, maps), fits, maps)
    if not few.any():
        return None
    common = _find_common_turn(fits, few)
    better, told = fits.count_better(common)
    if common and 2 * better > told:
        return _report_all(fits, common, evidence)
    return turned_samples.report_some(RULE, evidence, maps, fits, few)


def _examine_with_matched_ids(evidence: Evidence, maps: Stack, turns: tuple[Turn, ...]) -> Result:
    """Look for a turn of all samples after matching the predicted ids to those of the masks."""
    matches = [match_ids(maps, turn(maps.y_pred)) for turn in turns]
    scores = [score for _, score in matches]
    best = int(np.argmax(scores))
    fits = fit_turns(matches[best][0], turns)
    if not best or fits.find_best() != best or not is_convincing(scores[best], scores[0]):
        return []
    return [add_condition(_report_all(fits, best, evidence))]


def _examine(evidence: Evidence, maps: Stack, fits: Fits) -> Finding | None:
    stated = find_stated_turn(evidence, fits)
    if stated:
        return replace(_report_all(fits, stated, evidence), evidence=STATED)
    best = fits.find_best()
    if best and fits.pooled[best] < LEAST_RESTORED:
        return None
    if best:
        return _report_all(fits, best, evidence)
    turned = _find_turned(fits)
    if not turned.any():
        return None
    common = _find_common_turn(fits, turned)
    if common:
        return _report_all(fits, common, evidence)
    from iou_doctor.checks.alignment._turned_samples import report_some

    return report_some(RULE, evidence, maps, fits, turned)


def _find_turned(fits: Fits) -> NDArray[np.bool_]:
    """Return which samples are clearly turned; none if their number may be due to chance."""
    ordered = np.sort(fits.images, axis=0)
    turned: NDArray[np.bool_] = ordered[-1] - fits.images[0] >= LEAST_SAMPLE_GAIN
    turned &= ordered[-1] - ordered[-2] >= LEAST_LEAD
    least = max(FEWEST_TURNED_SAMPLES, LEAST_TURNED_SHARE * len(turned))
    if turned.sum() < least or fits.scenes < 2 * FEWEST_TURNED_SAMPLES:
        return np.zeros_like(turned)
    others = fits.images[0][~turned]
    if len(others) and ordered[-1][turned].mean() < LEAST_QUALITY * others.mean():
        return np.zeros_like(turned)
    return turned


def _find_common_turn(fits: Fits, turned: NDArray[np.bool_]) -> int:
    """Return the turn of these samples if the others fit it as well as no turn, otherwise 0.

    Then the others only tell less, and all samples are turned.
    """
    best, *more = np.unique(fits.images.argmax(axis=0)[turned]).tolist()
    others = fits.images[:, ~turned]
    is_common = not more and others.size and others[best].mean() >= others[0].mean()
    return int(best) if is_common and fits.pooled[best] >= LEAST_RESTORED else 0


def _report_all(fits: Fits, best: int, evidence: Evidence) -> Finding:
    from iou_doctor.checks.alignment._turned_samples import report_all  # only if the rule fires

    return report_all(RULE, evidence, fits, best)
