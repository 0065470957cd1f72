"""Height and width have changed places between masks and predictions.

`cv2.resize` and PIL speak of (width, height), NumPy of (height, width); run-length masks are
stored column by column. Keras flattens both arrays, so it compares each pixel with another one
and reports a low number without a word.

    masks        (8, 64, 96)
    predictions  (8, 96, 64)      np.swapaxes(predictions, 1, 2)

On square images the shapes look right. There, and where pixels were filled in column by column, the
rule speaks if the predictions fit far better after the swap than as given, flipped or turned.
"""

from dataclasses import replace

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import Stack, has_nothing_to_gain, measure_roughness, stack_maps
from iou_doctor.checks.orientations import PIXELS_A_SIDE, SWAP, Fits, Turn, fit_turns, list_turns
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_shape
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom

RULE = Rule(
    code="IOU105",
    name="height-width-swapped",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="height and width have changed places",
    explains=Symptom.ALIGNMENT,
    also_explains=("metric-misreads-arrays", "permuted-classes"),
)
SAMPLES = 8
"""Samples whose order of pixels is looked at in full."""
REPAIR = "swap height and width of the predictions"
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
"""Undo a reshape to the wrong order; each is the other one's inverse."""


def find(evidence: Evidence) -> Result:
    """Look for swapped sizes, and for maps that fit once they are transposed."""
    layout = evidence.interpretation.layout
    if layout.relation is Relation.SWAPPED:
        return [_swapped_sizes(evidence)]
    if layout.relation not in {Relation.EQUAL, Relation.FLATTENED} or evidence.sampled is None:
        return []
    if has_nothing_to_gain(evidence):
        return []
    square = evidence.sampled.is_square
    maps = (
        stack_maps(evidence, "fine", side=PIXELS_A_SIDE)
        if square
        else stack_maps(evidence, "fine", samples=SAMPLES)
    )
    if isinstance(maps, Skipped):
        return maps
    if maps.true.ndim < 3:
        return Skipped("the pixels are flattened")
    return _transposed(evidence, maps, square=square)


def _swapped_sizes(evidence: Evidence) -> Finding:
    layout = evidence.interpretation.layout
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    height, width = layout.y_pred.spatial[-2:]
    return Finding(
        RULE,
        message=f"masks are {format_shape(true)} but predictions are {format_shape(pred)}: height"
        " and width have changed places",
        help=f"np.swapaxes(predictions, {height}, {width}), or fix the resize that took"
        " (width, height)",
        facts={"masks": list(true), "predictions": list(pred)},
        repair=Repair(name=REPAIR, safe=True, steps=(SwapHeightWidth(Side.PREDICTIONS),)),
    )


def _transposed(evidence: Evidence, maps: Stack, *, square: bool) -> Result:
    spatial = maps.true.ndim - 1
    if square:
        found = fit_turns(maps, list_turns(spatial, square=True))
        return [_finding(evidence, found)] if found.turns[found.find_best()] is SWAP else []
    if spatial != 2 or maps.true.shape[1:] != _full_size(evidence):
        return []  # thinned maps do not show in which order their pixels were filled in
    found = fit_turns(maps, (*list_turns(2, square=False), *REFILLS))
    turn = found.turns[found.find_best()]
    if turn not in REFILLS:
        return []
    if measure_roughness(maps.pred) > measure_roughness(maps.true):
        return [_finding(evidence, found)]
    return [_masks_refilled(evidence, found, turn)]


def _masks_refilled(evidence: Evidence, found: Fits, turn: Turn) -> Finding:
    """Return the finding where the masks are the side whose objects became stripes."""
    undo = REFILLS[1 - REFILLS.index(turn)]
    finding = _finding(evidence, found, side="masks", turn=undo)
    after = float(found.pooled[found.find_best()])
    repair = Repair("swap height and width of the masks", safe=True, mean_iou_after=after)
    return replace(finding, repair=replace(repair, estimated=True))


def _full_size(evidence: Evidence) -> tuple[int | None, ...]:
    layout = evidence.interpretation.layout
    return max(layout.y_true.spatial_shape, layout.y_pred.spatial_shape, key=len)


def _finding(
    evidence: Evidence, found: Fits, *, side: str = "predictions", turn: Turn | None = None
) -> Finding:
    best = found.find_best()
    turn = turn or found.turns[best]
    before, after = float(found.pooled[0]), float(found.pooled[best])
    return Finding(
        RULE,
        message=f"masks and predictions fit once the {side} are {turn.name}: mean IoU {before:.4f}"
        f" as given, {after:.4f} that way, over the {len(found.images[0]):,} samples looked at",
        help=_help(evidence, turn, side),
        facts={
            "samples": len(found.images[0]),
            "mean_iou_given": round(before, 4),
            "mean_iou_swapped": round(after, 4),
        },
        repair=Repair(REPAIR, safe=True, steps=turn.steps),
    )


def _help(evidence: Evidence, turn: Turn, side: str) -> str:
    axes = evidence.interpretation.layout.y_pred
    if turn is SWAP and len(axes.spatial) > 1:
        height, width = axes.spatial[-2:]
        return f"np.swapaxes({side}, {height}, {width})"
    rows, columns = _full_size(evidence)[-2:]
    if turn is REFILLS[1]:
        return f"transpose each map of the {side} and reshape it to ({rows}, {columns})"
    return (
        f"reshape each map of the {side} to ({columns}, {rows}) and transpose it, or decode run"
        ' lengths with order="F"'
    )
