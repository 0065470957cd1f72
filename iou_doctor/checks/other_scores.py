"""Which other implementations report a number, from the records of what they decide."""

from __future__ import annotations

from collections.abc import Callable

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.wording import join_words
from iou_doctor.metrics.definition import Average, Choices, Group, Ratio

TOLERANCE = 5e-5
"""Half a unit of the fourth digit, which is what people compare."""


def list_implementations(
    evidence: Evidence, value: float | None, decided: Callable[[Choices], bool]
) -> list[str]:
    """Return what people call the implementations that decide so and report this value.

    Args:
        evidence: the facts.
        value: what they report; `None`: NaN.
        decided: whether the choices are those in question.
    """
    return [
        score.short
        for score in evidence.contracts
        if score.choices is not None and decided(score.choices) and _is_close(score.value, value)
        # an error is no NaN
        if value is not None or score.note == "NaN"
    ]


def is_data_set_mean(choices: Choices) -> bool:
    """Return whether this is a mean of the classes' IoU over the data set."""
    means = {Average.CLASSES, Average.LABELLED}
    return (
        choices.group is Group.DATA_SET
        and choices.average in means
        and choices.ratio is Ratio.IOU
        and not choices.averages_batches
    )


def join_phrases(parts: dict[str, list[str]]) -> str:
    """Return `left out by A and B; 0 for C`: each phrase with the names it is about."""
    return "; ".join(f"{phrase} {join_words(names)}" for phrase, names in parts.items() if names)


def _is_close(found: float | None, value: float | None) -> bool:
    if found is None or value is None:
        return found is value
    return abs(found - value) <= TOLERANCE
