"""Characters that not every terminal can show, and what stands for them."""

from __future__ import annotations

from dataclasses import replace

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
    rest: str
    """What stands for the end of a name that is cut."""
    encoding: str = "utf-8"

    def spell(self, text: str) -> str:
        """Return a text as it will be shown, with a question mark for what cannot be."""
        text = text.replace(UNICODE.times, self.times).replace(UNICODE.rest, self.rest)
        return text.encode(self.encoding, "replace").decode(self.encoding)


UNICODE = Glyphs("✗", "✓", "×", "·", "▏▎▍▌▋▊▉█", "…")
ASCII = Glyphs("x", "+", "x", "-", "#", ".", "ascii")


def find_glyphs(encoding: str | None) -> Glyphs:
    """Return the characters that an encoding has."""
    encoding = encoding or "ascii"
    return UNICODE if encoding.lower().startswith("utf") else replace(ASCII, encoding=encoding)
