"""What the formats for terminals share: consoles, glyphs, and text without trailing spaces."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from rich.console import Console, RenderableType

from iou_doctor.render.shared.glyphs import Glyphs, find_glyphs
from iou_doctor.safety.safe_text import escape_report

WIDEST = 120
"""The maximum width of text in columns, because longer lines are tiring to read."""
FILE_WIDTH = 80
"""The width in columns of a report in a file, because the reader's width is unknown."""
_COLOUR_CODE = r"\x1b\[[0-9;]*m"
_PADDING = re.compile(rf"(?: |{_COLOUR_CODE})+$", re.MULTILINE)
"""The spaces with which rich fills a line up, and the colour codes between them."""


def choose_glyphs(console: Console) -> Glyphs:
    """Return the glyphs that the encoding of a console has."""
    return find_glyphs(console.encoding)


def make_screen_console() -> Console:
    """Return a console for stdout."""
    console = Console(markup=False, emoji=False)
    console.size = console.size  # or Rich would ask the terminal 50 times for a small report
    return console


def make_file_console() -> Console:
    """Return a console for a file: without colour, even if the environment asks for it."""
    return Console(
        file=io.StringIO(), width=FILE_WIDTH, color_system=None, markup=False, emoji=False
    )


def text_width(console: Console) -> int:
    """Return the width of text on a console."""
    return min(console.width, WIDEST)


def render_parts(parts: Iterable[RenderableType], console: Console) -> str:
    """Return parts as text, an empty line between them, without spaces at the ends of lines."""
    glyphs = choose_glyphs(console)
    with console.capture() as capture:
        for index, part in enumerate(parts):
            if index:
                console.print()
            console.print(part, width=text_width(console), highlight=False)
    text = _PADDING.sub(lambda end: "".join(re.findall(_COLOUR_CODE, end[0])), capture.get())
    return glyphs.spell(escape_report(text))
