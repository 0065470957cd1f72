"""The masks hold a void label that is not declared as the ignore label.

255 (PASCAL VOC, Cityscapes), -1, or the id just after the last class (11 in CamVid) marks pixels
that belong to no class. Keras 3.15 happens to drop ids outside the classes. Other tools raise,
count them as false positives or count them under a wrong class, so the same arrays give different
numbers.

    iou-doctor check predictions.npy masks.npy --ignore-index 255
    keras.metrics.MeanIoU(num_classes=21, ignore_class=255)

Declare the label, so that every tool leaves out the same pixels.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import count_undeclared_void
from iou_doctor.checks.wording import describe_labels, format_percent, join_words
from iou_doctor.metrics.metric import Metric
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU406",
    name="undeclared-void-label",
    severity=Severity.WARNING,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold a void label that is not declared as the ignore label",
    symptom=Symptom.LABELS,
    explains=Symptom.METRIC | Symptom.PERFECT_SCORE,
    also_explains=("label-out-of-range",),
    after=(
        "masks-0-255",
        "interpolated-masks",
        "jpeg-masks",
        "palette-read-as-grey",
        "stretched-labels",
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for labels that mean void although no ignore label is declared."""
    void = count_undeclared_void(evidence)
    if not void or _has_no_ids(evidence):
        return []
    label = next(iter(void))
    share = format_percent(sum(void.values()), evidence.repaired.pixels.total)
    verb = "means" if len(void) == 1 else "mean"
    merge = f" (after mapping {join_words(void)} to one label)" if len(void) > 1 else ""
    return [
        Finding(
            RULE,
            message=f"masks hold {describe_labels(void)} ({share}), which usually {verb} void,"
            " but no ignore label is declared",
            help=f"--ignore-index {label}, and {_adapt_metric(evidence.metric, label)}{merge}",
            facts={"labels": {str(key): count for key, count in void.items()}},
            repair=Repair(name=f"ignore label {label}", safe=True, ignore_index=label),
            severity_override=Severity.ERROR if _is_refused_by_metric(evidence) else None,
        )
    ]


def _adapt_metric(metric: Metric, label: int) -> str:
    """Return how to make the user's metric ignore the label."""
    if metric.contract is None:
        return f"ignore_class={label} in the metric"
    if metric.ignores:
        return f"ignore_index={label} in the metric"
    return f"remove those pixels before the metric, since {metric.short_name} cannot ignore a label"


def _has_no_ids(evidence: Evidence) -> bool:
    """Return whether another rule says that the mask values are not class ids at all."""
    if evidence.has_found("interpolated-masks") and evidence.interpretation.num_classes == 2:
        return True
    return evidence.has_found("jpeg-masks", "palette-read-as-grey", "stretched-labels")


def _is_refused_by_metric(evidence: Evidence) -> bool:
    """Return whether the metric raises because of such a label, so that there is no number."""
    error = evidence.metric_score.error or ""
    return "`labels`" in error or (bool(error) and evidence.metric.takes is not None)
