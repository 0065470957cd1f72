"""Keep names from controlling what shows them: a terminal, a log of CI, or a reader's eye.

The names of arrays, images and classes come from files, and a file name may hold anything but `/`.
"""

from __future__ import annotations

import re

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f"
"""Control characters but tab and line feed; a terminal acts on some of them."""
_INVISIBLE = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""Characters that reverse the direction of text or break lines."""
UNSAFE = re.compile(f"[{_CONTROL}{_INVISIBLE}]")
"""Characters that no output holds as they are."""
_NOT_ON_ONE_LINE = re.compile(f"[\t\n{_CONTROL}{_INVISIBLE}\ud800-\udfff]")
_COLOUR_CODE = r"\x1b\[[0-9;]*m"
_UNSAFE_BUT_COLOURS = re.compile(f"({_COLOUR_CODE})|[{_CONTROL}{_INVISIBLE}]")
_COMMAND_START = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE)
"""The beginning of a workflow command of GitHub, which has to be at the start of a line."""
_COMMAND_INSIDE = re.compile(r"##(?=\[|vso\[)")
"""The beginning of a workflow command of Azure, and of GitHub's older ones, anywhere in a line."""
LONGEST_LINE = 2000
"""The maximum length of an error in characters: it may hold what the user typed."""


def escape_name(text: str) -> str:
    r"""Return a name on one line, with unsafe characters as in Python: `a\nb`, `\u202e`."""
    return _NOT_ON_ONE_LINE.sub(_spell, text)


def escape_line(text: str) -> str:
    """Return a message on one line, without unsafe characters and workflow commands."""
    line = break_commands(escape_name(text))
    half = LONGEST_LINE // 2  # the beginning names what is wrong, the end says what would work
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} … {line[-half:]}"


def escape_report(text: str) -> str:
    """Return lines of text without unsafe characters and workflow commands.

    The colours of a terminal stay.
    """
    return break_commands(_UNSAFE_BUT_COLOURS.sub(lambda found: found[1] or _spell(found), text))


def escape_json(text: str) -> str:
    r"""Return the same JSON with unsafe characters as `\u202e`, and no workflow commands."""
    text = UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return _COMMAND_INSIDE.sub(r"#\\u0023", text)


def break_commands(text: str) -> str:
    """Return a text in which no line is a workflow command for CI; a backslash is inserted."""
    return _COMMAND_INSIDE.sub(r"#\\#", _COMMAND_START.sub(r"\1\\:", text))


def _spell(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
