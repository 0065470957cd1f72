"""Characters that not every terminal can show, and what stands for them."""

from __future__ import annotations

from iou_doctor.record import record


@record
class Glyphs:
    """Characters that not every terminal can show."""

    sick: str
    healthy: str
    times: str
    dot: str
    bar: str
    """Cells of a bar, from the thinnest one to a full one."""


UNICODE = Glyphs("✗", "✓", "×", "·", "▏▎▍▌▋▊▉█")
ASCII = Glyphs("x", "+", "x", "-", "#")


def find_glyphs(encoding: str | None) -> Glyphs:
    """Return the characters that an encoding has."""
    return UNICODE if (encoding or "").lower().startswith("utf") else ASCII
