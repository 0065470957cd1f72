"""Reads single values of a JSON document that anybody may have written."""

from __future__ import annotations

import math
from typing import Any

from iou_doctor.safety.safe_text import escape_name

_MOST = 1 << 62
"""Whole numbers beyond this are no counts."""


def read_number(value: object) -> float:
    """Return a finite number.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("it is no number")
    return float(value)


def read_optional_number(value: object) -> float | None:
    """Return a finite number or `None`.

    Raises:
        ValueError: it is something else.
    """
    return None if value is None else read_number(value)


def read_count(value: object) -> int:
    """Return a whole number from 0 on.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise ValueError("it is no count")
    return value


def read_text(value: object) -> str:
    """Return a text on one line, in which unsafe characters are spelled out.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, str):
        raise ValueError("it is no text")
    return escape_name(value)


def read_list(value: object) -> list[Any]:
    """Return a list.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list):
        raise ValueError("it is no list")
    return value


def read_optional_text(value: object) -> str | None:
    """Return a text or `None`.

    Raises:
        ValueError: it is something else.
    """
    return None if value is None else read_text(value)
