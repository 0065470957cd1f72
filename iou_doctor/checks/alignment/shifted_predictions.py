"""All predictions are shifted by the same few pixels.

Half a pixel in a small feature map is many pixels in the picture. Resizing with another
`align_corners`, padding on the other side, or a crop that starts elsewhere moves every prediction
by the same amount. Thin objects lose most.

    as given            mean IoU 0.54
    moved by (3, 3)     mean IoU 0.80

Use the same convention for both resizes, and cut padding off before you resize. The rule fires if
one shift helps and is also the best shift of most samples on their own. It is silent if opposite
halves of the images need other shifts, because the predictions have another scale then, if the
predictions of a video come some frames late, and if a single object lies aside.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iou_doctor.checks.alignment._sample_tables import find_suspects, may_be_misplaced
from iou_doctor.checks.alignment._shifts import (
    SMALLEST_SIDE,
    Offset,
    ShiftSearch,
    are_too_small,
    describe_offset,
    score_offset,
    search_shifts,
)
from iou_doctor.checks.alignment._tiles import MOST_TILED_SAMPLES, find_arrangement, get_stored_size
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import (
    Stack,
    count_different_masks,
    find_told,
    has_nothing_to_gain,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import VOLUME_AXES, stack_maps
from iou_doctor.checks.stated_places import LEAST_STATED_GAIN, STATED
from iou_doctor.checks.symptoms import FORMAT_FAULTS
from iou_doctor.checks.volumes import is_one_volume
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.shift import Shift
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU503",
    name="shifted-predictions",
    severity=Severity.WARNING,
    suspicion=Suspicion.ALIGNMENT,
    claim="predictions are shifted by a few pixels",
    symptom=Symptom.ALIGNMENT,
    also_explains=("misplaced-tiles",),
    after=(*FORMAT_FAULTS, "shuffled-samples", "flipped-samples"),
    needs=Needs.NEW_DATA,
)

LEAST_SHIFT_GAIN = 0.03
"""Minimum gain in mean IoU. On healthy pairs the best small shift gains 0.01. If few pixels are
labelled, chance gains more: the minimum is divided by the root of their share."""
LEAST_VOLUME_GAIN = 0.1
"""Minimum gain if the samples are the slices of one volume. They err together: a model that draws
an organ a little aside gains up to 0.097 by a shift, and predictions shifted by 3 pixels gain more.
"""
FIRST = ("height-width-swapped", "inputs-swapped", "shuffled-samples", "flipped-samples")
"""If one of these rules has fired, a shift may be none."""
LARGEST_KEPT_AREA = 0.95
"""Ratio of areas below which a threshold and not a shift may have changed them."""
LEAST_AGREEING_SHARE = 2 / 3
"""Minimum share of the samples whose own best shift is the common one, and is not none at all."""
NEAR = 1
"""Pixels by which the best shift of a sample may differ from the common one."""
FEWEST_SHIFTED_SCENES = 4
"""Minimum number of different scenes, and of samples that agree. Three agree by chance now and
then.
"""
LEAST_SINGLE_GAIN = 0.05
"""Minimum gain of a single sample on the way to the best common shift, to examine it on its own."""
LEAST_AFTER = 0.4
"""Minimum mean IoU after the shift. A network of a few steps of training draws everything a pixel
aside, as its first filters happen to: one did so from 0.32 to 0.35."""
LEAST_AFTER_OF_SETS = 0.3
"""Minimum mean IoU after the shift of sets of channels, many of which are rare."""
LEAST_TILE_LEAD = 0.1
"""If rearranged tiles exceed the shift by this mean IoU, tiles are the cause, not a shift."""


def find(evidence: Evidence) -> Result:
    """Look for one shift of all predictions that fits better."""
    if evidence.has_found(*FIRST):
        return Skipped("another fault has to be repaired first")
    if not may_be_misplaced(evidence):
        return []
    volume = _examine_volume(evidence)
    if volume and not volume[0].facts["axis"]:
        return volume
    images = _examine_images(evidence)  # these are compared at full resolution
    return volume if volume and not (isinstance(images, list) and images) else images


def _examine_images(evidence: Evidence) -> Result:
    """Look for one shift of all images, or of single ones."""
    maps = stack_maps(evidence, "crops")
    if isinstance(maps, Skipped):
        return maps
    if are_too_small(maps):
        return Skipped(f"a shift cannot be recognised in maps smaller than {SMALLEST_SIDE} pixels")
    if evidence.pair.stated_offset is not None:
        stated = _examine_stated(evidence.pair.stated_offset, maps)
        if stated is not None:
            return [stated]
    if count_different_masks(maps) < FEWEST_SHIFTED_SCENES:
        return Skipped(f"a shift cannot be recognised in fewer than {FEWEST_SHIFTED_SCENES} scenes")
    shifts = search_shifts(maps)
    return _examine(evidence, maps, shifts) or _examine_few(evidence, maps, shifts)


def _examine_volume(evidence: Evidence) -> list[Finding]:
    """Look for one shift of volumes along one axis."""
    sampled = evidence.sampled
    if sampled is None or has_nothing_to_gain(evidence):
        return []
    if sampled.spatial_axes != VOLUME_AXES and not is_one_volume(evidence):
        return []
    from iou_doctor.checks.alignment._shifted_volume import (
        find_shifted_volume,
        report_shifted_volume,
    )

    found = find_shifted_volume(evidence)
    return [report_shifted_volume(RULE, found)] if found else []


def _examine_stated(offset: Offset, maps: Stack) -> Finding | None:
    """Return the finding on a shift that the files state, if it is better undone."""
    before, after = score_offset(maps, (0, 0)), score_offset(maps, offset)
    if after < before + LEAST_STATED_GAIN:
        return None
    finding = _report(offset, (before, after), (len(maps), len(maps)))
    moved = (-offset[0], -offset[1])
    message = (
        f"the predictions are shifted {describe_offset(moved)}: the mean IoU is {before:.4f} as"
        f" given and {after:.4f} moved back"
    )
    help_text = "cut predictions and masks from the same place on the map"
    return replace(finding, message=message, help=help_text, evidence=STATED)


def _examine(evidence: Evidence, maps: Stack, shifts: ShiftSearch) -> Result:
    best, before, after = shifts.best, shifts.pooled[0, 0], shifts.pooled[shifts.best]
    own = shifts.find_best_of_each_image()
    agreeing = int(((np.abs(own - best).max(axis=1) <= NEAR) & own.any(axis=1)).sum())
    least = LEAST_AFTER_OF_SETS if evidence.interpretation.is_multilabel else LEAST_AFTER
    if after < least:
        return []
    told = len(maps) if is_one_volume(evidence) else int(find_told(maps.y_true).sum())
    if shifts.gain <= LEAST_SHIFT_GAIN or agreeing < max(
        FEWEST_SHIFTED_SCENES, LEAST_AGREEING_SHARE * told
    ):
        return []
    from iou_doctor.checks.alignment._spread_of_shifts import may_be_chance  # before a finding

    if may_be_chance(own, best) or _is_too_little(evidence, maps, shifts):
        return []
    if _is_rearranging_better(evidence, than=after + LEAST_TILE_LEAD):
        return []
    from iou_doctor.checks.alignment._late_samples import are_late
    from iou_doctor.checks.alignment._uneven_shifts import is_uneven

    if are_late(evidence, shifts.gain) or is_uneven(maps, shifts):
        return []
    return [_report(best, (before, after), (agreeing, told))]


def _is_too_little(evidence: Evidence, maps: Stack, shifts: ShiftSearch) -> bool:
    """Return whether another cause gains as much: a threshold, slices of a volume, few labels."""
    gain = shifts.gain
    if gain <= LEAST_VOLUME_GAIN and _may_threshold_be_off(evidence):
        return True
    if gain <= LEAST_VOLUME_GAIN and is_one_volume(evidence) and not shifts.do_most_classes_gain():
        return True
    labelled = float((maps.y_true < maps.classes).mean())
    return bool(gain <= LEAST_SHIFT_GAIN / labelled**0.5)


def _may_threshold_be_off(evidence: Evidence) -> bool:
    """Return whether all channels of overlapping scores are predicted too small, or all too large.

    A shift keeps their areas, while another threshold changes all of them, and a shift gains then,
    too.
    """
    if not evidence.interpretation.is_multilabel:
        return False
    areas = [(it.predicted_pixels, it.truth_pixels) for it in evidence.repaired.per_class]
    small = all(predicted < LARGEST_KEPT_AREA * true for predicted, true in areas)
    return small or all(true < LARGEST_KEPT_AREA * predicted for predicted, true in areas)


def _examine_few(evidence: Evidence, maps: Stack, shifts: ShiftSearch) -> Result:
    """Look for single samples that are shifted while the others are not."""
    given, gain = shifts.score_images()
    if len(maps) < evidence.interpretation.layout.samples:
        fine = stack_maps(evidence, "fine")
        if not isinstance(fine, Skipped) and _is_whole(evidence, fine):
            maps, given, gain = fine, fine.score_images(), np.ones(len(fine))
    suspects = find_suspects(given)
    if suspects is None or gain[list(suspects.poor)].max() < LEAST_SINGLE_GAIN:
        return []
    if evidence.interpretation.is_multilabel:
        return []
    from iou_doctor.checks.alignment import _shifted_samples as shifted_samples

    found = shifted_samples.find_few_shifted(maps, suspects)
    return [shifted_samples.report_few_shifted(RULE, evidence, maps, found)] if found else []


def _is_whole(evidence: Evidence, maps: Stack) -> bool:
    """Return whether label maps hold all pixels of their samples."""
    shape = evidence.interpretation.layout.y_true.spatial_shape
    return len(shape) == 2 and maps.y_true.shape[1:] == shape


def _is_rearranging_better(evidence: Evidence, *, than: float) -> bool:
    """Return whether rearranging tiles gives a mean IoU above `than`."""
    maps = stack_maps(evidence, "fine", samples=MOST_TILED_SAMPLES)
    size = get_stored_size(evidence)
    if isinstance(maps, Skipped) or len(size) != 2:
        return False
    tiles = find_arrangement(maps, size)
    return tiles is not None and tiles.after > than


def _report(best: Offset, scores: tuple[float, float], votes: tuple[int, int]) -> Finding:
    down, right = best
    moved = (-down, -right)
    return Finding(
        RULE,
        message=f"the predictions are shifted {describe_offset(moved)}: the mean IoU is"
        f" {scores[0]:.4f} as given and {scores[1]:.4f} moved back, which is the best shift for"
        f" {votes[0]} of {votes[1]} samples",
        help="resize images, masks and predictions by one convention (align_corners, half-pixel"
        " centres), and cut padding off before resizing",
        facts={
            "rows": moved[0],
            "columns": moved[1],
            "samples": votes[1],
            "samples_alike": votes[0],
            "mean_iou_given": round(scores[0], 4),
            "mean_iou_moved_back": round(scores[1], 4),
        },
        repair=Repair(
            "move the predictions back",
            safe=False,  # the uncovered border is filled by repeating pixels
            steps=(Shift(Side.PREDICTIONS, best),),
        ),
    )
