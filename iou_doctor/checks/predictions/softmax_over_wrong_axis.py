"""The softmax ran over samples, rows or columns instead of over the classes.

This happens with `softmax(dim=0)`, or with Keras' default axis of -1 on channels-first scores. The
values lie in [0, 1] and look like probabilities, but they sum to 1 along an axis other than the
class axis. Each class is then scaled by scores from elsewhere in the image or the batch, which
changes the argmax.

    tf.nn.softmax(logits, axis=1)     # (8, 64, 96, 3): sums to 1 over the 64 rows
    tf.nn.softmax(logits, axis=-1)    # sums to 1 over the 3 classes

The logits cannot be recovered from these arrays: predict again, with the softmax over the classes.
"""

from iou_doctor.arrays.layout import Axes
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU204",
    name="softmax-over-wrong-axis",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the softmax ran over an axis other than the class axis",
    explains=Symptom.METRIC | Symptom.BASELINE | Symptom.ENCODING,
    also_explains=(
        "channels-not-normalised",
        "collapsed-predictions",
        "colour-predictions",
        "never-predicted-class",
        "one-hot-masks",
        "unargmaxed-probabilities",
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for another axis along which scores sum to 1, or for scores that are all 1."""
    axes, values = evidence.interpretation.layout.y_pred, evidence.stats.y_pred
    if not axes.is_dense or evidence.pair.y_pred.dtype.kind != "f":
        return []
    facts = {"class_axis": axes.channel, "softmax_axis": axes.softmax_axis}
    if axes.softmax_axis is not None:
        right = format_percent(values.pixels - values.sum_off, values.pixels)
        message = (
            f"predictions sum to 1 along axis {axes.softmax_axis}"
            f" ({_describe_axis(axes, axes.softmax_axis)}), but over the classes on axis"
            f" {axes.channel} in {right} of the pixels"
        )
        facts |= {"pixels": values.pixels, "channel_sum_off": values.sum_off}
    elif values.minimum == values.maximum == 1 and not values.non_finite:
        message = (
            f"all {values.values:,} scores are exactly 1, as a softmax over an axis of size 1"
            " (for example a batch of one) leaves them"
        )
    else:
        return []
    return [
        Finding(
            RULE,
            message=message,
            help=f"predict again with softmax(logits, axis={axes.channel}), the class axis;"
            " these scores cannot be repaired",
            facts=facts,
        )
    ]


def _describe_axis(axes: Axes, axis: int) -> str:
    """Return what an axis other than the class axis counts, such as `the rows`."""
    if axes.has_sample_axis and axis == 0:
        return "the samples"
    names = {1: ("pixels",), 2: ("rows", "columns"), 3: ("slices", "rows", "columns")}
    return f"the {names[len(axes.spatial)][axes.spatial.index(axis)]}"
