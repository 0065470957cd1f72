"""One array has an axis of size 1 that the other lacks.

This is harmless in Keras, which flattens both arrays, but it is not in hand-written IoU code. On
square images, (H, W, 1) against (H, W) broadcasts to (H, W, W) or (H, H, W), and PyTorch's (B, 1,
H, W) against (B, H, W) broadcasts to (B, B, H, W). Every pixel is then compared with many others,
and the result may even exceed 1.

    masks        (8, 64, 96)
    predictions  (8, 64, 96, 1)      predictions[..., 0]
"""

from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU106",
    name="extra-axis",
    severity=Severity.WARNING,
    suspicion=Suspicion.SHAPES,
    claim="one array has an axis of size 1 that the other lacks",
    also_explains=("metric-misreads-arrays",),
    needs=Needs.OWN_METRIC,
)


def find(evidence: Evidence) -> Result:
    """Compare the numbers of axes of both arrays."""
    layout = evidence.interpretation.layout
    true, pred = layout.y_true, layout.y_pred
    takes = evidence.metric.takes
    if evidence.interpretation.is_multilabel and not true.has_sample_axis and takes:
        return _find_missing_samples(evidence, takes.axis)
    if layout.relation not in {Relation.EQUAL, Relation.SWAPPED, Relation.SCALED}:
        return []
    plain = not true.is_dense and not pred.is_dense
    refused = _is_refused(evidence)
    if (
        not refused
        and len(true.label_shape) == len(pred.label_shape)
        and not (plain and len(true.shape) != len(pred.shape))
    ):
        return []
    sides = {"masks": true, "predictions": pred}
    name = max(sides, key=lambda key: _count_extra_axes(sides[key]))
    axis = _find_extra_axis(sides[name])
    source = evidence.pair.y_true if name == "masks" else evidence.pair.y_pred
    if axis == 0 and source.names is not None:
        return []  # it counts files, and what is in them has no such axis
    return [_report(evidence, name, axis, refused=refused)]


def _report(evidence: Evidence, name: str, axis: int, *, refused: bool) -> Finding:
    layout, metric = evidence.interpretation.layout, evidence.metric
    true, pred = layout.y_true.shape, layout.y_pred.shape
    what = f"{metric.short_name} does not take" if refused else "broadcasts in hand-written code"
    return Finding(
        RULE,
        message=f"masks have shape {true} and predictions {pred}: axis {axis} of the {name} has"
        f" size 1, which {what}",
        help=f"{name} = {name}.squeeze({axis})"
        if refused
        else f"{name} = np.squeeze({name}, axis={axis})",
        facts={"masks": list(true), "predictions": list(pred), "axis": axis},
        repair=Repair(
            name=f"squeeze axis {axis} of the {name}",
            safe=True,
            steps=(Arrange(Side(name)),),
            keeps_scores=_is_harmless(evidence),
        ),
        severity_override=Severity.ERROR if refused else None,
    )


def _is_refused(evidence: Evidence) -> bool:
    """Return whether the metric raises because only one array has an axis of size 1."""
    takes, layout = evidence.metric.takes, evidence.interpretation.layout
    if takes is None or not takes.refuses_extra_axes or evidence.metric_score.error is None:
        return False
    if takes.masks not in {PixelContent.IDS, PixelContent.EITHER}:
        return False
    sides = (layout.y_true, layout.y_pred)
    extra = [axes.channel is not None and not axes.is_dense for axes in sides]
    return extra[0] != extra[1]


def _is_harmless(evidence: Evidence) -> bool:
    """Return whether the metric reads what it reads without the axis, whatever its average is."""
    value, read_well = evidence.metric_score.value, evidence.score_if_read_well
    if value is None or read_well is None:
        return False
    from iou_doctor.metrics.registry import VISIBLE_DIFFERENCE  # the list of rules needs none

    return abs(value - read_well) <= VISIBLE_DIFFERENCE


def _find_missing_samples(evidence: Evidence, axis: int) -> list[Finding]:
    """Look for one sample without a sample axis, whose channels a metric expects on axis 1."""
    shape = evidence.interpretation.layout.y_true.shape
    if axis != 1:
        return []
    return [
        Finding(
            RULE,
            message=f"both arrays have shape {shape}, with the channels first and no sample axis,"
            f" but {evidence.metric.short_name} expects the channels on axis 1",
            help="predictions = predictions[np.newaxis]; masks = masks[np.newaxis]",
            facts={"masks": list(shape), "predictions": list(shape), "axis": 0},
            severity_override=Severity.ERROR,
        )
    ]


def _count_extra_axes(axes: Axes) -> int:
    return len(axes.shape) - len(axes.spatial) - axes.is_dense


def _find_extra_axis(axes: Axes) -> int:
    return 0 if axes.channel is None or axes.is_dense else axes.channel
