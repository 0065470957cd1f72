"""Python in reports: recognise it, and break its lines where it stays the same code."""

from __future__ import annotations

from collections.abc import Iterable

INDENT = "    "
"""What a continued line starts with, beyond the indent of the line itself."""


def wrap_code(lines: Iterable[str], width: int) -> list[str]:
    """Return lines of Python, those that are too long broken behind commas inside brackets."""
    return [part for line in lines for part in _wrap_line(line, width)]


def _wrap_line(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + INDENT
    parts = [""]
    for piece in _split_at_commas(line):
        if parts[-1] and len(parts[-1]) + len(piece.rstrip()) > width:
            parts.append(indent)
        parts[-1] += piece.lstrip() if parts[-1] == indent else piece
    return [part.rstrip() for part in parts]


def _split_at_commas(line: str) -> list[str]:
    """Return a line in pieces that end behind a comma inside brackets."""
    pieces, depth, start = [], 0, 0
    for place, character in enumerate(line):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth:
            pieces.append(line[start : place + 2])
            start = place + 2
    return [*pieces, line[start:]]


def is_python(text: str) -> bool:
    """Return whether a help is Python and nothing else: statements, or a call."""
    import ast  # no report on a terminal needs it

    try:
        first = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return False
    if isinstance(first, ast.Expr):
        return isinstance(first.value, ast.Call)
    return isinstance(first, (ast.Assign, ast.Import, ast.ImportFrom))
