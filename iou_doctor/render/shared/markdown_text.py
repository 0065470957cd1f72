"""Texts, code and tables of Markdown, in which nothing from outside is markup."""

from __future__ import annotations

import re
from collections.abc import Iterable

from iou_doctor.render.shared.wording import replace_unprintable

LONGEST_TEXT = 1500
"""The maximum length of one text, so that one finding does not displace the others."""
CODE = re.compile(r"(`[^`]+`)")
"""A piece of code between backticks, as messages and help texts have it."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")
"""Characters that Markdown, HTML or GitHub's formulas would interpret."""


def fold(title: str, body: str) -> str:
    """Return a body that is folded away below its title."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def write_table(
    head: tuple[str, ...], right: tuple[int, ...], rows: Iterable[tuple[str, ...]]
) -> str:
    """Return a table; the columns in `right` are aligned right."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [head, rule, *([write_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_text(text: str) -> str:
    """Return a text on one line, escaped, with what is in backticks as code."""
    line = " ".join(replace_unprintable(text).split())
    line = line if len(line) <= LONGEST_TEXT else line[:LONGEST_TEXT].rpartition(" ")[0] + " …"
    parts = CODE.split(line)
    return "".join(
        write_code(part[1:-1]) if index % 2 else escape(part) for index, part in enumerate(parts)
    )


def escape(text: str) -> str:
    """Return a text in which nothing is markup, and nobody is mentioned."""
    # a zero-width space after `@` keeps a class name from mentioning a user of that name
    return SPECIAL.sub(r"\\\1", text.replace("&", "&amp;")).replace("@", "@&#8203;")


def write_code(text: str) -> str:
    """Return a text as code: between backticks, or in `<code>` if it holds special characters."""
    line = " ".join(replace_unprintable(text).split())
    if "`" in line or "|" in line or "\\" in line:
        return f"<code>{escape(line)}</code>"
    return f"`{line}`"
