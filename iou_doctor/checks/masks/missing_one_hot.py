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
from iou_doctor.checks.suggested_code import suggest_call
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU301",
    name="missing-one-hot",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks hold class ids, but the metric needs one-hot masks",
    symptom=Symptom.ENCODING,
    explains=Symptom.METRIC | Symptom.ENCODING,
)


def find(evidence: Evidence) -> Result:
    """Look for masks without a class axis that go to a metric that needs one."""
    layout, metric = evidence.interpretation.layout, evidence.metric
    if layout.y_true.is_dense or evidence.interpretation.y_true.is_dense or metric.call_error:
        return []  # a metric that refuses its own arguments takes no masks at all
    argmax = metric.y_true is LabelDecoding.ARGMAX_LAST
    flattened = metric.y_pred is not LabelDecoding.ARGMAX_LAST and not metric.takes
    if not argmax and not (layout.y_pred.is_per_class and flattened):
        return []
    if _have_channels(evidence):
        return []
    return [
        Finding(
            RULE,
            message=_write_message(evidence),
            help=suggest_call(evidence),
            facts={"masks": list(layout.y_true.shape), "predictions": list(layout.y_pred.shape)},
            repair=Repair(
                name="one-hot the masks, or let the metric read ids",
                safe=True,
                steps=_build_steps(evidence),
            ),
        )
    ]


def _have_channels(evidence: Evidence) -> bool:
    """Return whether both arrays have a channel for each class where the metric takes them.

    What keeps the masks from being read so is in their values, and other rules say it.
    """
    takes, interpretation = evidence.metric.takes, evidence.interpretation
    true, pred = (
        side.shape for side in (interpretation.layout.y_true, interpretation.layout.y_pred)
    )
    if takes is None or true != pred or not interpretation.num_classes_declared:
        return False
    return -len(true) <= takes.axis < len(true) and true[takes.axis] == interpretation.num_classes


def _write_message(evidence: Evidence) -> str:
    metric, layout = evidence.metric, evidence.interpretation.layout
    shape = layout.y_true.shape
    if metric.y_true is not LabelDecoding.ARGMAX_LAST:
        return (
            f"{metric.short_name} flattens both arrays: the masks have one value for each pixel"
            f" and the predictions {layout.y_pred.channels}"
        )
    if metric.takes:
        return (
            f"{metric.short_name} expects masks with the classes on axis {metric.takes.axis}, but"
            f" masks of shape {shape} hold class ids"
        )
    what = "every pixel becomes class 0" if shape[-1] == 1 else "that axis is not a class axis"
    return (
        f"{metric.short_name} takes the argmax of the masks over their last axis, but masks of"
        f" shape {shape} hold class ids: {what}"
    )


def _build_steps(evidence: Evidence) -> tuple[OneHot, ...]:
    """Return the one-hot step; none for a metric that flattens, which needs other flags."""
    if evidence.metric.y_true is not LabelDecoding.ARGMAX_LAST:
        return ()
    num_classes = evidence.interpretation.num_classes
    return (OneHot(Side.MASKS, num_classes, evidence.metric.class_axis),)
