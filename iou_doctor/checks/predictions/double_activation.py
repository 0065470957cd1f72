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
from iou_doctor.counts.value_counts import ValueCounts, compute_double_activation_bound
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU205",
    name="double-activation",
    severity=Severity.WARNING,
    suspicion=Suspicion.ENCODING,
    claim="the scores went through the activation twice",
    also_explains=("class-imbalance", "never-predicted-class", "threshold-off"),
    needs=Needs.TRAINED_NETWORK,  # the even scores of an untrained network look like it
)

BOUND_ROUNDING = 1e-3
"""Relative distance by which scores may lie outside the bounds: float16 rounds by up to 0.0005."""
BOUND_REACH = 0.02
"""Relative distance to a bound within which it counts as reached. The scores of a model that is
sure of some pixels come this close."""
LEAST_NEAR_SOFTMAX = 0.25
"""Share of pixels that must lie near the upper bound. A smoothed or half-trained model can end at
the bound by chance, but not with a quarter of its pixels."""
LEAST_NEAR_SIGMOID = 0.01
"""The same share for one channel. It is smaller because objects may cover few pixels, and because
scores that are never below 0.5 are strong evidence already.
"""


def find(evidence: Evidence) -> Result:
    """Look for scores that fill the range to which a second activation confines them."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    classes = interpretation.layout.y_pred.channels
    if interpretation.y_pred is Encoding.SIGMOID:
        low, high, near, name = (
            0.5,
            compute_double_activation_bound(2),
            LEAST_NEAR_SIGMOID,
            "sigmoid",
        )
    elif interpretation.y_pred is Encoding.PROBABILITIES and not values.sum_off:
        high = compute_double_activation_bound(classes)
        low, near, name = (1 - high) / (classes - 1), LEAST_NEAR_SOFTMAX, "softmax"
    else:
        return []
    if not _is_range_filled(values, low, high) or values.near_twice < near * values.pixels:
        return []
    return [
        Finding(
            RULE,
            message=f"scores run from {values.minimum:.4g} to {values.maximum:.4g}, the whole range"
            f" of {name} for values in [0, 1] ({low:.4g} to {high:.4g});"
            f" {format_percent(values.near_twice, values.pixels)} of the pixels lie at its upper"
            " end",
            help=f"apply {name} only once, in the model or in the code after it",
            facts={
                "minimum": values.minimum,
                "maximum": values.maximum,
                "bounds": [low, high],
                "pixels": values.pixels,
                "near_upper_bound": values.near_twice,
            },
        )
    ]


def _is_range_filled(values: ValueCounts, low: float, high: float) -> bool:
    """Return whether the values stay within the bounds and come close to both."""
    if values.minimum is None or values.maximum is None:
        return False
    within = values.minimum >= low * (1 - BOUND_ROUNDING) and values.maximum <= high * (
        1 + BOUND_ROUNDING
    )
    return (
        within
        and values.minimum <= low * (1 + BOUND_REACH)
        and values.maximum >= high * (1 - BOUND_REACH)
    )
