"""The metric leaves out pixels without a word.

Keras 3.15 drops every pair with a side outside 0..num_classes-1. The score is then that of the
remaining pixels, which may be the easy ones. Tools that raise instead are louder and safer.

    4 pixels, one predicted as label 3 of 3 classes: three are right, MeanIoU says 1.0
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.metrics.score import ContractScore
from iou_doctor.report.finding import Finding, Rule, Severity, Suspicion

RULE = Rule(
    code="IOU605",
    name="dropped-pixels",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="the metric leaves out pixels without a word",
    explains=frozenset({"suspicious-perfect-score"}),
)


def find(evidence: Evidence) -> Result:
    """Count what the metric drops."""
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
            f" 0..{evidence.interpretation.num_classes - 1}" + _moved(ours, value),
            evidence=_others_too(evidence),
            help="map these labels to classes, or name the ignore label",
            facts={
                "dropped": dropped,
                "metric": value,
                "doctor": ours,
                "others": [score.short for score in _dropping(evidence)],
            },
        )
    ]


def _dropping(evidence: Evidence) -> list[ContractScore]:
    """Return the other implementations that drop pixels of these arrays without a word."""
    own = evidence.metric.name.replace(".metrics", "")
    return [
        score
        for score in evidence.contracts
        if score.dropped and score.value is not None and score.name != own
    ]


def _others_too(evidence: Evidence) -> str | None:
    names = [f"{score.short} ({score.value:.4f})" for score in _dropping(evidence)]
    return f"dropped as well by {join_words(names)}" if names else None


def _moved(ours: float | None, value: float) -> str:
    if ours is None or abs(ours - value) <= 5e-5:
        return ""
    return f"; counted as misses they would give {ours:.4f}, not {value:.4f}"
