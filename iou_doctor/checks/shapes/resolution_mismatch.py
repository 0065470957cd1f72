"""The predictions have another resolution than the masks.

The usual causes are a network with an output stride of 4 or 8 that lacks the last upsampling, and
a score computed at the size of the network's output instead of that of the masks. Scores at a
smaller size are higher, because thin objects and borders vanish. To compare with results at full
size, predict at full size.

    masks        (8, 64, 96)
    predictions  (8, 16, 24, 3)      tf.image.resize(predictions, (64, 96)) before the argmax

One array is larger than the other by a whole-number factor; or the predictions are files of one
size beside masks of their own sizes, or have the proportions of their masks.

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
    """Look for sizes that differ by a factor, the same for the height and the width or not."""
    layout = evidence.interpretation.layout
    if layout.relation is not Relation.SCALED:
        return []
    true, pred = layout.y_true.spatial_shape, layout.y_pred.spatial_shape
    is_varied = None in true or None in pred
    return [
        Finding(
            RULE,
            message=f"masks are {_describe_sizes(true)} but predictions"
            f" {_describe_sizes(pred)}{_describe_factor(true, pred)}",
            help=_write_help(evidence),
            facts={"masks": list(true), "predictions": list(pred)},
            evidence=_describe_first_pair(evidence) if is_varied else None,
            repair=Repair(
                name="resize the predictions to the masks, nearest neighbour",
                safe=False,
                steps=_build_steps(true),
                estimated=True,
            ),
        )
    ]


def _write_help(evidence: Evidence) -> str:
    layout = evidence.interpretation.layout
    true = layout.y_true.spatial_shape
    each = " of each image" if None in true else ""
    sizes = f"({', '.join(str(size) for size in true)})"
    to = "the size of its mask" if None in true else sizes
    if layout.y_pred.is_dense:
        return f"resize the class scores{each} to {to} before the argmax"
    return f"resize the predicted labels{each} to {to} with nearest neighbour"


def _describe_sizes(shape: tuple[int | None, ...]) -> str:
    return "of different sizes" if None in shape else format_shape(shape)


def _describe_first_pair(evidence: Evidence) -> str:
    """Return the sizes of the first pair that differ."""
    for index in range(evidence.interpretation.layout.samples):
        true, pred = _get_sizes(evidence, index)
        if true != pred:
            break
    name = evidence.name_sample(index)
    return f"first: {name}: mask {format_shape(true)}, prediction {format_shape(pred)}"


def _get_sizes(evidence: Evidence, index: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    layout, pair = evidence.interpretation.layout, evidence.pair
    true = pair.y_true.get_sample_shape(index)
    pred = pair.y_pred.get_sample_shape(index)
    return (
        tuple(true[axis - 1] for axis in layout.y_true.spatial),
        tuple(pred[axis - 1] for axis in layout.y_pred.spatial),
    )


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
