"""The masks hold a void label that the metric was not told about.

255 (PASCAL VOC, Cityscapes), -1, or the id just behind the last class (CamVid's 11) marks pixels
of no class. Keras 3.15 happens to drop ids outside the classes; other tools raise, count them as
false positives or book them under a wrong class, so the same arrays give different numbers.

    iou-doctor check predictions.npy masks.npy --ignore-index 255
    keras.metrics.MeanIoU(num_classes=21, ignore_class=255)

Name the label, so that every tool leaves out the same pixels.
"""

from iou_doctor.checks import Result
from iou_doctor.checks._strays import void_labels
from iou_doctor.checks._words import labels_in, listed, percent
from iou_doctor.evidence import Evidence
from iou_doctor.finding import Finding, Rule, Severity, Suspicion
from iou_doctor.repair import Repair

RULE = Rule(
    code="IOU406",
    name="undeclared-void-label",
    severity=Severity.WARNING,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the masks hold a void label that the metric was not told about",
    explains=frozenset({"dropped-pixels", "label-out-of-range"}),
)


def find(evidence: Evidence) -> Result:
    """Look for labels that mean void while no ignore label was given."""
    void = void_labels(evidence)
    if not void:
        return []
    label = next(iter(void))
    total = evidence.mended.pixels.total
    return [
        Finding(
            RULE,
            message=f"masks hold {labels_in(void)} ({percent(sum(void.values()), total)}), which"
            " usually means void, and no ignore label is given",
            help=f"--ignore-index {label}, and ignore_class={label} in the metric"
            + (f" (after mapping {listed(void)} to one label)" if len(void) > 1 else ""),
            facts={"labels": {str(key): count for key, count in void.items()}},
            repair=Repair(name=f"ignore label {label}", safe=True, ignore_index=label),
        )
    ]
