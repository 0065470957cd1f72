"""A printed score, and the causes that may have led to it."""

from __future__ import annotations

import math
import re
import sys

from iou_doctor.errors import UsageError
from iou_doctor.record import record

PERCENT = 100
FEWEST_DIGITS_SHOWN = 6
"""The minimum number of digits after the point with which values are shown."""
WIDEST_PRECISE = 1.5e-3
"""The width of an interval up to which a score has enough digits to tell causes apart."""
MOST_AS_SHARE = 2.0
"""A number above 1 and up to this one is rather a share that a fault let grow, such as a Dice
score of masks of 255, than a percentage."""
SAME_VALUE = 1e-6
"""Values that differ by less are the same: float32 ratios of equal counts differ by rounding."""
INTERVAL_TOLERANCE = 1e-9
"""By how much a value may lie outside an interval: its ends are rounded in float64."""
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>[0-9]*)(?:[.,](?P<decimals>[0-9]*))?"
    r"(?:e(?P<exponent>[-+]?[0-9]{1,2}))?\s*(?P<percent>%?)",
    re.IGNORECASE,
)
"""A number with a decimal point, or with the decimal comma of many countries."""


@record
class PrintedScore:
    """A score as somebody printed it, which stands for all values that round to it."""

    text: str
    ranges: tuple[tuple[float, float], ...]
    """The intervals of these values, the likeliest first, as shares of 1. A number above 1 is
    taken both as a percentage and as a share that a faulty metric let grow above 1."""

    def __contains__(self, value: float) -> bool:
        tolerance = INTERVAL_TOLERANCE * min(1.0, abs(self.middle))
        return any(low - tolerance <= value <= high + tolerance for low, high in self.ranges)

    @property
    def digits(self) -> int:
        """The digits after the point with which a share is as precise as the printed score."""
        # float64 may not tell the two ends apart
        width = max(self.width, sys.float_info.epsilon)
        return max(FEWEST_DIGITS_SHOWN, round(-math.log10(width)))

    @property
    def width(self) -> float:
        """The length of the likeliest interval."""
        low, high = self.ranges[0]
        return high - low

    @property
    def middle(self) -> float:
        """The number itself, as a share of 1."""
        low, high = self.ranges[0]
        return (low + high) / 2

    @property
    def is_precise(self) -> bool:
        """Whether it has so many digits that few causes match it by chance."""
        return self.width <= WIDEST_PRECISE

    @property
    def is_possible(self) -> bool:
        """Whether a mean IoU can have this value."""
        low, high = self.ranges[0]
        return high >= 0 and low <= 1

    def is_exactly(self, value: float) -> bool:
        """Return whether a value is the number itself, and not only one that rounds to it."""
        numbers = [sum(ends) / 2 for ends in self.ranges]
        margins = [min(SAME_VALUE, abs(number) / PERCENT or SAME_VALUE) for number in numbers]
        return any(
            abs(value - number) <= margin for number, margin in zip(numbers, margins, strict=True)
        )


def parse_score(text: str) -> PrintedScore:
    """Return the values that a printed score stands for.

    `0.3333`, `0,3333`, `33.33`, `33.33%` and `3.333e-01` mean the same. Values up to half a unit
    of the last digit away round to the score.

    Raises:
        UsageError: the text is not a number.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match["whole"] or match["decimals"]):
        raise UsageError(f"{text!r} is not a score; {_suggest_score(text)}")
    exponent = int(match["exponent"] or 0)
    decimals = max(0, len(match["decimals"] or "") - exponent)
    number = f"{match['whole'] or '0'}.{match['decimals'] or '0'}e{exponent}"
    value = float(match["sign"] + number)
    if not math.isfinite(value):
        raise UsageError(f"{text.strip()} is too large; {_suggest_score('inf')}")
    half = 0.5 * 10.0**-decimals
    as_share = (value - half, value + half)
    as_percentage = ((value - half) / PERCENT, (value + half) / PERCENT)
    if match["percent"]:
        return PrintedScore(text.strip(), (as_percentage,))
    if value <= 1:
        return PrintedScore(text.strip(), (as_share,))
    both = (as_share, as_percentage)
    likely_share = value <= MOST_AS_SHARE or value > PERCENT
    return PrintedScore(text.strip(), both if likely_share else both[::-1])


def _suggest_score(text: str) -> str:
    """Return what to do about a text that is not a score."""
    if text.strip().lstrip("+-").lower() == "nan":
        return (
            "a plain mean is NaN if a class is in neither array (0 / 0); run"
            " `iou-doctor check --contracts all` on the arrays to see which implementations"
            " report NaN"
        )
    if re.fullmatch(r"\s*[+-]?inf(inity)?\s*", text, re.IGNORECASE):
        return (
            "something was divided by 0; run `iou-doctor check` on the arrays, which looks for"
            " NaN and infinite values"
        )
    return "give the number as printed, for instance 0.3333 or 33.33%"


@record
class Cause:
    """A reason why a score may be what it is."""

    name: str
    """A short name: that of the rule that looks for this cause, if there is one."""
    claim: str
    next_step: str
    """What to examine next."""
    prior: float
    """How common it is, relative to healthy arrays that are read as they are (1)."""


@record
class Suspect:
    """A cause together with the implementations that print the score under it."""

    cause: Cause
    implementations: tuple[str, ...]
    """The names that people use for them."""
    plausibility: float
    contracts: tuple[str, ...] = ()
    """The public name of each implementation's contract; empty where it has none."""


@record
class Match:
    """Suspects with the same value, which more digits of the score would not distinguish."""

    value: float
    suspects: tuple[Suspect, ...]
    """The most plausible one first."""

    @property
    def plausibility(self) -> float:
        """The plausibility of the first suspect, and a hundredth of that of the others."""
        best, *others = [suspect.plausibility for suspect in self.suspects]
        return best + 0.01 * sum(others)


@record
class Condition:
    """A cause that leads to any score, provided that the data have a certain property."""

    cause: Cause
    requires: str


@record
class Explained:
    """One explanation of a score."""

    value: float
    claim: str
    """What the arrays have, or what was done with them."""
    implementation: str
    """The name that people use for it; empty if a formula gives the value."""


@record
class Separation:
    """What separates two printed scores: the likeliest pair of explanations."""

    before: Explained
    after: Explained
    text: str
    """What the second has that the first has not."""


@record
class ScoreLookup:
    """What a printed score can mean."""

    printed: PrintedScore
    matches: tuple[Match, ...]
    """The most plausible one first."""
    values_tried: int
    """The number of different values that were compared with the score."""
    expected_by_chance: float
    """How many of these values would match by chance."""
    exact_matches: int = 0
    """How many of the matches are the number itself, and not only values that round to it."""
    conditions: tuple[Condition, ...] = ()
    with_arrays: bool = False
    """Whether the values were computed from the user's arrays, and not only from formulas."""
    versus: ScoreLookup | None = None
    """What a second score can mean, if there is one."""
    separation: Separation | None = None
    """What separates the two; `None` if one of them has no explanation."""
