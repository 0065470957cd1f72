"""What a page shows that other formats do not: pictures, and the command that was run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from iou_doctor.cli.options import OUTPUT
from iou_doctor.cli.signature import CommandOptions, list_given

if TYPE_CHECKING:
    from iou_doctor.cli.check_options import CheckOptions
    from iou_doctor.report.report import Report

CONFIGURATION = "Configuration"
LEFT_OUT = frozenset({"jobs", "device", "pictures", "write_baseline"})
"""Options beside those of the panels `OUTPUT` and `CONFIGURATION` that change no number."""


def add_page(report: Report, options: CheckOptions) -> Report:
    """Return the report with what a page shows.

    Args:
        report: of the check.
        options: of the command.
    """
    from iou_doctor.pictures.gallery import build_gallery

    gallery = build_gallery(report, options.pictures)
    return replace(report, gallery=gallery, command=write_command("check", options))


def write_command(name: str, options: CommandOptions) -> str:
    """Return a command as one would type it, without options that change no number."""
    import shlex  # compiles a pattern that most checks do not use

    return shlex.join(["iou-doctor", name, *map(conceal_secrets, _list_words(options))])


def conceal_secrets(word: str) -> str:
    """Return an argument without the passwords and signatures that an address in it has."""
    if "://" not in word:
        return word
    from iou_doctor.sources.paths import split_name

    scheme = re.search(r"[a-zA-Z0-9+.-]+://", word)
    start = scheme.start() if scheme else 0
    path, name = split_name(word[start:])
    return word[:start] + path + (f"::{name}" if name else "")


def _list_words(options: CommandOptions) -> Iterator[str]:
    for declared, value in list_given(options):
        if declared.is_argument:
            yield str(value)
        elif declared.panel not in {OUTPUT, CONFIGURATION} and declared.name not in LEFT_OUT:
            for one in value if isinstance(value, (list, tuple)) else [value]:
                yield declared.option
                if one is not True:
                    yield str(one)
