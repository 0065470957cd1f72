"""One channel goes through a softmax or argmax, which need one channel for each class.

Softmax over one channel is 1 everywhere and argmax over one channel is 0 everywhere, whatever the
model predicts. Background counts as a class, so a binary model needs either two channels and a
softmax, or one channel, a sigmoid and a threshold.

    Conv2D(1, 1, activation="softmax")                   # 1.0 in every pixel
    Conv2D(1, 1, activation="sigmoid")                   # to be thresholded at 0.5
    OneHotMeanIoU(num_classes=2)                         # argmax: class 0 in every pixel
    BinaryIoU(target_class_ids=[0, 1], threshold=0.5)    # reads one channel of scores
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.one_channel import has_too_few_channels, suggest_channels
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_threshold
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.user.compatibility import ONE_SCORE
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU206",
    name="single-channel-softmax",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="a single channel went through a softmax or argmax, which need one for each class",
    explains=Symptom.METRIC | Symptom.BASELINE | Symptom.ENCODING,
    also_explains=("collapsed-predictions", "labels-as-channels", "never-predicted-class"),
)

ARGMAX = (LabelDecoding.ARGMAX_LAST, LabelDecoding.ARGMAX)


def find(evidence: Evidence) -> Result:
    """Look for scores that are all 1, and for a metric that takes the argmax of one channel."""
    if evidence.interpretation.layout.y_pred.is_dense:
        return []
    if _are_all_ones(evidence):
        return [_report_constant(evidence)]
    thresholded = evidence.interpretation.y_pred.is_thresholded
    if thresholded and evidence.metric.y_pred in ARGMAX and not _reads_scores(evidence):
        return [_report_argmax(evidence)]
    return []


def _reads_scores(evidence: Evidence) -> bool:
    """Return whether the metric compares each score with a threshold, in however many channels."""
    contract = evidence.metric.contract
    return contract is not None and contract.choices.floats in ONE_SCORE


def _are_all_ones(evidence: Evidence) -> bool:
    """Return whether all scores are 1.0 although the masks hold both of two classes."""
    values = evidence.stats.y_pred
    floating = evidence.pair.y_pred.dtype.kind == "f"
    if not floating or values.non_finite or not values.minimum == values.maximum == 1:
        return False
    present = [entry for entry in evidence.repaired.per_class if entry.truth_pixels]
    return evidence.interpretation.num_classes == 2 and len(present) == 2


def _report_constant(evidence: Evidence) -> Finding:
    values = evidence.stats.y_pred
    return Finding(
        RULE,
        message=f"all {values.values:,} scores of the single channel are exactly 1, as a softmax"
        " over one channel leaves them",
        help="use a sigmoid, Conv2D(1, 1, activation='sigmoid'), and a threshold of 0.5; if these"
        " predictions were thresholded already, the threshold was below every score",
        facts={"value": values.minimum, "values": values.values},
    )


def _report_argmax(evidence: Evidence) -> Finding:
    interpretation = evidence.interpretation
    shape = interpretation.layout.y_pred.shape
    what = "every pixel becomes class 0" if shape[-1] == 1 else "that axis is not a class axis"
    takes = evidence.metric.takes
    axis = "their last axis" if takes is None or takes.axis == -1 else f"axis {takes.axis}"
    if takes is not None and takes.axis == 1:
        what = "every pixel becomes the same class"
    is_too_few = has_too_few_channels(evidence)
    threshold = f"{suggest_threshold(evidence)}, or a model with one channel for each class"
    return Finding(
        RULE,
        message=f"{evidence.metric.short_name} takes the argmax of the predictions over {axis}, but"
        f" predictions of shape {shape} have one score for each pixel: {what}",
        help=suggest_channels(evidence) if is_too_few else threshold,
        facts={"predictions": list(shape), "threshold": interpretation.threshold},
        repair=None
        if is_too_few
        else Repair(
            name=f"threshold the predictions at {interpretation.threshold:g}",
            safe=True,
            steps=(Threshold(Side.PREDICTIONS, interpretation.threshold),),
        ),
    )
