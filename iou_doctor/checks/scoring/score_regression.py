"""The mean IoU or the IoU of a class fell below the baseline by more than is allowed.

The baseline is the JSON report of an earlier run, kept beside the code. The mean alone hides a
class that is lost while others gain, so the classes are compared one by one, by their ids. A class
that is absent in one of the two reports is not compared.

    iou-doctor check preds.npy masks.npy --baseline baseline.json --write-baseline
    iou-doctor check preds.npy masks.npy --baseline baseline.json --max-drop 0.01

If the new score is intended, write the baseline again with `--write-baseline`.
"""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.score import Score
from iou_doctor.report.baseline import Baseline
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion, Symptom
from iou_doctor.safety.safe_text import escape_name

RULE = Rule(
    code="IOU609",
    name="score-regression",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the score fell below the baseline",
    symptom=Symptom.BASELINE,
)

DROP_ROUNDING = 1e-9
"""Tolerance for the rounding of float64, so that a drop of exactly the allowed size passes."""


def find(evidence: Evidence) -> Result:
    """Compare the mean and each class with the baseline."""
    baseline, score = evidence.baseline, evidence.score
    if baseline is None:
        return Skipped("no --baseline given")
    if score is None:
        return Skipped("the pixels do not pair up, so there is no score to compare")
    if baseline.mean_iou is None:
        return Skipped("the baseline has no mean IoU")
    if score.mean_iou is None:
        return Skipped("no pixel counts, so there is no score to compare")
    fallen = _list_fallen_classes(score, baseline)
    drop = baseline.mean_iou - score.mean_iou
    has_mean_fallen = drop > baseline.max_drop + DROP_ROUNDING
    if not has_mean_fallen and not fallen:
        return []
    names = evidence.interpretation.class_names
    parts = []
    if has_mean_fallen:
        parts.append(f"mean IoU fell from {baseline.mean_iou:.4f} to {score.mean_iou:.4f}")
    if fallen:
        entries = (f"{names[label]} ({was:.4f} to {now:.4f})" for label, was, now in fallen)
        parts.append(f"IoU of class {join_words(entries)} fell")
    return [
        Finding(
            RULE,
            message=f"{'; '.join(parts)}; --max-drop allows {baseline.max_drop:g}",
            help="find out why; if the new score is intended, write"
            f" {escape_name(baseline.path)} again with --write-baseline",
            facts={
                "max_drop": baseline.max_drop,
                "mean_iou": {"baseline": baseline.mean_iou, "now": score.mean_iou, "drop": drop},
                "classes": [
                    {"id": label, "baseline": was, "now": now, "drop": was - now}
                    for label, was, now in fallen
                ],
            },
        )
    ]


def _list_fallen_classes(score: Score, baseline: Baseline) -> list[tuple[int, float, float]]:
    """Return id, baseline and IoU of each class that fell too far, the largest drop first."""
    known = [
        (entry.id, was, entry.iou)
        for entry in score.per_class
        if (was := baseline.class_iou.get(entry.id)) is not None and entry.iou is not None
    ]
    fallen = [row for row in known if row[1] - row[2] > baseline.max_drop + DROP_ROUNDING]
    return sorted(fallen, key=lambda row: row[2] - row[1])
