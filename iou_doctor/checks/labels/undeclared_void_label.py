"""The masks hold a void label that the metric was not told about.

255 (PASCAL VOC, Cityscapes), -1, or the id just behind the last class (CamVid's 11) marks pixels
of no class. Keras 3.15 happens to drop ids outside the classes; other tools raise, count them as
false positives or book them under a wrong class, so the same arrays give different numbers.

    iou-doctor check predictions.npy masks.npy --ignore-index 255
    keras.metrics.MeanIoU(num_classes=21, ignore_class=255)

Name the label, so that every tool leaves out the same pixels.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import count_undeclared_void
from iou_doctor.checks.wording import describe_labels, format_percent, join_words
from iou_doctor.metrics.metric import Metric
from iou_doctor.repairs.repair import Repair
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU406",
    name="undeclared-void-label",
    severity=Severity.WARNING,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold a void label that the metric was not told about",
    explains=frozenset(
        {
            "dropped-pixels",
            "label-out-of-range",
            "suspicious-perfect-score",
            "metric-misreads-arrays",
        }
    ),
)


def find(evidence: Evidence) -> Result:
    """Look for labels that mean void while no ignore label was given."""
    void = count_undeclared_void(evidence)
    if not void or _is_no_id(evidence):
        return []
    label = next(iter(void))
    total = evidence.repaired.pixels.total
    return [
        Finding(
            RULE,
            message=f"masks hold {describe_labels(void)}"
            f" ({format_percent(sum(void.values()), total)}), which"
            " usually means void, and no ignore label is given",
            help=f"--ignore-index {label}, and {_told(evidence.metric, label)}"
            + (f" (after mapping {join_words(void)} to one label)" if len(void) > 1 else ""),
            facts={"labels": {str(key): count for key, count in void.items()}},
            repair=Repair(name=f"ignore label {label}", safe=True, ignore_index=label),
            severity=Severity.ERROR if _refused(evidence) else None,
        )
    ]


def _told(metric: Metric, label: int) -> str:
    """Return how the metric learns of the label."""
    if metric.contract is None:
        return f"ignore_class={label} in the metric"
    if metric.ignores:
        return f"ignore_index={label} in the metric"
    return f"leave those pixels out yourself: {metric.short_name} has no option for them"


def _is_no_id(evidence: Evidence) -> bool:
    """Return whether the mask values are no ids at all, and another rule says what they are."""
    if evidence.has_found("interpolated-masks") and evidence.interpretation.num_classes == 2:
        return True
    return evidence.has_found("jpeg-masks", "palette-read-as-grey", "stretched-labels")


def _refused(evidence: Evidence) -> bool:
    """Return whether the metric raises because of such a label, so that there is no number."""
    error = evidence.metric_score.error or ""
    return "`labels`" in error or (bool(error) and evidence.metric.takes is not None)
