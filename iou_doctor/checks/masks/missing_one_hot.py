"""Integer masks go to a metric that needs one-hot masks.

`OneHotMeanIoU`, and `MeanIoU` with `sparse_y_true=False`, take the argmax of the masks over their
last axis. Integer masks have no class axis: in (N, H, W, 1) the argmax runs over a single value,
so every pixel becomes class 0, and in (N, H, W) it runs over the image's columns. A metric that
flattens both arrays, as `MeanIoU` does by default, gets C values for each pixel from predictions
with class channels but one from integer masks, and raises an error.

    masks.shape          # (8, 64, 96, 1)
    predictions.shape    # (8, 64, 96, 3)

Choose the flags that fit the arrays, here `MeanIoU(num_classes=3, sparse_y_pred=False)`, or one-hot
encode the masks for `OneHotMeanIoU`.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import suggest_call
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU301",
    name="missing-one-hot",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks hold class ids where the metric needs them one-hot",
    explains=frozenset({"dropped-pixels", "metric-misreads-arrays", "reading-drift"}),
)


def find(evidence: Evidence) -> Result:
    """Look for masks without a class axis where the metric wants one."""
    layout, metric = evidence.interpretation.layout, evidence.metric
    if layout.y_true.is_dense or evidence.interpretation.y_true.is_dense:
        return []
    if metric.true is LabelDecoding.ARGMAX_LAST:
        message = (
            f"{metric.short_name} wants masks with the classes on axis {metric.takes.axis}, but"
            f" masks of shape {layout.y_true.shape} hold class ids"
            if metric.takes
            else f"{metric.short_name} argmaxes the masks over their last axis, but masks of shape"
            f" {layout.y_true.shape} hold class ids: {_argmaxed(layout.y_true.shape)}"
        )
    elif (
        layout.y_pred.is_per_class
        and metric.pred is not LabelDecoding.ARGMAX_LAST
        and not metric.takes
    ):
        message = (
            f"{metric.short_name} flattens both arrays: masks give one value a pixel,"
            f" predictions {layout.y_pred.channels}"
        )
    else:
        return []
    return [
        Finding(
            RULE,
            message=message,
            help=suggest_call(evidence),
            facts={"masks": list(layout.y_true.shape), "predictions": list(layout.y_pred.shape)},
            repair=Repair(
                name="one-hot the masks, or let the metric read ids",
                safe=True,
                steps=_steps(evidence),
            ),
        )
    ]


def _steps(evidence: Evidence) -> tuple[OneHot, ...]:
    """Return the encoding, where the metric wants it; a flattening metric needs a flag instead."""
    if evidence.metric.true is not LabelDecoding.ARGMAX_LAST:
        return ()
    num_classes = evidence.interpretation.num_classes
    return (OneHot(Side.MASKS, num_classes, evidence.metric.class_axis),)


def _argmaxed(shape: tuple[int | None, ...]) -> str:
    return "every pixel becomes class 0" if shape[-1] == 1 else "that axis is no class axis"
