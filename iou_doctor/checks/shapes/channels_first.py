"""The class axis is not where the metric looks for it: last in Keras, 1 in PyTorch.

PyTorch uses the layout (N, C, H, W), while the metrics of Keras look at the last axis. With
`sparse_y_pred=False` they then take the argmax over the width of the image. The result has the
wrong size and raises an error, or, if the width happens to equal the number of classes, is a wrong
number without any warning. With `axis=1` Keras 3 accepts the arrays and fails in `result()`.
iou-doctor finds the class axis by the sums of the channels, or by the shapes if the sums do not
decide.

    predictions  (8, 3, 64, 96)      class axis 1
    wanted       (8, 64, 96, 3)      predictions = np.moveaxis(predictions, 1, -1)

The metrics of torchmetrics and MONAI expect the classes on axis 1; for them, channels last is
wrong.
"""

from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.metric import Metric
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU103",
    name="channels-first",
    severity=Severity.ERROR,
    suspicion=Suspicion.SHAPES,
    claim="the class axis is not where the metric looks for it",
    explains=Symptom.METRIC | Symptom.ENCODING,
)

ANY_AXIS = ("tf_keras.",)
"""Prefixes of metrics whose `axis` argument works for any axis."""


def find(evidence: Evidence) -> Result:
    """Compare the class axis of each array with the axis at which the metric looks."""
    layout = evidence.interpretation.layout
    if evidence.interpretation.is_multilabel and evidence.metric.contract is None:
        return []  # channels that overlap need another metric first
    sides = (("predictions", layout.y_pred), ("masks", layout.y_true))
    wrong = [
        (name, axes)
        for name, axes in sides
        if axes.is_per_class
        and not axes.is_reshaped
        and not _is_where_metric_looks(evidence, name, axes)
    ]
    if not wrong:
        return []
    axis = evidence.metric.class_axis
    fails = any(_is_declared(evidence.metric, axes) for _, axes in wrong)
    return [
        Finding(
            RULE,
            message=_describe_metric(evidence.metric, fails=fails)
            + " and ".join(_describe_class_axis(name, axes) for name, axes in wrong),
            help="; ".join(
                f"{name} = np.moveaxis({name}, {axes.channel},"
                f" {_get_wanted_axis(evidence.metric, axes)})"
                for name, axes in wrong
            )
            + (f", and leave out axis={evidence.metric.axis}" if fails else ""),
            facts={
                name: {"class_axis": axes.channel, "shape": list(axes.shape)}
                for name, axes in wrong
            },
            repair=Repair(
                name=f"move the class axis of the {' and '.join(name for name, _ in wrong)}"
                f" {'last' if axis is None else f'to axis {axis}'}",
                safe=True,
                steps=tuple(Arrange(Side(name), evidence.metric.class_axis) for name, _ in wrong),
            ),
        )
    ]


def _describe_metric(metric: Metric, *, fails: bool) -> str:
    """Return the beginning of the message: where the metric takes the classes."""
    if fails:
        return (
            f"{metric.short_name} of Keras 3 takes axis={metric.axis}, but fails in result() unless"
            " the classes are on the last axis; "
        )
    axis = "the last axis" if metric.class_axis is None else f"axis {metric.class_axis}"
    return f"{metric.short_name} looks for the classes on {axis}, but "


def _is_declared(metric: Metric, axes: Axes) -> bool:
    """Return whether the call of a Keras metric names the axis on which the classes are."""
    return metric.takes is None and metric.axis % len(axes.shape) == axes.channel


def _is_where_metric_looks(evidence: Evidence, name: str, axes: Axes) -> bool:
    """Return whether the classes are where the metric looks, if it looks for a class axis."""
    metric, takes = evidence.metric, evidence.metric.takes
    decoding = metric.y_true if name == "masks" else metric.y_pred
    if takes is not None:
        looks = decoding is LabelDecoding.ARGMAX_LAST and not takes.any_axis
        return not looks or axes.channel == _get_wanted_axis(metric, axes)
    looks_at = metric.axis % len(axes.shape)
    known = metric.name.startswith(ANY_AXIS) and decoding is LabelDecoding.ARGMAX_LAST
    return axes.has_channels_last or (known and looks_at == axes.channel)


def _get_wanted_axis(metric: Metric, axes: Axes) -> int:
    """Return the axis of an array, as stored, on which the metric expects the classes."""
    if metric.class_axis is None:
        return len(axes.shape) - 1 if metric.takes else -1
    return metric.class_axis - (0 if axes.has_sample_axis else 1)


def _describe_class_axis(name: str, axes: Axes) -> str:
    return f"the {name} of shape {axes.shape} have them on axis {axes.channel}"
