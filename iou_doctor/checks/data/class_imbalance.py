"""One class covers nearly all pixels, or a class nearly none.

The mean gives each class the same weight. With 99 % background and two classes, a model that
predicts only background has a pixel accuracy of 0.99 and a mean IoU of 0.495. Compare your score
with this lower bound. If a class has only a few pixels, its IoU and thereby the mean vary from run
to run.

Look at the IoU of each class and not at the mean alone. To improve rare classes, weight the loss,
use a Dice or focal loss, or sample more crops with these classes. The weights in the help are those
of median frequency balancing: the median share of all classes, divided by the share of the class.
They make the model find more of the rare classes, and raise more false alarms of them.
"""

from collections.abc import Sequence

import numpy as np

from iou_doctor.checks.agreement import is_weak
from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.metrics.score import ClassScore
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU701",
    name="class-imbalance",
    severity=Severity.WARNING,
    suspicion=Suspicion.COLLAPSE,
    claim="one class covers nearly all pixels, or a class nearly none",
    symptom=Symptom.CLASS_SHARES,
    needs=Needs.WHOLE_DATA_SET,
)

DOMINANT_SHARE = 0.95
"""Share of the pixels above which a class is reported. A model that predicts nothing else then has
a mean IoU of 0.475 or more if there are two classes."""
RARE_SHARE = 0.001
"""Share of the pixels below which a class is reported. A handful of pixels then changes the IoU of
the class by tenths."""
MOST_WEIGHTS = 21
"""Number of classes up to which weights are listed."""


def find(evidence: Evidence) -> Result:
    """Compare the shares that the classes have of the counted pixels."""
    counted = evidence.repaired.pixels.counted
    present = [entry for entry in evidence.repaired.per_class if entry.truth_pixels]
    if not counted or len(present) < 2:
        return []  # a single class has nothing to be in balance with
    names = evidence.interpretation.class_names
    largest = max(present, key=lambda entry: entry.truth_pixels)
    share = largest.truth_pixels / counted
    rare = [entry for entry in present if entry.truth_pixels < RARE_SHARE * counted]
    parts = []
    if share > DOMINANT_SHARE:
        parts.append(
            f"class {names[largest.id]} covers {format_percent(largest.truth_pixels, counted)} of"
            f" the pixels: a model that predicts nothing else scores {share / len(present):.4f}"
        )
    if rare:
        noun = "class" if len(rare) == 1 else "classes"
        pixels = sum(entry.truth_pixels for entry in rare)
        parts.append(
            f"{noun} {join_words(names[entry.id] for entry in rare)} cover"
            f"{'s' if len(rare) == 1 else ''} only {format_count(pixels, 'pixel')}"
            f" ({format_percent(pixels, counted)})"
        )
    if not parts:
        return []
    return [
        Finding(
            RULE,
            message="; ".join(parts),
            help=_write_help(present),
            cautious_help="judge classes one by one once the faults above are repaired",
            severity_override=_choose_severity(evidence, present, share),
            facts={
                "largest_class": largest.id,
                "largest_share": share,
                "floor": share / len(present),
                "rare_classes": [entry.id for entry in rare],
            },
        )
    ]


def _choose_severity(
    evidence: Evidence, present: Sequence[ClassScore], share: float
) -> Severity | None:
    """Return a note if rare classes are usual, or if they explain the score less than other causes.

    Among many classes some are always rare.
    """
    are_usual = len(present) > MOST_WEIGHTS and share <= DOMINANT_SHARE
    return Severity.NOTE if are_usual or is_weak(evidence) else None


def _write_help(present: Sequence[ClassScore]) -> str:
    """Return what to do, with weights for the loss if the classes are few."""
    if len(present) > MOST_WEIGHTS:
        return (
            "judge classes one by one; if the model misses rare ones, weight the loss or sample"
            " them more often"
        )
    middle = float(np.median([entry.truth_pixels for entry in present]))
    weights = ", ".join(f"{entry.id}: {middle / entry.truth_pixels:.3g}" for entry in present)
    return (
        "judge classes one by one; if the model misses rare ones, weight the loss, for instance"
        f" with class_weight={{{weights}}} (more recall of rare classes, and more false alarms), or"
        " sample them more often"
    )
