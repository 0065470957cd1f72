"""The scores went through softmax or sigmoid twice.

Often the model ends in a sigmoid and a script applies another one. The sigmoid of values in [0, 1]
lies in [0.5, 0.7311], so a threshold of 0.5 makes every pixel foreground. The softmax of
probabilities cannot exceed e / (e + C - 1), which is 0.576 for three classes; the argmax stays the
same, but thresholds, losses and calibration are wrong.

    predictions = tf.sigmoid(model(x))    # the model ends in Activation("sigmoid")
    predictions = model(x)                # right

Remove one of the two activations. The loss must match: `from_logits=False` after an activation.
The rule fires only if the scores reach both ends of the range and many pixels lie at its upper
end; the scores of a model that is merely unsure do not get that far.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.value_counts import ValueCounts, twice_bound
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU205",
    name="double-activation",
    severity=Severity.WARNING,
    suspicion=Suspicion.ENCODING,
    claim="the scores went through the activation twice",
    explains=frozenset({"threshold-off", "never-predicted-class", "class-imbalance"}),
)

ROUNDING = 1e-3
"""float16 scores may lie so far, in parts of the bound, outside it."""
REACH = 0.02
"""Both ends are reached to within this part: a model that is sure somewhere gets so far."""
NEAR_SOFTMAX = 0.25
"""Share of pixels near the upper bound. Smoothed or half-trained models may end there by chance,
but not with a quarter of their pixels."""
NEAR_SIGMOID = 0.01
"""The same for one channel: objects may be few, and no score below 0.5 is telling enough."""


def find(evidence: Evidence) -> Result:
    """Compare the extremes with what a second activation leaves."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    classes = interpretation.layout.y_pred.channels
    if interpretation.y_pred is Encoding.SIGMOID:
        low, high, near, name = 0.5, twice_bound(2), NEAR_SIGMOID, "sigmoid"
    elif interpretation.y_pred is Encoding.PROBABILITIES and not values.sum_off:
        high = twice_bound(classes)
        low, near, name = (1 - high) / (classes - 1), NEAR_SOFTMAX, "softmax"
    else:
        return []
    if not _fills(values, low, high) or values.near_twice < near * values.pixels:
        return []
    return [
        Finding(
            RULE,
            message=f"scores fill {values.minimum:.4g} to {values.maximum:.4g}, all that {name} of"
            f" values in [0, 1] leaves ({low:.4g} to {high:.4g});"
            f" {format_percent(values.near_twice, values.pixels)} of the pixels are at the upper"
            " end",
            help=f"apply {name} once: the model ends in one already, or give the metric and the"
            " loss raw logits",
            facts={
                "minimum": values.minimum,
                "maximum": values.maximum,
                "bounds": [low, high],
                "pixels": values.pixels,
                "near_upper_bound": values.near_twice,
            },
        )
    ]


def _fills(values: ValueCounts, low: float, high: float) -> bool:
    """Return whether the values stay within the bounds and come close to both."""
    if values.minimum is None or values.maximum is None:
        return False
    within = values.minimum >= low * (1 - ROUNDING) and values.maximum <= high * (1 + ROUNDING)
    return within and values.minimum <= low * (1 + REACH) and values.maximum >= high * (1 - REACH)
