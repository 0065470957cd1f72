"""The metric silently drops pixels.

Keras 3.15 drops every pair of labels of which one is outside 0..num_classes-1. The score then
covers only the remaining pixels, which may be the easy ones. Tools that raise instead are safer.

    4 pixels, one predicted as label 3 of 3 classes: three are right, MeanIoU says 1.0

Map such labels to classes, or declare the ignore label.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.other_scores import TOLERANCE
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.metrics.score import ContractScore
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU605",
    name="dropped-pixels",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the metric silently drops pixels",
    symptom=Symptom.METRIC,
    explains=Symptom.PERFECT_SCORE,
)


def find(evidence: Evidence) -> Result:
    """Report the pixels that the metric drops."""
    dropped, value = evidence.metric_score.dropped, evidence.metric_score.value
    if not dropped or value is None:
        return []
    total = max(evidence.repaired.pixels.total, dropped)
    ours = evidence.score_if_read_well
    return [
        Finding(
            RULE,
            message=f"{evidence.metric.short_name} drops {format_count(dropped, 'value')}"
            f" ({format_percent(dropped, total)}) outside"
            f" 0..{evidence.interpretation.num_classes - 1}{_describe_effect(ours, value)}",
            evidence=_describe_others(evidence),
            help="map these labels to classes, or declare the ignore label with --ignore-index",
            facts={
                "dropped": dropped,
                "metric": value,
                "doctor": ours,
                "others": [score.short for score in _list_others(evidence)],
            },
        )
    ]


def _list_others(evidence: Evidence) -> list[ContractScore]:
    """Return the other implementations that silently drop pixels of these arrays."""
    own = evidence.metric.name.replace(".metrics", "")
    return [
        score
        for score in evidence.contracts
        if score.dropped and score.value is not None and score.name != own
    ]


def _describe_others(evidence: Evidence) -> str | None:
    names = [f"{score.short} ({score.value:.4f})" for score in _list_others(evidence)]
    return f"also dropped by {join_words(names)}" if names else None


def _describe_effect(ours: float | None, value: float) -> str:
    """Return how the score would change; empty if it would not."""
    if ours is None or abs(ours - value) <= TOLERANCE:
        return ""
    return f"; if they counted as misses, the score would be {ours:.4f} and not {value:.4f}"
