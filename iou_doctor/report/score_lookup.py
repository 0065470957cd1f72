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
FEWEST_DECIMALS = 2
"""The number of digits after the point that a share needs: 0.1 would fit most causes."""
FEWEST_PERCENT_DECIMALS = 1
"""The number of digits after the point that a percentage needs, for an interval of 0.1 %."""
INTERVAL_TOLERANCE = 1e-9
"""By how much a value may lie outside an interval: its ends are rounded in float64."""
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>[0-9]*)(?:[.,](?P<decimals>[0-9]*))?"
    r"(?:e(?P<exponent>[-+]?[0-9]{1,2}))?\s*(?P<percent>%?)",
    re.IGNORECASE,
)
"""A number with a decimal point, or with the decimal comma of many countries."""
IMPOSSIBLE = (
    "not a possible mean IoU; soft sums over 0/255 masks give values above 1 (255, 2.95), integer"
    " products of such masks and MONAI on logits give values below 0 (-1.0079, -4.0): check the"
    " values of the masks first"
)
"""The end of the error about a score that no mean IoU can have; it follows `<score> is`."""


@record
class PrintedScore:
    """A score as somebody printed it, which stands for all values that round to it."""

    text: str
    ranges: tuple[tuple[float, float], ...]
    """The intervals of these values, the likeliest first, as shares of 1. A number above 1 is
    taken as a percentage first, and then as a share that a faulty metric let grow above 1."""

    def __contains__(self, value: float) -> bool:
        tolerance = INTERVAL_TOLERANCE
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
    def is_possible(self) -> bool:
        """Whether a mean IoU can have this value."""
        low, high = self.ranges[0]
        return high >= 0 and low <= 1


def parse_score(text: str) -> PrintedScore:
    """Return the values that a printed score stands for.

    `0.3333`, `0,3333`, `33.33`, `33.33%` and `3.333e-01` mean the same. Values up to half a unit
    of the last digit away round to the score.

    Raises:
        UsageError: the text is not a number, or has so few digits that most causes fit.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match["whole"] or match["decimals"]):
        raise UsageError(f"{text!r} is not a score; {_suggest_score(text)}")
    exponent = int(match["exponent"] or 0)
    decimals = max(0, len(match["decimals"] or "") - exponent)
    number = f"{match['whole'] or '0'}.{match['decimals'] or '0'}e{exponent}"
    value = float(match["sign"] + number)
    if not math.isfinite(value):
        raise UsageError(f"{text.strip()} is {IMPOSSIBLE}")
    is_percentage = bool(match["percent"]) or value > 1
    enough = FEWEST_PERCENT_DECIMALS if is_percentage else FEWEST_DECIMALS
    if 0 <= value <= PERCENT and decimals < enough:
        raise UsageError(
            f"{text.strip()} has too few digits: too many causes fit; give it with four,"
            " as in 0.3333 or 33.33%"
        )
    half = 0.5 * 10.0**-decimals
    as_share = (value - half, value + half)
    as_percentage = ((value - half) / PERCENT, (value + half) / PERCENT)
    if not is_percentage:
        return PrintedScore(text.strip(), (as_share,))
    ranges = (as_percentage,) if match["percent"] else (as_percentage, as_share)
    return PrintedScore(text.strip(), ranges)


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
    plausibility: float


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
class ScoreLookup:
    """What a printed score can mean."""

    printed: PrintedScore
    matches: tuple[Match, ...]
    """The most plausible one first."""
    values_tried: int
    """The number of different values that were compared with the score."""
    expected_by_chance: float
    """How many of these values would match by chance."""
    conditions: tuple[Condition, ...] = ()
    with_arrays: bool = False
    """Whether the values were computed from the user's arrays, and not only from formulas."""
