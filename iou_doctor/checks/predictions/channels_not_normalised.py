"""The channels look like probabilities but do not sum to 1.

After a softmax the channels of a pixel sum to 1. Other sums of values in [0, 1] mean that each
channel went through its own sigmoid, as in multi-label models, or that the scores were rescaled,
clipped or masked. The argmax may still be right, but it compares scores that are not comparable,
and a threshold of 0.5 finds several classes in some pixels and none in others.

    tf.sigmoid(logits)       # 0.9 0.8 0.1: two classes at once
    tf.nn.softmax(logits)    # 0.686 0.305 0.008

Use a softmax for classes that exclude each other. If classes may overlap, mean IoU over argmax
labels is the wrong metric: score each channel with `BinaryIoU`.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.background_channel import advise_on_background, lacks_background_channel
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import have_masks_overlap, suggest_multilabel
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.value_counts import SUM_TOLERANCE
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU209",
    name="channels-not-normalised",
    severity=Severity.WARNING,
    suspicion=Suspicion.ENCODING,
    claim="the channels lie in [0, 1] but do not sum to 1",
    after=("softmax-over-wrong-axis", "reshaped-not-transposed"),
    needs=Needs.WHOLE_DATA_SET,  # the first logits of a network may lie in [0, 1], too
)

LARGEST_SHARE_OFF = 0.05
"""Share of pixels whose sums may differ from 1: resizing, masking and padding change a few."""
BYTE_STEP = 1 / 255
"""Step of scores saved in 8 bits, which rounds each channel by up to half a step."""


def find(evidence: Evidence) -> Result:
    """Count the pixels whose channels do not sum to 1."""
    interpretation, values = evidence.interpretation, evidence.stats.y_pred
    if interpretation.y_pred is not Encoding.PROBABILITIES:
        return []
    if evidence.has_found("softmax-over-wrong-axis", "reshaped-not-transposed"):
        return []
    low, high = values.minimum_sum, values.maximum_sum
    off = values.sum_off - values.all_zero - values.non_finite
    if low is None or high is None or off <= LARGEST_SHARE_OFF * values.pixels:
        return []
    rounding = max(SUM_TOLERANCE, interpretation.layout.y_pred.channels * BYTE_STEP / 2)
    if low >= 1 - rounding and high <= 1 + rounding:
        return []
    return [
        Finding(
            RULE,
            message=f"channels lie in [0, 1], but in {format_percent(off, values.pixels)} of the"
            f" pixels they do not sum to 1: sums run from {low:.4g} to {high:.4g}",
            help=_write_help(evidence),
            facts={
                "pixels": values.pixels,
                "pixels_off": off,
                "channel_sum_minimum": low,
                "channel_sum_maximum": high,
            },
        )
    ]


def _write_help(evidence: Evidence) -> str:
    if have_masks_overlap(evidence):
        return suggest_multilabel(evidence)
    if lacks_background_channel(evidence):
        return advise_on_background(evidence)
    return (
        "use one softmax over the classes instead of a sigmoid for each; if classes may"
        " overlap, score each channel with keras.metrics.BinaryIoU"
    )
