"""From a number back to its causes: what was printed, and what could have printed it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from iou_doctor.errors import UsageError

PERCENT = 100
FEWEST_SHOWN = 6
FEWEST_DECIMALS = 2
FEWEST_PERCENT_DECIMALS = 1
ROUNDING = 1e-9
"""Of values in float64; an interval's ends belong to it."""
IMPOSSIBLE = (
    "no mean IoU; soft sums of 0/255 masks give more than 1 (255, 2.95), raw integer products of"
    " them or MONAI on logits less than 0 (-1.0079, -4.0): look at the masks' values first"
)


@dataclass(frozen=True)
class Printed:
    """A score as somebody printed it: every value that is rounded to it."""

    text: str
    ranges: tuple[tuple[float, float], ...]
    """As a share of one; a number above 1 is percent, but may be a share gone wrong."""

    def __contains__(self, value: float) -> bool:
        return any(low - ROUNDING <= value <= high + ROUNDING for low, high in self.ranges)

    @property
    def digits(self) -> int:
        """Digits after the point of a share that tell as much as was printed, six at least."""
        return max(FEWEST_SHOWN, round(-math.log10(self.width)))

    @property
    def width(self) -> float:
        """The length of the interval in shares of one."""
        low, high = self.ranges[0]
        return high - low

    @property
    def middle(self) -> float:
        """The number itself, as a share of one."""
        low, high = self.ranges[0]
        return (low + high) / 2

    @property
    def possible(self) -> bool:
        """Whether a mean IoU can have this value."""
        low, high = self.ranges[0]
        return high >= 0 and low <= 1


def parse_score(text: str) -> Printed:
    """Return the values that a printed score stands for.

    `0.3333`, `33.33` and `33.33%` mean the same; half a unit of the last digit either way.

    Raises:
        UsageError: the text is no number, or has too few digits to tell anything.
    """
    match = re.fullmatch(r"\s*([-+]?)(\d*)(?:\.(\d*))?\s*(%?)\s*", text)
    if match is None or not (match[2] or match[3]):
        raise UsageError(
            f"{text!r} is no score; give the number as printed, 0.3333 or 33.33% for instance"
        )
    decimals = len(match[3] or "")
    value = float(match[1] + (match[2] or "0") + "." + (match[3] or "0"))
    percent = bool(match[4]) or value > 1
    enough = FEWEST_PERCENT_DECIMALS if percent else FEWEST_DECIMALS
    if 0 <= value <= PERCENT and decimals < enough:
        raise UsageError(
            f"{text.strip()} has too few digits: too many causes fit; give it with four,"
            " as in 0.3333 or 33.33%"
        )
    half = 0.5 * 10.0**-decimals
    share = (value - half, value + half)
    as_percent = ((value - half) / PERCENT, (value + half) / PERCENT)
    if not percent:
        return Printed(text.strip(), (share,))
    return Printed(text.strip(), (as_percent,) if match[4] else (as_percent, share))


@dataclass(frozen=True)
class Cause:
    """Why a score may be what it is."""

    name: str
    """A word for it, the name of a rule where one looks for it."""
    claim: str
    next_step: str
    """What to look at next."""
    prior: float
    """How common it is, beside the plain reading of healthy arrays (1)."""


@dataclass(frozen=True)
class Suspect:
    """A cause together with the implementations that print the number under it."""

    cause: Cause
    implementations: tuple[str, ...]
    plausibility: float


@dataclass(frozen=True)
class Match:
    """Suspects whose values are equal: no further digit can tell them apart."""

    value: float
    suspects: tuple[Suspect, ...]
    """The most plausible first."""

    @property
    def plausibility(self) -> float:
        """That of its best suspect, and a little for each other one."""
        best, *others = [suspect.plausibility for suspect in self.suspects]
        return best + 0.01 * sum(others)


@dataclass(frozen=True)
class Condition:
    """A cause that fits every number, if the data are of a certain kind."""

    cause: Cause
    requires: str


@dataclass(frozen=True)
class Lookup:
    """What a printed score can mean."""

    printed: Printed
    matches: tuple[Match, ...]
    """The most plausible first."""
    tried: int
    """Different values that were compared with it."""
    chance: float
    """How many of them would fall into the interval by chance."""
    conditions: tuple[Condition, ...] = ()
    with_arrays: bool = False
