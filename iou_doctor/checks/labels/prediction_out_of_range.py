"""Predictions hold labels outside 0..num_classes-1.

Keras 3.15 drops a pixel whose prediction is not a class, so it does not even count as a miss. A
model with one output too many is then scored only on the pixels that it got right, and may reach
1.0. iou-doctor counts such a pixel as a miss of its true class.

    predictions with labels 0..3, MeanIoU(num_classes=3)

Raise `num_classes`, or map the predicted ids to classes. Ids that are predicted only where the mask
is void do no harm and are not reported.
"""

from iou_doctor.arrays.byte_scores import FEWEST_LEVELS
from iou_doctor.arrays.interpretation import MOST_CLASSES
from iou_doctor.checks.channel_values import needs_0_and_1
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.jpeg_files import are_jpeg_files
from iou_doctor.checks.registry import Result
from iou_doctor.checks.suggested_code import suggest_multilabel
from iou_doctor.checks.unknown_labels import count_unknown_predictions, describe_truth
from iou_doctor.checks.wording import describe_labels, describe_stray_handling, format_percent
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.repairs.repair import Repair, build_relabelling
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU402",
    name="prediction-out-of-range",
    severity=Severity.ERROR,
    suspicion=Suspicion.LABEL_RANGE,
    claim="the predictions hold labels outside 0..num_classes-1",
    symptom=Symptom.LABELS,
    explains=Symptom.METRIC | Symptom.BASELINE,
    after=("faulty-samples", "masks-0-255", "recoded-class-ids", "byte-scores"),
)

FEWEST_COARSE_LEVELS = 6
"""Minimum number of further values beside two classes that may be coarse scores."""


def find(evidence: Evidence) -> Result:
    """List the predicted labels that are no class, at pixels whose mask is a class."""
    interpretation = evidence.interpretation
    if interpretation.is_multilabel:
        return _find_in_channels(evidence)
    if (
        interpretation.y_pred.is_dense
        and interpretation.layout.y_pred.channels > interpretation.num_classes
    ):
        return []  # channel-count-mismatch reports it
    strays = count_unknown_predictions(evidence)
    if not strays or evidence.has_found("recoded-class-ids", "byte-scores"):
        return []
    share = format_percent(sum(strays.values()), evidence.repaired.pixels.total)
    help_text, repair = _suggest_repair(evidence, strays)
    return [
        Finding(
            RULE,
            message=f"predictions hold {describe_labels(strays)} ({share} of all), outside"
            f" 0..{interpretation.num_classes - 1}; {describe_stray_handling(evidence)}",
            evidence=describe_truth(evidence, list(strays)),
            help=help_text,
            facts={
                "labels": {str(label): count for label, count in strays.items()},
                "num_classes": interpretation.num_classes,
            },
            repair=repair,
        )
    ]


def _find_in_channels(evidence: Evidence) -> list[Finding]:
    """Look for overlapping channels up to 255 beside masks of 0 and 1."""
    values, is_integer = evidence.stats.y_pred, evidence.pair.y_pred.dtype.kind in "iu"
    if not values.are_bytes or evidence.has_found("masks-0-255"):
        return []
    if not is_integer and not needs_0_and_1(evidence.metric):
        return []  # a sigmoid of 255 is 1
    help_text = 'predictions = (predictions > 127).astype("uint8")'
    if evidence.metric.contract is None:
        help_text += f"; {suggest_multilabel(evidence)}"
    return [
        Finding(
            RULE,
            message="the channels of the predictions hold whole numbers up to"
            f" {values.maximum:g}, but the metric counts 1 as part of a channel",
            help=help_text,
            facts={"pixels": values.pixels},
            repair=Repair(
                "predictions > 127", safe=True, steps=(Threshold(Side.PREDICTIONS, 127.5),)
            ),
        )
    ]


def _suggest_repair(evidence: Evidence, strays: dict[int, int]) -> tuple[str, Repair | None]:
    """Return the help, and the repair if the predictions are binary maps of 0 and 255."""
    predicted = set(evidence.pairs.count_predictions())
    is_binary = (
        evidence.interpretation.num_classes == 2 and min(predicted) >= 0 and max(predicted) <= 255
    )
    if is_binary and predicted <= {0, 255}:
        table = {label: int(label > 127) for label in predicted}
        repair = build_relabelling(
            "predictions > 127", side=Side.PREDICTIONS, table=table, safe=True
        )
        return 'predictions = (predictions > 127).astype("uint8")', repair
    if are_jpeg_files(evidence.pair.y_pred):
        return "save the predicted ids as PNG: JPEG changes them near every edge", None
    if set(strays) == {255}:
        return "map 255 to a class: predictions have no void label", None
    if len(strays) >= FEWEST_LEVELS and evidence.stats.y_pred.are_bytes:
        return "threshold these values if they are scores, or map them to classes", None
    if min(strays) < 0 or max(strays) >= MOST_CLASSES:
        return "map these ids to classes", None
    use = f"num_classes={max(strays) + 1}, or map these ids to classes"
    if evidence.interpretation.num_classes == TWO_CLASSES and len(strays) >= FEWEST_COARSE_LEVELS:
        use = f"threshold these values if they are scores; otherwise {use}"
    return use, None
