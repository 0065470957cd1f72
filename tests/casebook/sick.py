"""Every sick case: transforms of healthy data, and the rule each of them must lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from casebook import (
    sick_ids,
    sick_masks,
    sick_places,
    sick_predictions,
    sick_samples,
    sick_shapes,
)
from casebook.cases import Case, Sick
from casebook.real import FITTING, PLACE, missing

TABLE: tuple[Sick, ...] = (
    *sick_shapes.TABLE,
    *sick_predictions.TABLE,
    *sick_masks.TABLE,
    *sick_ids.TABLE,
    *sick_places.TABLE,
    *sick_samples.TABLE,
)
EVERY = 3
"""Of the transforms that fit real photographs, every third is applied to them too."""


def cases() -> Iterator[Case]:
    """Return all cases: generated data first, then real data where it is there."""
    for sick in TABLE:
        yield from sick.cases()
    if missing() is None:
        yield from real_cases()


def real_cases() -> Iterator[Case]:
    fitting = [
        sick
        for sick in TABLE
        if FITTING & {place.split("/")[0] for place in sick.on} and not sick.note
    ]
    for sick in fitting[::EVERY]:
        yield from replace(sick, on=(PLACE,), variants=tuple(sick.variants)[:1]).cases()
