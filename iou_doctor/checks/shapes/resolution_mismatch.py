"""One array is larger than the other by a whole-number factor.

The usual causes are a network with an output stride of 4 or 8 that lacks the last upsampling, and
a score computed at the size of the network's output instead of that of the masks. Scores at a
smaller size are higher, because thin objects and borders vanish. To compare with results at full
size, predict at full size.

    masks        (8, 64, 96)
    predictions  (8, 16, 24, 3)      tf.image.resize(predictions, (64, 96)) before the argmax

The score after the repair is estimated with nearest-neighbour resizing of the labels.
"""

from iou_doctor.arrays.layout import Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_shape
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU107",
    name="resolution-mismatch",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the predictions have another resolution than the masks",
    also_explains=("metric-misreads-arrays", "missing-one-hot"),
)


def find(evidence: Evidence) -> Result:
    """Look for sizes that differ by a whole-number factor."""
    layout = evidence.interpretation.layout
    if layout.relation is not Relation.SCALED:
        return []
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    sizes = ", ".join(str(size) for size in true)
    if layout.y_pred.is_dense:
        how = f"resize the class scores to ({sizes}) before the argmax"
    else:
        how = f"resize the predicted labels to ({sizes}) with nearest neighbour"
    return [
        Finding(
            RULE,
            message=f"masks are {format_shape(true)} but predictions"
            f" {format_shape(pred)}{_describe_factor(true, pred)}",
            help=how,
            facts={"masks": list(true), "predictions": list(pred)},
            repair=Repair(
                name="resize the predictions to the masks, nearest neighbour",
                safe=False,
                steps=_build_steps(true),
                estimated=True,
            ),
        )
    ]


def _build_steps(shape: tuple[int | None, ...]) -> tuple[ResizeNearest, ...]:
    """Return the step that resizes the predictions, or none if the masks differ in size."""
    sizes = tuple(size for size in shape if size is not None)
    return (ResizeNearest(Side.PREDICTIONS, sizes),) if len(sizes) == len(shape) else ()


def _describe_factor(true: tuple[int | None, ...], pred: tuple[int | None, ...]) -> str:
    large, small = true[0] or 0, pred[0] or 0
    if not small or not large:
        return ""
    if large > small:
        return f", {large // small} times smaller"
    return f", {small // large} times larger"
