"""Typeset the list of rules and their manuals: in columns of the terminal's width, with colour."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence

import typer

from iou_doctor.cli.run import may_colour
from iou_doctor.record import record
from iou_doctor.report.finding import Rule

WIDEST = 100
"""The widest text in columns, because longer lines are tiring to read."""
LEAST_COLUMN = 30
"""The fault of a rule goes to a line of its own if fewer columns are left for it."""
COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
"""The colour of each severity."""
_CODE = re.compile(r"`([^`]+)`")
_GAP = "  "


@record
class Paper:
    """What text is typeset for."""

    width: int | None
    """In columns; `None` for a file or a pipe, whose lines other programs read."""
    has_colours: bool

    @classmethod
    def of_stdout(cls) -> Paper:
        """Return the width and the colours of stdout, or those that the environment asks for."""
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        columns = shutil.get_terminal_size(fallback=(0, 0)).columns
        return cls(min(columns, WIDEST) if columns else None, is_terminal and may_colour())

    def style(self, text: str, colour: str | None = None, *, bold: bool = False) -> str:
        """Return the text with colour codes, if there are colours."""
        return typer.style(text, fg=colour, bold=bold or None) if self.has_colours else text

    def mark_code(self, text: str) -> str:
        """Return the text with its code in colour, and without the backticks around it."""
        if not self.has_colours:
            return text
        return _CODE.sub(lambda code: self.style(code[1], "cyan"), text)


def typeset_rules(rules: Sequence[Rule], paper: Paper) -> str:
    """Return a line for each rule, with the fault wrapped in its column, or below if it is narrow.

    Args:
        rules: what to list.
        paper: where it is shown.
    """
    name_width = max(len(rule.name) for rule in rules)
    left = len("IOU101") + len("warning") + name_width + 3 * len(_GAP)
    lines = []
    for rule in rules:
        severity = paper.style(f"{rule.severity:<7}", COLOURS[rule.severity])
        head = [rule.code, severity, f"{rule.name:<{name_width}}"]
        if paper.width is None:
            lines.append(_GAP.join([*head, rule.claim]))
        elif paper.width - left >= LEAST_COLUMN:
            first, *more = textwrap.wrap(rule.claim, paper.width - left, break_on_hyphens=False)
            lines.append(_GAP.join([*head, first]))
            lines += [" " * left + line for line in more]
        else:
            lines.append(_GAP.join(head).rstrip())
            lines += textwrap.wrap(
                rule.claim,
                paper.width,
                initial_indent=" " * 8,
                subsequent_indent=" " * 8,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def typeset_manual(rule: Rule, manual: str, paper: Paper) -> str:
    """Return the manual of a rule: paragraphs filled to the width, code as it is.

    Args:
        rule: whose manual it is.
        manual: its text; paragraphs with indented lines are code.
        paper: where it is shown.
    """
    severity = paper.style(rule.severity.value, COLOURS[rule.severity])
    parts = [f"{paper.style(f'{rule.code} {rule.name}', bold=True)} ({severity})"]
    for paragraph in manual.split("\n\n"):
        if any(line.startswith(" ") for line in paragraph.split("\n")):
            parts.append(paper.style(paragraph, "cyan"))
        elif paper.width is None:
            parts.append(paragraph)
        else:
            parts.append(paper.mark_code(_fill(paragraph, paper.width)))
    return "\n\n".join(parts)


def _fill(paragraph: str, width: int) -> str:
    """Return the paragraph in lines of the width; a piece of code stays on one line if it can."""
    glue = "\xa0"
    glued = _CODE.sub(lambda code: code[0].replace(" ", glue), " ".join(paragraph.split()))
    lines = textwrap.wrap(glued, width, break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines).replace(glue, " ")
