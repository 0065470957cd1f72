"""From a number back to its causes: what was printed, and what could have printed it."""

from __future__ import annotations

import math
import re

from iou_doctor.errors import UsageError
from iou_doctor.record import record

PERCENT = 100
FEWEST_SHOWN = 6
FEWEST_DECIMALS = 2
FEWEST_PERCENT_DECIMALS = 1
ROUNDING = 1e-9
"""Of values in float64; an interval's ends belong to it."""
_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>[0-9]*)(?:[.,](?P<decimals>[0-9]*))?"
    r"(?:e(?P<exponent>[-+]?[0-9]{1,2}))?\s*(?P<percent>%?)",
    re.IGNORECASE,
)
"""With a point, or the decimal comma of many countries."""
IMPOSSIBLE = (
    "no mean IoU; soft sums of 0/255 masks give more than 1 (255, 2.95), raw integer products of"
    " them or MONAI on logits less than 0 (-1.0079, -4.0): look at the masks' values first"
)


@record
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

    `0.3333`, `0,3333`, `33.33`, `33.33%` and `3.333e-01` mean the same; half a unit of the last
    digit either way.

    Raises:
        UsageError: the text is no number, or has too few digits to tell anything.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match["whole"] or match["decimals"]):
        raise UsageError(f"{text!r} is no score; {_no_number(text)}")
    exponent = int(match["exponent"] or 0)
    decimals = max(0, len(match["decimals"] or "") - exponent)
    number = f"{match['whole'] or '0'}.{match['decimals'] or '0'}e{exponent}"
    value = float(match["sign"] + number)
    percent = bool(match["percent"]) or value > 1
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
    return Printed(text.strip(), (as_percent,) if match["percent"] else (as_percent, share))


def _no_number(text: str) -> str:
    """Return what may have been meant."""
    if text.strip().lstrip("+-").lower() == "nan":
        return (
            "a plain mean is NaN where a class is in neither array (0 / 0); run"
            " `iou-doctor check --contracts all` on the arrays to see who reports NaN"
        )
    if re.fullmatch(r"\s*[+-]?inf(inity)?\s*", text, re.IGNORECASE):
        return (
            "something was divided by 0; run `iou-doctor check` on the arrays, which looks for"
            " NaN and infinite values"
        )
    return "give the number as printed, 0.3333 or 33.33% for instance"


@record
class Cause:
    """Why a score may be what it is."""

    name: str
    """A word for it, the name of a rule where one looks for it."""
    claim: str
    next_step: str
    """What to look at next."""
    prior: float
    """How common it is, beside the plain reading of healthy arrays (1)."""


@record
class Suspect:
    """A cause together with the implementations that print the number under it."""

    cause: Cause
    implementations: tuple[str, ...]
    plausibility: float


@record
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


@record
class Condition:
    """A cause that fits every number, if the data are of a certain kind."""

    cause: Cause
    requires: str


@record
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
