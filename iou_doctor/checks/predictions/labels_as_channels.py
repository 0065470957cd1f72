"""Predicted class ids go to a metric that takes the argmax of its predictions.

`OneHotMeanIoU`, and `MeanIoU` with `sparse_y_pred=False`, expect one score for each class on the
last axis and pick the largest. Class ids have no such axis: in (N, H, W) the argmax runs over the
image's columns, and in (N, H, W, 1) over a single value, so every pixel becomes class 0.

    predictions = model.predict(x).argmax(-1)               # class ids
    metric = MeanIoU(num_classes=3, sparse_y_pred=False)    # takes the argmax again
    metric = MeanIoU(num_classes=3, sparse_y_pred=True)     # reads the ids as they are

Take the argmax once: in your code or in the metric.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import have_masks_overlap, suggest_call
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.repairs.one_hot import OneHot
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU213",
    name="labels-as-channels",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are class ids already, and the metric takes their argmax again",
    explains=Symptom.METRIC | Symptom.ENCODING,
    after=("single-channel-softmax", "inputs-swapped"),
)


def find(evidence: Evidence) -> Result:
    """Look for class ids that go to a metric that expects class channels."""
    interpretation, metric = evidence.interpretation, evidence.metric
    axes = interpretation.layout.y_pred
    if interpretation.y_pred is not Encoding.LABELS or axes.is_dense:
        return []
    if metric.y_pred is not LabelDecoding.ARGMAX_LAST:
        return []
    if evidence.has_found("single-channel-softmax", "inputs-swapped"):
        return []
    return [
        Finding(
            RULE,
            message=_write_message(evidence),
            help=_suggest_call(evidence),
            facts={"predictions": list(axes.shape), "argmaxed_values": axes.shape[-1]},
            repair=None if have_masks_overlap(evidence) else _build_repair(evidence),
        )
    ]


def _write_message(evidence: Evidence) -> str:
    metric, shape = evidence.metric, evidence.interpretation.layout.y_pred.shape
    if metric.takes:
        return (
            f"{metric.short_name} expects predictions with the classes on axis {metric.takes.axis},"
            f" but predictions of shape {shape} hold class ids"
        )
    what = "every pixel becomes class 0" if shape[-1] == 1 else "that axis is not a class axis"
    return (
        f"{metric.short_name} takes the argmax of the predictions over their last axis, but"
        f" predictions of shape {shape} hold class ids: {what}"
    )


def _suggest_call(evidence: Evidence) -> str:
    if have_masks_overlap(evidence):
        return (
            "the channels of the masks overlap, and an argmax keeps one of them: threshold each"
            " channel of the model's scores instead"
        )
    call = suggest_call(evidence)
    return call if evidence.metric.takes else call.removesuffix(")") + ", sparse_y_pred=True)"


def _build_repair(evidence: Evidence) -> Repair:
    num_classes = evidence.interpretation.num_classes
    step = OneHot(Side.PREDICTIONS, num_classes, evidence.metric.class_axis)
    return Repair("one-hot the predictions, or let the metric read ids", safe=True, steps=(step,))
