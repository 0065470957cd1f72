"""Round the parts of a sum so that what is printed adds up as well."""

from __future__ import annotations

from collections.abc import Sequence

UNITS = 10_000
"""The units of the last digit that is printed, in 1."""


def round_parts(parts: Sequence[float], total: float, *, has_rest: bool = False) -> list[float]:
    """Return parts with four digits that add up to the total with four digits.

    Args:
        parts: they add up to the total, but for rounding.
        total: their sum.
        has_rest: whether the last part is a rest, which takes up the rounding of all others. Else
            the parts that are nearest to the next digit are rounded the other way.
    """
    units = [_count_units(part) for part in parts]
    left = _count_units(total) - sum(units)
    if has_rest:
        units[-1] += left
    elif abs(left) <= len(units):  # otherwise these are not all the parts
        step = 1 if left > 0 else -1
        errors = [step * (part * UNITS - unit) for part, unit in zip(parts, units, strict=True)]
        for at in sorted(range(len(parts)), key=lambda at: -errors[at])[: abs(left)]:
            units[at] += step
    return [unit / UNITS for unit in units]


def _count_units(value: float) -> int:
    """Return the units of a number as it is printed, which `round(value * UNITS)` may not be."""
    return round(round(value, 4) * UNITS)
