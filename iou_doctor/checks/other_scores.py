"""Find out which other implementations of IoU report a certain score, to name them in findings."""

from __future__ import annotations

from collections.abc import Callable

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.definition import Average, Choices, Group, Ratio

TOLERANCE = 5e-5
"""Half a unit of the fourth decimal, the precision to which people compare scores."""


def list_implementations(
    evidence: Evidence, value: float | None, decided: Callable[[Choices], bool]
) -> list[str]:
    """Return the short names of the implementations that make this choice and report this value.

    Args:
        evidence: the facts.
        value: the score to look for; `None` means NaN.
        decided: returns whether an implementation makes the choice in question.
    """
    return [
        score.short
        for score in evidence.contracts
        if score.choices is not None and decided(score.choices) and _is_close(score.value, value)
        # an implementation that raises has no value either, but that is not NaN
        if value is not None or score.note == "NaN"
    ]


def is_data_set_mean(choices: Choices) -> bool:
    """Return whether the score is the mean of the classes' IoU, counted over the whole data set."""
    means = {Average.CLASSES, Average.LABELLED}
    return (
        choices.group is Group.DATA_SET
        and choices.average in means
        and choices.ratio is Ratio.IOU
        and not choices.averages_batches
    )


def join_phrases(parts: dict[str, list[str]]) -> str:
    """Return `left out by A and B; 0 for C`: each phrase followed by its names."""
    return "; ".join(f"{phrase} {join_words(names)}" for phrase, names in parts.items() if names)


def _is_close(found: float | None, value: float | None) -> bool:
    if found is None or value is None:
        return found is value
    return abs(found - value) <= TOLERANCE
