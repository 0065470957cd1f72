"""Height and width are swapped between masks and predictions.

`cv2.resize` and PIL take (width, height) while NumPy uses (height, width), and run-length masks are
stored column by column. Keras flattens both arrays, so it compares each pixel with a different one
and reports a low number without any warning.

    masks        (8, 64, 96)
    predictions  (8, 96, 64)      predictions = np.swapaxes(predictions, 1, 2)

The shapes do not show it on square images, or if the pixels were filled in column by column. In
these cases the rule reports a swap if the predictions fit far better after it than as given,
flipped or turned.
"""

from dataclasses import replace

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain, measure_roughness
from iou_doctor.checks.orientations import (
    PIXELS_A_SIDE,
    SWAP,
    Fits,
    Turn,
    fit_all_turns,
    fit_turns,
    list_turns,
)
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stack_maps import stack_maps
from iou_doctor.checks.stated_places import STATED, find_stated_turn
from iou_doctor.checks.wording import format_shape
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU105",
    name="height-width-swapped",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="height and width are swapped",
    explains=Symptom.ALIGNMENT,
    also_explains=("metric-misreads-arrays", "permuted-classes"),
    needs=Needs.TRAINED_NETWORK,
)
MOST_SAMPLES = 8
"""Maximum number of samples that are compared at full resolution, which takes a few milliseconds
each.
"""
SWAPPED = (0, 2, 1)
"""The order of the axes of a volume of which height and width are exchanged."""
REPAIR_NAME = "swap height and width of the predictions"
"""The name of the repair, for sizes and for maps."""
REFILLS = (
    Turn(
        "read column by column",
        (SwapHeightWidth(Side.PREDICTIONS, refill="before"),),
    ),
    Turn(
        "transposed and read row by row",
        (SwapHeightWidth(Side.PREDICTIONS, refill="after"),),
    ),
)
"""Turns that undo filling in the pixels in the wrong order. Each one is the inverse of the
other."""


def find(evidence: Evidence) -> Result:
    """Look for swapped sizes, and for maps that fit once they are transposed."""
    layout = evidence.interpretation.layout
    if layout.relation is Relation.SWAPPED:
        return [_report_swapped_sizes(evidence)]
    if layout.relation not in {Relation.EQUAL, Relation.FLATTENED} or evidence.sampled is None:
        return []
    if has_nothing_to_gain(evidence):
        return []
    square = evidence.sampled.is_square
    maps = (
        stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
        if square
        else stack_maps(evidence, "whole", samples=MOST_SAMPLES)
    )
    if isinstance(maps, Skipped):
        return maps
    if maps.y_true.ndim < 3:
        return Skipped("the pixels are flattened")
    if square:
        return _examine_square(evidence, fit_all_turns(evidence.sampled, maps))
    return _try_refills(evidence, maps)


def _examine_square(evidence: Evidence, found: Fits) -> Result:
    stated = find_stated_turn(evidence, found)
    best = stated or found.find_best()
    if found.turns[best].steps != SWAP.steps or (not stated and _is_volume_misjudged(evidence)):
        return []
    finding = _report_turn(evidence, found, best=best)
    return [replace(finding, evidence=STATED) if stated else finding]


def _is_volume_misjudged(evidence: Evidence) -> bool:
    """Return whether more than these two axes of a volume are exchanged, or none of them.

    A single object that lies elsewhere may fit by chance.
    """
    # not needed before a finding
    from iou_doctor.checks.volume_orientation import do_objects_lie_elsewhere, find_orientation

    found = find_orientation(evidence)
    if found is None:
        return do_objects_lie_elsewhere(evidence)
    return found.order != SWAPPED and not found.within_slices


def _report_swapped_sizes(evidence: Evidence) -> Finding:
    layout = evidence.interpretation.layout
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    height, width = layout.y_pred.spatial[-2:]
    stated = evidence.pair.stated_turn
    return Finding(
        RULE,
        message=f"masks are {format_shape(true)} but predictions are {format_shape(pred)}: height"
        " and width have changed places",
        help=f"predictions = np.swapaxes(predictions, {height}, {width}), or fix the resize that"
        " took (width, height)",
        facts={"masks": list(true), "predictions": list(pred)},
        evidence=STATED if stated is not None and stated.order == (1, 0) else None,
        repair=Repair(name=REPAIR_NAME, safe=True, steps=(SwapHeightWidth(Side.PREDICTIONS),)),
    )


def _try_refills(evidence: Evidence, maps: Stack) -> Result:
    """Compare with the orders in which pixels may have been filled in."""
    if maps.y_true.ndim != 3 or maps.y_true.shape[1:] != _get_full_size(evidence):
        return []  # maps of fewer pixels do not show in which order the pixels were filled in
    found = fit_turns(maps, (*list_turns(2, square=False), *REFILLS))
    turn = found.turns[found.find_best()]
    if turn not in REFILLS:
        return []
    if measure_roughness(maps.y_pred) > measure_roughness(maps.y_true):
        return [_report_turn(evidence, found)]
    return [_report_refilled_masks(evidence, found, turn)]


def _report_refilled_masks(evidence: Evidence, found: Fits, turn: Turn) -> Finding:
    """Report that the masks are the side whose pixels were filled in the wrong order."""
    undo = REFILLS[1 - REFILLS.index(turn)]
    finding = _report_turn(evidence, found, side="masks", turn=undo)
    steps = tuple(replace(step, side=Side.MASKS) for step in undo.steps)
    repair = Repair("swap height and width of the masks", safe=True, steps=steps)
    return replace(finding, repair=repair)


def _get_full_size(evidence: Evidence) -> tuple[int | None, ...]:
    layout = evidence.interpretation.layout
    return max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)


def _report_turn(
    evidence: Evidence,
    found: Fits,
    *,
    side: str = "predictions",
    turn: Turn | None = None,
    best: int = 0,
) -> Finding:
    best = best or found.find_best()
    turn = turn or found.turns[best]
    before, after = float(found.pooled[0]), float(found.pooled[best])
    return Finding(
        RULE,
        message=f"masks and predictions fit once the {side} are {turn.name}: mean IoU {before:.4f}"
        f" as given, {after:.4f} that way, over the {len(found.images[0]):,} samples compared",
        help=_suggest_repair(evidence, turn, side),
        facts={
            "samples": len(found.images[0]),
            "mean_iou_given": round(before, 4),
            "mean_iou_swapped": round(after, 4),
        },
        repair=Repair(REPAIR_NAME, safe=True, steps=turn.steps),
    )


def _suggest_repair(evidence: Evidence, turn: Turn, side: str) -> str:
    axes = evidence.interpretation.layout.y_pred
    if turn.steps == SWAP.steps and len(axes.spatial) > 1:
        height, width = axes.spatial[-2:]
        return f"{side} = np.swapaxes({side}, {height}, {width})"
    rows, columns = _get_full_size(evidence)[-2:]
    if turn is REFILLS[1]:
        return f"transpose each map of the {side} and reshape it to ({rows}, {columns})"
    return (
        f"reshape each map of the {side} to ({columns}, {rows}) and transpose it, or decode run"
        ' lengths with order="F"'
    )
