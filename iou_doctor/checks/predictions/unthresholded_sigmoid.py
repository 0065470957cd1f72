"""One channel of sigmoid scores or logits goes to a metric that reads class ids.

`MeanIoU` has no threshold. It casts the predictions to integers, so every score below 1 becomes
background, and the metric reports exactly half the background's share of the pixels. A model that
predicts nothing gets the same score.

    metric = keras.metrics.MeanIoU(num_classes=2)    # sees background only
    metric = keras.metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.5)

`BinaryIoU` counts scores at or above the threshold as foreground. The threshold for logits is 0,
because sigmoid(0) is 0.5.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.channel_values import needs_0_and_1
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.one_channel import has_too_few_channels, suggest_channels
from iou_doctor.checks.predictions._unargmaxed import count_below_one
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_multilabel, suggest_threshold
from iou_doctor.checks.wording import describe_first, describe_score_handling, format_percent
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU203",
    name="unthresholded-sigmoid",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="the predictions are scores that were never thresholded",
    explains=Symptom.METRIC | Symptom.ENCODING,
    also_explains=("one-hot-masks",),
    after=("byte-scores", "relu-before-sigmoid"),
)

HIGHEST_SCORE = 1.001
"""Probabilities exceed 1 by less, which is rounding."""
AXES_OF_CHANNELS = 4
"""The number of axes of images with a sample axis and channels."""


def find(evidence: Evidence) -> Result:
    """Look for one channel of scores that goes to a metric that reads class ids."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.is_multilabel:
        return _find_unthresholded_channels(evidence)
    if not interpretation.y_pred.is_thresholded or not evidence.metric.reads_prediction_labels:
        return []
    if evidence.has_found("byte-scores"):
        return []
    what = "logits" if interpretation.y_pred is Encoding.BINARY_LOGITS else "scores"
    threshold = interpretation.threshold
    is_background = evidence.has_found("relu-before-sigmoid")  # the threshold itself
    is_too_few = has_too_few_channels(evidence)
    return [
        Finding(
            RULE,
            message=f"predictions are one channel of {evidence.pair.y_pred.dtype} {what} from"
            f" {values.minimum:.4g} to {values.maximum:.4g}{_describe_excess(evidence)};"
            f" {_describe_reading(evidence)}",
            help=f"predictions = predictions > {threshold:g}"
            if is_background
            else suggest_channels(evidence)
            if is_too_few
            else suggest_threshold(evidence) + _suggest_channels(evidence),
            facts={
                "minimum": values.minimum,
                "maximum": values.maximum,
                "threshold": threshold,
                "values_below_one": count_below_one(values),
                "values": values.values,
            },
            evidence=describe_first(values.first_fractional, evidence),
            repair=None
            if is_background or is_too_few
            else Repair(
                name=f"threshold the predictions at {threshold:g}",
                safe=True,
                steps=(Threshold(Side.PREDICTIONS, threshold),),
            ),
        )
    ]


def _describe_excess(evidence: Evidence) -> str:
    """Return what scores are that reach beyond 1, but not below 0."""
    high = evidence.stats.y_pred.maximum
    if evidence.interpretation.y_pred is not Encoding.SIGMOID or not high or high <= HIGHEST_SCORE:
        return ""
    return ", of which those above 1 are no probabilities: some were multiplied or added up"


def _suggest_channels(evidence: Evidence) -> str:
    """Return an addition to the help for a short axis, which may hold masks that overlap."""
    interpretation, shape = evidence.interpretation, evidence.interpretation.layout.y_pred.shape
    is_told = interpretation.num_classes_declared or evidence.metric.contract is not None
    if is_told or len(shape) != AXES_OF_CHANNELS or interpretation.layout.y_true.shape != shape:
        return ""
    from iou_doctor.interpret.class_axis import is_channel_axis  # the list of rules needs none
    from iou_doctor.interpret.overlapping_axis import FEWEST_CLASSES

    for axis in (1, 3):
        length = shape[axis] or 0
        if length >= FEWEST_CLASSES and is_channel_axis(shape, axis, None):
            return (
                f"; if axis {axis} holds {length} masks that may overlap, --num-classes {length}"
                " scores each of them"
            )
    return ""


def _find_unthresholded_channels(evidence: Evidence) -> list[Finding]:
    """Look for scores of overlapping channels that go to a metric that needs 0 and 1."""
    values = evidence.stats.y_pred
    if not values.fractional or not needs_0_and_1(evidence.metric):
        return []
    threshold, dtype = evidence.interpretation.threshold, evidence.pair.y_pred.dtype
    channels = evidence.interpretation.layout.y_pred.channels
    return [
        Finding(
            RULE,
            message=f"predictions are {channels} channels of {dtype} scores from"
            f" {values.minimum:.4g} to {values.maximum:.4g}; {_describe_reading(evidence)};"
            " the channels overlap, so each has to be thresholded on its own",
            help=suggest_multilabel(evidence)
            if evidence.metric.contract is None
            else f'predictions = (predictions >= {threshold:g}).astype("{dtype}")',
            facts={
                "minimum": values.minimum,
                "maximum": values.maximum,
                "threshold": threshold,
                "values_below_one": count_below_one(values),
                "values": values.values,
            },
            evidence=describe_first(values.first_fractional, evidence),
            repair=Repair(
                name=f"threshold each channel at {threshold:g}",
                safe=True,
                steps=(Threshold(Side.PREDICTIONS, threshold),),
            ),
        )
    ]


def _describe_reading(evidence: Evidence) -> str:
    """Return how the metric reads the scores."""
    if evidence.metric.takes is not None:
        return describe_score_handling(evidence)
    values = evidence.stats.y_pred
    lost = format_percent(count_below_one(values), values.values)
    return f"the cast to integer turns {lost} of them into background or no class"
