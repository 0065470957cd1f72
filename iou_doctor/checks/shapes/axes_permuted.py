"""The axes of a volume stand in another order in one of the arrays.

Libraries that read volumes do not agree on the order of their axes: nibabel returns (x, y, z),
SimpleITK and most TIFF readers (z, y, x), and MATLAB stacks images along the last axis. A score
then compares each voxel with one of another place. In a cube, not even the shapes show it.

    masks        (40, 48, 16)
    predictions  (16, 48, 40)      predictions = predictions.transpose(2, 1, 0)

On equal sizes, the rule fires if the volume fits far better in another order, flipped or not. An
array of three axes counts as one volume if neighbouring slices are more alike than distant ones. If
only height and width are swapped, see IOU105.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.arrays.source import Source
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.map_stack import has_nothing_to_gain
from iou_doctor.checks.orientations import NATURAL_ORDER
from iou_doctor.checks.registry import Result
from iou_doctor.checks.stated_places import STATED_BY_AFFINES
from iou_doctor.checks.suggested_code import order_axes
from iou_doctor.checks.wording import format_shape, join_words
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side, Step
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

if TYPE_CHECKING:
    from iou_doctor.checks.volume_orientation import Orientation

RULE = Rule(
    code="IOU110",
    name="axes-permuted",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the axes of the volume stand in another order in one of the arrays",
    explains=Symptom.ALIGNMENT | Symptom.BASELINE,
    also_explains=("metric-misreads-arrays", "permuted-classes"),
    after=("height-width-swapped",),
    needs=Needs.TRAINED_NETWORK,
)
REPAIR_NAME = "transpose the predictions"


def find(evidence: Evidence) -> Result:
    """Look for sizes in another order, and for volumes that fit once they are transposed."""
    if evidence.has_found("height-width-swapped"):
        return []
    layout = evidence.interpretation.layout
    if layout.axis_order is not None:
        return [_report_sizes(evidence, layout.axis_order)]
    if layout.relation is not Relation.EQUAL or has_nothing_to_gain(evidence):
        return []
    found = _find_orientation(evidence)
    if found is None or found.order == NATURAL_ORDER or found.within_slices:
        return []
    return [_report_orientation(evidence, found)]


def _find_orientation(evidence: Evidence) -> Orientation | None:
    from iou_doctor.checks.volume_orientation import find_orientation  # not in most checks

    return find_orientation(evidence)


def _report_sizes(evidence: Evidence, order: tuple[int, ...]) -> Finding:
    layout = evidence.interpretation.layout
    true, pred = (
        _get_sizes(*side)
        for side in ((layout.y_true, evidence.pair.y_true), (layout.y_pred, evidence.pair.y_pred))
    )
    found = _find_orientation(evidence)
    steps: tuple[Step, ...] = (PermuteAxes(Side.PREDICTIONS, order),)
    flipped: tuple[int, ...] = ()
    if found is not None and found.order != NATURAL_ORDER:
        # several orders have the right sizes, and another one than the first fits
        steps, flipped = (*steps, *found.build_steps()), found.flipped
        order = tuple(order[axis] for axis in found.order)
    stated = evidence.pair.stated_turn
    return Finding(
        RULE,
        message=f"masks are {format_shape(true)} but predictions are {format_shape(pred)}:"
        f" {_describe_order(evidence, order)}{_describe_flips(evidence, flipped)}",
        help=_write_help(evidence, order, flipped),
        facts={"masks": list(true), "predictions": list(pred), "order": list(order)},
        evidence=STATED_BY_AFFINES if stated is not None and stated.order == order else None,
        repair=Repair(REPAIR_NAME, safe=True, steps=steps),
    )


def _get_sizes(axes: Axes, source: Source) -> tuple[int, ...]:
    """Return the sizes of a volume, those of the first one if they differ."""
    first = (0, *source.get_sample_shape(0))
    return tuple(axes.shape[axis] or first[axis] for axis in axes.spatial)


def _report_orientation(evidence: Evidence, found: Orientation) -> Finding:
    before, after = found.scores
    flips = _describe_flips(evidence, found.flipped)
    return Finding(
        RULE,
        message=f"{_describe_order(evidence, found.order)}{flips}: the mean IoU is {before:.4f} as"
        f" given and {after:.4f} with the predictions transposed",
        help=_write_help(evidence, found.order, found.flipped),
        facts={
            "order": list(found.order),
            "flipped": list(found.flipped),
            "mean_iou_given": round(before, 4),
            "mean_iou_transposed": round(after, 4),
        },
        evidence=found.describe_reading(),
        repair=Repair(REPAIR_NAME, safe=True, steps=found.build_steps()),
    )


def _list_axes(evidence: Evidence) -> tuple[int, ...]:
    """Return the stored axes of the volume in the predictions."""
    axes = evidence.interpretation.layout.y_pred
    return axes.spatial if len(axes.spatial) == len(NATURAL_ORDER) else (0, *axes.spatial)


def _describe_order(evidence: Evidence, order: tuple[int, ...]) -> str:
    """Return what happened to the axes, in words."""
    axes = _list_axes(evidence)
    moved = [axes[axis] for axis, old in enumerate(order) if axis != old]
    if order == NATURAL_ORDER[::-1]:
        return "the axes of the volume are reversed"
    if len(moved) == len(NATURAL_ORDER):
        return "the axes of the volume stand in another order"
    return f"axes {join_words(moved)} are exchanged"


def _describe_flips(evidence: Evidence, flipped: tuple[int, ...]) -> str:
    """Return which axes are flipped besides, as the end of a sentence."""
    axes = _list_axes(evidence)
    return f" and axis {join_words(axes[axis] for axis in flipped)} flipped" if flipped else ""


def _write_help(evidence: Evidence, order: tuple[int, ...], flipped: tuple[int, ...]) -> str:
    """Return an assignment that transposes the predictions, along their stored axes."""
    axes = _list_axes(evidence)
    if evidence.pair.y_pred.names is not None and 0 not in axes:
        return f"transpose each predicted volume: {_write_code('volume', order, flipped)}"
    stored = order_axes(len(evidence.interpretation.layout.y_pred.shape), axes, order)
    places = tuple(axes[axis] for axis in flipped)
    return f"predictions = {_write_code('predictions', stored, places)}"


def _write_code(name: str, order: tuple[int, ...], flipped: tuple[int, ...]) -> str:
    code = f"{name}.transpose({', '.join(map(str, order))})"
    if not flipped:
        return code
    return f"np.flip({code}, {flipped[0] if len(flipped) == 1 else flipped})"
