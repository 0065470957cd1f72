"""Some pixels of the one-hot masks have no class or several classes.

A one-hot pixel has a single 1. Pixels without any are left over from void labels, padding or a
resize: a metric that takes the argmax silently counts them as class 0. If a pixel has several
classes, the argmax takes the first. iou-doctor treats pixels without a class as out of range, so
its score differs from the metric's.

    1 0 0    # class 0
    0 0 0    # no class
    1 1 0    # two classes

If these pixels are void on purpose, keep integer masks with an ignore label, or give void a
channel of its own and ignore it: `ignore_class=3` with four channels.
"""

from dataclasses import replace

from iou_doctor.arrays.interpretation import LEAST_OVERLAP, Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import have_masks_overlap, suggest_multilabel
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU312",
    name="invalid-one-hot",
    severity=Severity.WARNING,
    suspicion=Suspicion.ENCODING,
    claim="some pixels of the one-hot masks have no class or several classes",
)


MOST_INDEPENDENT = 0.25
"""Pixels whose predicted channels do not sum to 1, as a share of those that have several channels
in the masks, up to which the predicted channels exclude each other."""


def find(evidence: Evidence) -> Result:
    """Count the pixels that do not have exactly one channel at 1."""
    if evidence.interpretation.y_true is not Encoding.ONE_HOT:
        return []
    if evidence.interpretation.is_multilabel:
        return _examine_channels(evidence)
    values = evidence.stats.y_true
    none, several = values.all_zero, values.pixels - values.one_hot - values.all_zero
    if not none and not several:
        return []
    channels = evidence.interpretation.layout.y_true.channels
    return [
        Finding(
            RULE,
            message=_write_message(evidence, none, several),
            help=suggest_multilabel(evidence)
            if have_masks_overlap(evidence)
            else "give void pixels a channel of their own and ignore it with"
            f" ignore_class={channels}, or keep integer masks with an ignore label"
            if none
            else "build the one-hot masks from integer labels; if classes may overlap, score each"
            " channel with keras.metrics.BinaryIoU",
            facts={"pixels": values.pixels, "no_class": none, "several_classes": several},
        )
    ]


def _examine_channels(evidence: Evidence) -> list[Finding]:
    """Look for an argmax or a softmax that cannot predict channels that overlap."""
    values, predictions = evidence.stats.y_true, evidence.stats.y_pred
    if values.outside_unit:
        return []  # only channels of 0 and 1 have been counted
    several = values.pixels - values.one_hot - values.all_zero
    facts = {"pixels": values.pixels, "no_class": values.all_zero, "several_classes": several}
    reading = _describe_reading(evidence)
    if reading is not None:
        message = _write_message(evidence, values.all_zero, several) + reading[0]
        finding = Finding(RULE, message, suggest_multilabel(evidence), facts)
        return [replace(finding, severity_override=reading[1])]
    are_exclusive = MOST_INDEPENDENT * several >= predictions.sum_off
    if several < LEAST_OVERLAP * values.pixels or not are_exclusive:
        return []
    share = format_percent(values.pixels - predictions.sum_off, predictions.pixels)
    return [
        Finding(
            RULE,
            message=f"{format_count(several, 'pixel')} ({format_percent(several, values.pixels)})"
            " of the masks have several channels, but the predicted channels sum to 1 in"
            f" {share} of the pixels, as after a softmax or an argmax, so that they exclude each"
            " other",
            help="end the model with a sigmoid for each channel instead of a softmax, and threshold"
            " each channel instead of an argmax",
            facts=facts,
        )
    ]


def _describe_reading(evidence: Evidence) -> tuple[str, Severity] | None:
    """Return how a metric misreads channels that overlap, and how bad that is; `None` if not.

    A metric that reads values of 0 and 1 as two classes counts the background of all channels too.
    """
    metric, takes = evidence.metric, evidence.metric.takes
    if takes is not None:
        text = f"; {metric.short_name} expects class ids"
        return (text, Severity.ERROR) if takes.masks is PixelContent.IDS else None
    if metric.contract is not None:
        return None
    if not metric.reads_mask_labels:
        return "", Severity.ERROR
    if evidence.interpretation.y_pred is not Encoding.ONE_HOT:
        return None  # unthresholded-sigmoid reports it
    return f"; {metric.short_name} reads each 0 and 1 as a class id", Severity.NOTE


def _write_message(evidence: Evidence, none: int, several: int) -> str:
    pixels, metric = evidence.stats.y_true.pixels, evidence.metric
    parts = [
        f"{format_count(number, 'pixel')} ({format_percent(number, pixels)}) {what}"
        for number, what in ((none, "without a class"), (several, "with several classes"))
        if number
    ]
    message = f"one-hot masks have {join_words(parts)}"
    if none and metric.y_true is LabelDecoding.ARGMAX_LAST:
        message += f"; {metric.short_name} counts pixels without a class as class 0"
    return message
