"""Logits of one channel go to a metric that thresholds them like probabilities.

A model that is trained with `from_logits=True` has no final sigmoid, and its scores are unbounded.
Their threshold is 0, because sigmoid(0) is 0.5. `BinaryIoU` uses 0.5 by default, which is a
probability of 0.62, and misses every pixel between the two.

    BinaryIoU(target_class_ids=[0, 1], threshold=0.5)    # misses logits from 0 to 0.5
    BinaryIoU(target_class_ids=[0, 1], threshold=0)      # the same as 0.5 after a sigmoid

Set the threshold to 0, or apply the sigmoid first.
"""

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_percent
from iou_doctor.counts.label_decoding import LabelDecoding
from iou_doctor.metrics.definition import Floats, Sigmoid
from iou_doctor.metrics.input_spec import PixelContent
from iou_doctor.repairs.repair import Repair
from iou_doctor.repairs.step import Side
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU214",
    name="logits-thresholded-as-probabilities",
    severity=Severity.ERROR,
    suspicion=Suspicion.ENCODING,
    claim="logits are thresholded as if they were probabilities",
    explains=Symptom.METRIC | Symptom.BASELINE,
    after=("byte-scores",),
)

_HANDLED = frozenset({Floats.ABOVE, Floats.SOFT, Floats.SQUARED})
"""The ways to read the scores of channels for which logits are no probabilities."""


def find(evidence: Evidence) -> Result:
    """Look for logits that go to a metric whose threshold is meant for probabilities."""
    interpretation, metric = evidence.interpretation, evidence.metric
    if evidence.has_found("byte-scores"):
        return []
    if interpretation.is_multilabel:
        return _find_logits_in_channels(evidence)
    if (
        interpretation.y_pred is not Encoding.BINARY_LOGITS
        or metric.y_pred is not LabelDecoding.BINS
    ):
        return []
    if metric.contract is not None and metric.contract.choices.sigmoid is not Sigmoid.NEVER:
        return []
    if metric.threshold is None or not 0 < metric.threshold < 1:
        return []
    values, between = evidence.stats.y_pred, _count_between(evidence)
    return [
        Finding(
            RULE,
            message=f"predictions are logits from {values.minimum:.4g} to {values.maximum:.4g}, but"
            f" {metric.short_name} thresholds them at {metric.threshold:g} instead of 0:"
            f" {format_percent(between, values.pixels)} of the pixels lie between the two",
            help=_write_help(evidence),
            facts={
                "minimum": values.minimum,
                "maximum": values.maximum,
                "threshold": metric.threshold,
                "pixels_between": between,
                "pixels": values.pixels,
            },
            repair=_build_repair(evidence),
        )
    ]


def _find_logits_in_channels(evidence: Evidence) -> list[Finding]:
    """Look for logits of overlapping channels that go to a metric for probabilities."""
    interpretation, metric = evidence.interpretation, evidence.metric
    if interpretation.y_pred is not Encoding.LOGITS or metric.contract is None:
        return []
    choices = metric.contract.choices
    takes_scores = metric.contract.takes.predictions is PixelContent.SCORES
    if choices.floats not in _HANDLED or choices.sigmoid is not Sigmoid.NEVER or not takes_scores:
        return []
    values, is_cut = evidence.stats.y_pred, choices.floats is Floats.ABOVE
    cut = 0.5 if metric.threshold is None else metric.threshold
    if is_cut and not 0 < cut < 1:
        return []
    how = f"thresholds them at {cut:g} instead of 0" if is_cut else "sums them as if they were"
    return [
        Finding(
            RULE,
            message=f"predictions are {interpretation.layout.y_pred.channels} channels of logits"
            f" from {values.minimum:.4g} to {values.maximum:.4g}, but {metric.short_name} {how}"
            f"{'' if is_cut else ' probabilities'}",
            help="predictions = 1 / (1 + np.exp(-predictions))",
            facts={"minimum": values.minimum, "maximum": values.maximum, "threshold": cut},
            repair=_build_repair(evidence),
        )
    ]


def _count_between(evidence: Evidence) -> int:
    """Return the number of pixels whose logit is at least 0 but below the metric's threshold.

    Labels by `LabelDecoding.BINS` are 3 · compare(value, 0) + compare(value, threshold).
    """
    table = next(
        (t for p, t in evidence.stats.tables.items() if p.y_pred is LabelDecoding.BINS), None
    )
    counts = table.count_predictions() if table else {}
    return sum(count for code, count in counts.items() if code >= 3 and code % 3 == 0)


def _write_help(evidence: Evidence) -> str:
    sigmoid = "predictions = 1 / (1 + np.exp(-predictions))"
    if evidence.metric.takes is not None:
        return f"{sigmoid}, or threshold=0"
    ids = list(evidence.metric.target_class_ids or (0, 1))
    return f"keras.metrics.BinaryIoU(target_class_ids={ids}, threshold=0), or {sigmoid}"


def _build_repair(evidence: Evidence) -> Repair | None:
    if evidence.interpretation.threshold:  # the user has declared another threshold than 0
        return None
    step = Threshold(Side.PREDICTIONS, 0.0)
    return Repair(name="threshold the logits at 0", safe=True, steps=(step,))
