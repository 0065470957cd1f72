"""How far masks and predictions agree beyond what chance gives."""

from __future__ import annotations

from iou_doctor.checks.evidence import Evidence
from iou_doctor.metrics.score import Score

WEAK_KAPPA = 0.4
"""The largest kappa that is called weak. Landis and Koch call 0.21 to 0.40 fair, and what lies
above moderate. Networks that work reach 0.6 and more, even with 150 classes."""
FEWEST_PIXELS = 1000
"""Minimum number of pixels: with fewer, chance alone moves kappa by several hundredths."""


def measure_agreement(evidence: Evidence) -> float | None:
    """Return Cohen's kappa of all counted pixels; `None` if it says nothing."""
    is_multilabel = evidence.interpretation.is_multilabel
    return None if is_multilabel else compute_kappa(evidence.repaired)


def compute_kappa(score: Score) -> float | None:
    """Return Cohen's kappa of a score of classes; `None` if it says nothing."""
    counted, equal = score.pixels.counted, score.pixel_accuracy
    if counted < FEWEST_PIXELS or equal is None:
        return None
    chance = sum(
        (entry.truth_pixels / counted) * (entry.predicted_pixels / counted)
        for entry in score.per_class
    )
    return None if chance >= 1 else (equal - chance) / (1 - chance)


def is_weak(evidence: Evidence) -> bool:
    """Return whether masks and predictions agree so little that any cause is possible."""
    kappa = measure_agreement(evidence)
    return kappa is not None and kappa <= WEAK_KAPPA
