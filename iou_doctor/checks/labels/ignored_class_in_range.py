"""The ignore label is one of the classes.

Pixels whose mask is the ignored class are left out, but Keras keeps the class in the mean: if it is
predicted on any other pixel, it has a union and counts as IoU 0. The false positives on the ignored
pixels are left out too. If background is ignored, an object class that is predicted far too large
loses nothing, and with only two classes the IoU of the object equals its recall.

    4 classes, --ignore-index 0:  the mean of three IoUs and a 0

To leave a class out of the mean only, declare no ignore label and name the classes to average. If
the label means void (0 in ADE20K), ignoring it is right, but then no channel should stand for it.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_class_average
from iou_doctor.checks.wording import format_count, format_percent
from iou_doctor.metrics.score import compute_score
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU411",
    name="ignored-class-in-range",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the ignore label is one of the classes",
    explains=Symptom.PERFECT_SCORE,
    also_explains=("class-imbalance", "metric-misreads-arrays", "unlabelled-class-predicted"),
)


def find(evidence: Evidence) -> Result:
    """Look for an ignore label that is also a class of the predictions."""
    interpretation = evidence.interpretation
    ignored = interpretation.ignore_index
    if ignored is None or ignored not in interpretation.classes:
        return []
    predicted = evidence.pairs.count_predictions().get(ignored, 0)
    if not predicted:
        return []  # the label only ever means void, so leaving it out changes nothing
    classes = [k for k in interpretation.classes if k != ignored]
    whole = compute_score(
        pairs=evidence.pairs, num_classes=interpretation.num_classes, ignore_index=None
    )
    return [
        Finding(
            RULE,
            message=_write_message(evidence, ignored, whole.average_over(tuple(classes))),
            help="to leave the class out of the mean but count its pixels, declare no ignore label:"
            f" {suggest_class_average(evidence, classes)}",
            facts={
                "label": ignored,
                "pixels": evidence.repaired.pixels.ignored,
                "predicted_pixels": predicted,
                "metric": evidence.metric_score.value,
                "mean_iou": evidence.repaired.mean_iou,
                "mean_iou_with_its_pixels": whole.average_over(tuple(classes)),
                "recall": evidence.repaired.mean_iou if interpretation.num_classes == 2 else None,
            },
        )
    ]


def _write_message(evidence: Evidence, ignored: int, whole: float | None) -> str:
    """Return the message.

    Args:
        evidence: the facts.
        ignored: the class that is the ignore label.
        whole: the mean IoU of the other classes over all pixels.
    """
    interpretation, ours = evidence.interpretation, evidence.repaired
    pixels = format_count(ours.pixels.ignored, "pixel")
    share = format_percent(ours.pixels.ignored, ours.pixels.total)
    text = f"class {interpretation.class_names[ignored]} is ignored, which leaves out {pixels}"
    text += f" ({share}) and every false positive on them"
    if interpretation.num_classes == 2 and ours.mean_iou is not None:
        text += f", so the IoU of class {interpretation.class_names[1 - ignored]} is its recall"
    if ours.mean_iou is None or whole is None:
        return text
    text += f"; the mean IoU without the class is {ours.mean_iou:.4f}, and {whole:.4f} if those"
    text += " pixels are counted"
    value = evidence.metric_score.value
    misses = ours.per_class[ignored].predicted_pixels
    if value is None or not misses:
        return text
    return f"{text}; the metric reads {value:.4f} because it keeps the class in the mean"
