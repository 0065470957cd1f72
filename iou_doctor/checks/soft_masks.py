"""The masks are label-smoothed, and the metric casts them to integers.

Label smoothing belongs to the loss: it turns one-hot channels 1 and 0 into 0.93 and 0.03. A metric
that reads class ids cuts all of them to 0. If the predictions are probabilities and are cut to 0
too, background agrees with background everywhere and the score is a perfect 1.0.

    masks    0.03 0.93 0.03
    metric = keras.metrics.MeanIoU(num_classes=3)                        reads 0 0 0
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_true=False)   argmaxes first

Score against the masks before smoothing, or argmax them.
"""

from iou_doctor.checks import Result
from iou_doctor.checks._words import fitting_call, place
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.reading import Encoding
from iou_doctor.repair import Repair, Side, Step
from iou_doctor.stats import ValueCounts

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


def find(evidence: Evidence) -> Result:
    """Look for masks with one large and else equal channels in front of a metric that casts."""
    values, axes = evidence.stats.y_true, evidence.reading.layout.y_true
    soft = evidence.reading.y_true is Encoding.PROBABILITIES
    if not soft or not evidence.metric.true_labels or not _smoothed(values, axes.channels):
        return []
    return [
        Finding(
            RULE,
            message=f"each pixel of the masks has one channel at {values.maximum:.4g} and"
            f" {axes.channels - 1} at {values.minimum:.4g}: label smoothing;"
            f" {evidence.metric.short_name} casts all of them to 0",
            help=f"{fitting_call(evidence)}, or masks.argmax(axis={axes.channel})",
            facts={
                "channels": axes.channels,
                "class_axis": axes.channel,
                "high": values.maximum,
                "low": values.minimum,
            },
            evidence=f"first: {place(values.first, evidence)}" if values.first else None,
            repair=Repair(name="argmax the masks", safe=True, steps=(Step("argmax", Side.MASKS),)),
        )
    ]


def _smoothed(values: ValueCounts, channels: int) -> bool:
    """Return whether the extremes leave room for two values a pixel only.

    The largest channel is the same in all pixels, the sums are 1, and the smallest channel of all
    is what is left for each of the others: so all others are equal to it.
    """
    low, high, top = values.minimum, values.maximum, values.minimum_top
    if low is None or high is None or top is None or values.sum_off or values.non_finite:
        return False
    left = (1 - high) / (channels - 1)
    return low > 0 and high - top <= ROUNDING and abs(low - left) <= ROUNDING and high - low > 0.1
