"""Label-smoothed masks go to a metric that reads class ids.

Label smoothing belongs in the loss: it turns the one-hot values 1 and 0 into 0.93 and 0.03. A
metric that reads class ids truncates both to 0. If the predictions are probabilities, which are
truncated too, background agrees with background everywhere and the score is a perfect 1.0.

    masks[0, 0, 0]                                                        # 0.03 0.93 0.03
    metric = keras.metrics.MeanIoU(num_classes=3)                         # reads 0 0 0
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_true=False)    # takes the argmax first

Score against the masks from before smoothing, or take their argmax.
"""

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import describe_place, suggest_call
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU310",
    name="soft-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks are label-smoothed, and the metric casts them to integers",
    explains=frozenset(
        {"missing-one-hot", "dropped-pixels", "suspicious-perfect-score", "metric-misreads-arrays"}
    ),
)

ROUNDING = 2e-3
"""bfloat16 aside, smoothed values differ between pixels by rounding only; float16 by 0.0005."""
LEAST_STEP = 0.1
"""Between the two values; without a step there is no label left."""
DIVIDED = "masks-divided-by-255"


def find(evidence: Evidence) -> Result:
    """Look for smoothed masks in front of a metric that casts: two values a pixel, or in all."""
    if not evidence.metric.true_labels:
        return []
    values, channels = evidence.stats.y_true, evidence.interpretation.layout.y_true.channels
    if evidence.interpretation.y_true is Encoding.PROBABILITIES and _smoothed(values, channels):
        return [_many_channels(evidence)]
    return _one_channel(evidence)


def _many_channels(evidence: Evidence) -> Finding:
    values, axes = evidence.stats.y_true, evidence.interpretation.layout.y_true
    message = (
        f"each pixel of the masks has one channel at {values.maximum:.4g} and"
        f" {axes.channels - 1} at {values.minimum:.4g}"
    )
    return _finding(
        evidence,
        message,
        cure=f"{suggest_call(evidence)}, or masks.argmax(axis={axes.channel})",
        repair=Repair(name="argmax the masks", safe=True, steps=(Argmax(Side.MASKS),)),
    )


def _one_channel(evidence: Evidence) -> list[Finding]:
    """Return the finding if all masks hold just two fractions, which are 1 together."""
    values, scaled = evidence.stats.y_true, evidence.times_255
    low, high = values.minimum, values.maximum
    if scaled is None or low is None or high is None or values.fractional != values.values:
        return []
    opposite = low > 0 and abs(low + high - 1) <= ROUNDING and high - low > LEAST_STEP
    if not opposite or len(scaled.truth_counts()) != 2 or evidence.has_found(DIVIDED):
        return []
    cut = scaled.relabel(truth=lambda labels: np.where(labels > 127, 1, 0))
    return [
        _finding(
            evidence,
            f"each pixel of the masks is {low:.4g} or {high:.4g}",
            cure="masks = (masks > 0.5).astype('uint8')",
            repair=Repair(
                name="threshold the masks at 0.5",
                safe=True,
                steps=(Threshold(Side.MASKS, 0.5),),
                relabel=lambda _: cut,
            ),
        )
    ]


def _finding(evidence: Evidence, message: str, *, cure: str, repair: Repair) -> Finding:
    values, axes = evidence.stats.y_true, evidence.interpretation.layout.y_true
    return Finding(
        RULE,
        message=f"{message}: label smoothing; {_reads(evidence)}",
        help=cure,
        facts={
            "channels": axes.channels,
            "class_axis": axes.channel,
            "high": values.maximum,
            "low": values.minimum,
        },
        evidence=f"first: {describe_place(values.first, evidence)}" if values.first else None,
        repair=repair,
    )


def _reads(evidence: Evidence) -> str:
    metric = evidence.metric
    return f"{metric.short_name} " + ("casts all of them to 0" if not metric.takes else "wants ids")


def _smoothed(values: ValueCounts, channels: int) -> bool:
    """Return whether the extremes leave room for two values a pixel only.

    The largest channel is the same in all pixels, the sums are 1, and the smallest channel of all
    is what is left for each of the others: so all others are equal to it.
    """
    low, high, top = values.minimum, values.maximum, values.minimum_top
    if low is None or high is None or top is None or values.sum_off or values.non_finite:
        return False
    left = (1 - high) / (channels - 1)
    near = high - top <= ROUNDING and abs(low - left) <= ROUNDING
    return low > 0 and near and high - low > LEAST_STEP
