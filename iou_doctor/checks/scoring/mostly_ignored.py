"""Most pixels are ignored, or most of what the model predicts as a class lies in ignored pixels.

Ignored pixels are in no intersection and in no union: whatever the model predicts there costs
nothing. If 96 % of the pixels are ignored, a score of 1 only says that the other 4 % are right. If
background was reduced to the ignore label, objects may be predicted far too large for free.

    64 % of the pixels are 255, --ignore-index 255:  false alarms there are not counted

Scribbles and sparse annotations are scored like this on purpose. State the share beside the score,
and do not compare the score with that of data that is labelled everywhere.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.unknown_labels import DEFAULT_VOID
from iou_doctor.checks.wording import format_count, format_percent, join_words
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.report.finding import Finding, Needs, Rule, Severity, Suspicion, Symptom

RULE = Rule(
    code="IOU611",
    name="mostly-ignored",
    severity=Severity.WARNING,
    suspicion=Suspicion.DEFINITIONS,
    claim="so many pixels are ignored that the score says little",
    symptom=Symptom.CLASS_SHARES,
    explains=Symptom.PERFECT_SCORE,
    after=("ignored-class-in-range",),
    needs=Needs.WHOLE_DATA_SET,
)

LARGEST_USUAL_SHARE = 0.5
"""Share of ignored pixels above which a note is due. Void borders cover 5 to 15 %."""
LARGEST_SCORED_SHARE = 0.9
"""Share of ignored pixels from which it is a warning: more than scribbles usually leave out."""
LARGEST_FREE_SHARE = 0.8
"""Share of the predicted pixels of a class that may be ignored. Void borders round thin objects
hold up to half of them."""
LEAST_PREDICTED_SHARE = 0.001
"""Minimum share of all pixels that are predicted as such a class. Fewer lie anywhere by chance."""


def find(evidence: Evidence) -> Result:
    """Count the ignored pixels, and what is predicted in them."""
    pixels, ignored = evidence.repaired.pixels, evidence.interpretation.ignore_index
    if ignored is None or not pixels.ignored or evidence.has_found("ignored-class-in-range"):
        return []
    pairs = evidence.pairs.pool()
    inside = pairs.keep_rows(pairs.truth == ignored).count_predictions()
    are_most = pixels.ignored > LARGEST_USUAL_SHARE * pixels.total
    classes = {label: inside.get(label, 0) for label in evidence.interpretation.classes}
    free = [] if are_most else _list_free_classes(pairs, classes)
    if not are_most and not free:
        return []
    is_worst = pixels.ignored >= LARGEST_SCORED_SHARE * pixels.total
    return [
        Finding(
            RULE,
            message=_write_message(evidence, inside, free)
            + (_describe_reduced(evidence) if are_most else ""),
            help="state the share of ignored pixels beside the score; if false alarms there matter,"
            " label those pixels",
            facts={
                "label": ignored,
                "ignored": pixels.ignored,
                "pixels": pixels.total,
                "predicted_there": {str(label): count for label, count in inside.items()},
                "classes_mostly_there": free,
            },
            severity_override=None if is_worst else Severity.NOTE,
        )
    ]


def _list_free_classes(pairs: PairCounts, inside: dict[int, int]) -> list[int]:
    """Return the classes that are hardly predicted outside the ignored pixels.

    Args:
        pairs: the label pairs of all images together.
        inside: the number of ignored pixels that are predicted as each class.
    """
    predicted = pairs.count_predictions()
    return [
        label
        for label, count in inside.items()
        if count >= LARGEST_FREE_SHARE * predicted.get(label, 0)
        and count >= LEAST_PREDICTED_SHARE * pairs.total
    ]


def _describe_reduced(evidence: Evidence) -> str:
    """Return that `reduce_zero_label` leaves such arrays where 0 was the background, or nothing."""
    interpretation = evidence.interpretation
    last = interpretation.classes[-1]
    pairs = evidence.pairs
    if not interpretation.num_classes_declared or interpretation.ignore_index != DEFAULT_VOID:
        return ""
    if last in pairs.count_truths() or last in pairs.count_predictions():
        return ""
    return (
        f"; no array holds class {interpretation.class_names[last]}, the last one: if 0 was the"
        " background, reduce_zero_label has turned it into 255 and each class into the one before"
    )


def _write_message(evidence: Evidence, inside: dict[int, int], free: list[int]) -> str:
    pixels, names = evidence.repaired.pixels, evidence.interpretation.class_names
    share = format_percent(pixels.ignored, pixels.total)
    text = (
        f"{format_count(pixels.ignored, 'pixel')} ({share}) have the ignore label"
        f" {evidence.interpretation.ignore_index} and are not scored"
    )
    if evidence.repaired.mean_iou is not None:
        text += f": the mean IoU of {evidence.repaired.mean_iou:.4f} is that of the other"
        text += f" {format_percent(pixels.total - pixels.ignored, pixels.total)}"
    common = sorted(free or inside, key=lambda label: -inside[label])
    where = [
        f"{format_percent(inside[label], pixels.ignored)} as"
        f" {f'class {names[label]}' if 0 <= label < len(names) else label}"
        for label in common
    ]
    text += f"; what is predicted there costs nothing: {join_words(where)}"
    if free:
        text += f", which {'is' if len(free) == 1 else 'are'} hardly predicted anywhere else"
    return text
