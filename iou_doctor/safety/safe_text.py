"""Keep names from controlling what shows them: a terminal, a log of CI, or a reader's eye.

The names of arrays, images and classes come from files, and a file name may hold anything but `/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they reverse the direction of text
    "\u2028\u2029"  # they break lines
)
"""Characters that no output holds as they are, for a set in a regular expression."""
LONGEST_LINE = 2000
"""The maximum length of an error in characters: it may hold what the user typed."""
_COLOUR_CODE = r"\x1b\[[0-9;]*m"
_COMMAND_START = r"(?m)^([ \t]*):(?=:)"
"""The beginning of a workflow command of GitHub, which has to be at the start of a line."""
_COMMAND_INSIDE = r"##(?=\[|vso\[)"
"""The beginning of a workflow command of Azure, and of GitHub's older ones, anywhere in a line."""
_SIGNED = r"(?i)(https?://[^\s?#'\"]*)[?#][^\s'\"]*"
"""An address with what follows a question mark, which may be a signature."""
_WITH_PASSWORD = r"(?i)(https?://|[a-z][a-z0-9+.-]{0,20}://(?=[^\s/@]*:))[^\s/]*@"
"""An address with a user, who may be a password on the web, or with a user and a password."""


def escape_name(text: str) -> str:
    r"""Return a name on one line, with unsafe characters as in Python: `a\nb`, `\u202e`."""
    if text.isprintable():
        return text
    return _compile(rf"[\t\n{UNSAFE}\ud800-\udfff]").sub(lambda found: _spell(found[0]), text)


def escape_line(text: str) -> str:
    """Return a message on one line, without unsafe characters and workflow commands."""
    line = break_commands(escape_name(text))
    half = LONGEST_LINE // 2  # the beginning names what is wrong, the end says what would work
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} … {line[-half:]}"


def escape_report(text: str) -> str:
    """Return lines of text without unsafe characters and workflow commands.

    The colours of a terminal stay.
    """
    if not _is_printable(text):
        unsafe = _compile(f"({_COLOUR_CODE})|[{UNSAFE}]")
        text = unsafe.sub(lambda found: found[1] or _spell(found[0]), text)
    return break_commands(text)


def escape_json(text: str) -> str:
    r"""Return the same JSON with unsafe characters as `\u202e`, and no workflow commands."""
    text = replace_unsafe(text, lambda character: f"\\u{ord(character):04x}")
    return _compile(_COMMAND_INSIDE).sub(r"#\\u0023", text)


def replace_unsafe(text: str, replace: Callable[[str], str]) -> str:
    """Return a text with `replace(character)` for each unsafe character."""
    if _is_printable(text):
        return text
    return _compile(f"[{UNSAFE}]").sub(lambda found: replace(found[0]), text)


def break_commands(text: str) -> str:
    """Return a text in which no line is a workflow command for CI; a backslash is inserted."""
    if "::" in text:
        text = _compile(_COMMAND_START).sub(r"\1\\:", text)
    return _compile(_COMMAND_INSIDE).sub(r"#\\#", text) if "##" in text else text


def _is_printable(text: str) -> bool:
    """Return whether all lines are certainly safe; a regular expression takes a while to build."""
    return all(map(str.isprintable, text.split("\n")))


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _spell(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def scrub(text: str) -> str:
    """Return the message of a library without passwords and signatures."""
    return re.sub(_SIGNED, r"\1", re.sub(_WITH_PASSWORD, r"\1", text))
