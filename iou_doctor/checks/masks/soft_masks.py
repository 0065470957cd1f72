"""Label-smoothed or blurred masks go to a metric that reads class ids.

Label smoothing belongs in the loss: it turns the one-hot values 1 and 0 into 0.93 and 0.03. A
metric that reads class ids truncates both to 0. If the predictions are probabilities, which are
truncated too, background agrees with background everywhere and the score is a perfect 1.0.

    masks[0, 0, 0]                                                        # 0.03 0.93 0.03
    metric = keras.metrics.MeanIoU(num_classes=3)                         # reads 0 0 0
    metric = keras.metrics.MeanIoU(num_classes=3, sparse_y_true=False)    # takes the argmax first

Score against the masks from before smoothing, or take their argmax. Masks of one channel that were
blurred or averaged are cut at 0.5.
"""

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_call
from iou_doctor.checks.wording import describe_first, format_percent
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.repairs.argmax import Argmax
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU310",
    name="soft-masks",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the masks are smoothed or blurred, and the metric casts them to integers",
    explains=Symptom.METRIC | Symptom.PERFECT_SCORE,
    also_explains=("missing-one-hot",),
    after=("masks-divided-by-255",),
)

STEP_ROUNDING = 2e-3
"""Largest difference between equal smoothed values of two pixels. float16 rounds by up to 0.0005;
bfloat16 rounds by more and is not recognised."""
LEAST_FRACTIONAL, LEAST_OFF_GRID = 0.5, 0.1
"""Minimum share of fractions in blurred masks, and of those that are not multiples of 1/255."""
SMOOTHED, BLURRED = "label smoothing", "blurred or averaged labels"
FEWEST_LEVELS = 8
"""Minimum number of values of such masks. Fewer are stored in some other way."""
ANNOTATORS = (3, 5, 7)
"""Numbers of masks whose mean no resize makes: that by a factor of 3 has multiples of 1/9."""
BINARY_LABELS = frozenset({0, 1, 255})
"""Labels of predictions beside masks of two classes."""
LEAST_STEP = 0.1
"""Minimum difference between the two smoothed values. With less, no label is left to recover."""


def find(evidence: Evidence) -> Result:
    """Look for masks of two smoothed values that go to a metric that reads class ids."""
    if not evidence.metric.reads_mask_labels:
        return []
    values, channels = evidence.stats.y_true, evidence.interpretation.layout.y_true.channels
    if evidence.interpretation.y_true is Encoding.PROBABILITIES:
        if _is_smoothed(values, channels):
            return [_report_channels(evidence)]
        are_blurred = values.fractional >= LEAST_FRACTIONAL * values.values
        return [_report_blurred(evidence)] if are_blurred and _were_drawn(evidence) else []
    return (
        _find_smoothed_channel(evidence)
        or _find_blurred_channel(evidence)
        or _find_averaged_channel(evidence)
    )


def _were_drawn(evidence: Evidence) -> bool:
    from iou_doctor.checks.drawn_masks import were_drawn  # only for masks of fractions

    return were_drawn(evidence)


def _report_blurred(evidence: Evidence) -> Finding:
    values = evidence.stats.y_true
    message = (
        f"{format_percent(values.fractional, values.values)} of the mask values are fractions, and"
        f" {format_percent(values.one_hot, values.pixels)} of the pixels are one-hot"
    )
    return _report_argmax(evidence, message, BLURRED)


def _report_channels(evidence: Evidence) -> Finding:
    values, axes = evidence.stats.y_true, evidence.interpretation.layout.y_true
    message = (
        f"each pixel of the masks has one channel at {values.maximum:.4g} and"
        f" {axes.channels - 1} at {values.minimum:.4g}"
    )
    return _report_argmax(evidence, message, SMOOTHED)


def _report_argmax(evidence: Evidence, message: str, what: str) -> Finding:
    axes = evidence.interpretation.layout.y_true
    help_text = suggest_call(evidence)
    if not evidence.metric.takes and not evidence.interpretation.layout.y_pred.is_per_class:
        help_text += f", or masks = masks.argmax({axes.channel})"
    return _build_finding(
        evidence,
        message,
        what=what,
        help_text=help_text,
        repair=Repair(name="argmax the masks", safe=True, steps=(Argmax(Side.MASKS),)),
    )


def _find_smoothed_channel(evidence: Evidence) -> list[Finding]:
    """Return the finding if all mask values are one of two fractions that sum to 1."""
    values, scaled = evidence.stats.y_true, evidence.times_255
    low, high = values.minimum, values.maximum
    if scaled is None or low is None or high is None or values.fractional != values.values:
        return []
    opposite = low > 0 and abs(low + high - 1) <= STEP_ROUNDING and high - low > LEAST_STEP
    if (
        not opposite
        or len(scaled.count_truths()) != 2
        or evidence.has_found("masks-divided-by-255")
    ):
        return []
    message = f"each pixel of the masks is {low:.4g} or {high:.4g}"
    return [_report_channel(evidence, message, scaled)]


def _find_blurred_channel(evidence: Evidence) -> list[Finding]:
    """Return the finding if most pixels of masks of two classes are fractions, and others 0."""
    values, scaled = evidence.stats.y_true, evidence.times_255
    if scaled is None or evidence.interpretation.y_true is not Encoding.LABELS:
        return []
    off_grid = values.off_255_grid >= LEAST_OFF_GRID * values.values
    if values.fractional < LEAST_FRACTIONAL * values.values or not off_grid:
        return []  # those of edges alone are for interpolated-masks
    if len(scaled.count_truths()) < FEWEST_LEVELS or not _were_drawn(evidence):
        return []
    if not set(evidence.pairs.count_predictions()) <= BINARY_LABELS:
        return []
    share = format_percent(values.fractional, values.values)
    message = f"{share} of the mask values are fractions, and others exactly 0"
    return [_report_channel(evidence, message, scaled, what=BLURRED)]


def _find_averaged_channel(evidence: Evidence) -> list[Finding]:
    """Return the finding if masks of two classes hold nothing but parts of an odd number."""
    scaled = evidence.times_255
    if scaled is None or evidence.interpretation.y_true is not Encoding.LABELS:
        return []
    codes = [*scaled.count_truths()]
    parts = len(codes) - 1
    steps = np.rint(np.linspace(0, 255, parts + 1))
    if parts not in ANNOTATORS or np.abs(steps - codes).max() > 1:
        return []
    if not set(evidence.pairs.count_predictions()) <= BINARY_LABELS:
        return []  # ids that were divided by the largest one
    message = f"the mask values are 0, 1 and multiples of 1/{parts}, as the mean of {parts} masks"
    return [_report_channel(evidence, message, scaled, what="averaged labels")]


def _report_channel(
    evidence: Evidence, message: str, scaled: PairCounts, what: str = SMOOTHED
) -> Finding:
    thresholded = scaled.relabel(truth=lambda labels: np.where(labels > 127, 1, 0))
    return _build_finding(
        evidence,
        message,
        what=what,
        help_text='masks = (masks > 0.5).astype("uint8")',
        repair=Repair(
            name="threshold the masks at 0.5",
            safe=True,
            steps=(Threshold(Side.MASKS, 0.5),),
            relabel=lambda _: thresholded,
        ),
    )


def _build_finding(
    evidence: Evidence,
    message: str,
    *,
    help_text: str,
    repair: Repair,
    what: str = SMOOTHED,
) -> Finding:
    values, axes = evidence.stats.y_true, evidence.interpretation.layout.y_true
    return Finding(
        RULE,
        message=f"{message}: {what}; {_describe_reading(evidence)}",
        help=help_text,
        facts={
            "channels": axes.channels,
            "class_axis": axes.channel,
            "high": values.maximum,
            "low": values.minimum,
        },
        evidence=describe_first(values.first, evidence),
        repair=repair,
    )


def _describe_reading(evidence: Evidence) -> str:
    """Return how the metric reads the masks."""
    name = evidence.metric.short_name
    if evidence.metric.takes:
        return f"{name} expects class ids"
    ones = "all of them" if evidence.stats.y_true.maximum != 1 else "all fractions"
    return f"{name} reads {ones} as 0"


def _is_smoothed(values: ValueCounts, channels: int) -> bool:
    """Return whether the extremes allow only two different values in each pixel.

    They do if the largest channel is the same in all pixels, the channels sum to 1, and the
    smallest value of all is an equal share of what the largest channel leaves for the others.
    """
    low, high, top = values.minimum, values.maximum, values.minimum_top
    if low is None or high is None or top is None or values.sum_off or values.non_finite:
        return False
    left = (1 - high) / (channels - 1)
    near = high - top <= STEP_ROUNDING and abs(low - left) <= STEP_ROUNDING
    return low > 0 and near and high - low > LEAST_STEP
