"""Write the code that turns samples back."""

from __future__ import annotations

from collections.abc import Mapping

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.orientations import Turn
from iou_doctor.checks.stack_maps import VOLUME_AXES
from iou_doctor.checks.suggested_code import order_axes
from iou_doctor.checks.wording import name_samples
from iou_doctor.repairs.flip import Flip
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.rotate import Rotate

MOST_FEW = 2
"""Maximum number of turned samples that look like damage and not like augmentation."""


def write_help(evidence: Evidence, groups: Mapping[Turn, tuple[int, ...]]) -> str:
    """Return how to turn samples back, or what to do if more are turned than damage explains."""
    stored = evidence.interpretation.layout.y_pred
    are_files = evidence.pair.y_pred.names is not None
    number = sum(map(len, groups.values()))
    is_transposed = any(isinstance(step, PermuteAxes) for turn in groups for step in turn.steps)
    if number > MOST_FEW and not is_transposed:
        return "augment image and mask with the same seed, and do not augment when you evaluate"
    if is_transposed or (are_files and len(stored.spatial) == VOLUME_AXES):
        return "; ".join(_write_for_each(evidence, *group) for group in groups.items())
    if are_files or not stored.has_sample_axis:
        return "save the predictions of these samples in the orientation of their masks"
    return "; ".join(
        write_turn(evidence, turn, f"predictions[{list(samples)}]")
        for turn, samples in groups.items()
    )


def _write_for_each(evidence: Evidence, turn: Turn, samples: tuple[int, ...]) -> str:
    """Return an assignment that turns single volumes back, in an array or when they are loaded."""
    if evidence.pair.y_pred.names is not None:
        return f"for {name_samples(evidence, samples)}: {write_turn(evidence, turn, 'volume', 1)}"
    if len(samples) == 1:
        return write_turn(evidence, turn, f"predictions[{samples[0]}]", 1)
    return f"for i in {samples}: {write_turn(evidence, turn, 'predictions[i]', 1)}"


def write_turn(
    evidence: Evidence, turn: Turn, predictions: str = "predictions", first: int = 0
) -> str:
    """Return an assignment that turns predictions back, along their stored axes.

    Args:
        evidence: how they are stored.
        turn: what to do.
        predictions: the name of the array in the assignment.
        first: the stored axis that is the first one of this array: 1 for that of one sample.
    """
    stored = evidence.interpretation.layout.y_pred
    axes = tuple(axis - first for axis in stored.spatial)
    if len(axes) < 2:
        return "save the predictions in the orientation of the masks"
    code = predictions
    for step in turn.steps:
        if isinstance(step, Flip):
            places = tuple(axes[axis] for axis in step.axes)
            code = f"np.flip({code}, {places[0] if len(places) == 1 else places})"
        elif isinstance(step, PermuteAxes):
            order = order_axes(len(stored.shape) - first, axes, step.order)
            code = f"np.transpose({code}, {order})"
        elif isinstance(step, Rotate):
            code = f"np.rot90({code}, {step.quarters}, axes=({axes[-2]}, {axes[-1]}))"
        else:
            code = f"np.swapaxes({code}, {axes[-2]}, {axes[-1]})"
    return f"{predictions} = {code}"
