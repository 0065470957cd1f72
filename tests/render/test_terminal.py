"""The report for people: compared with files, at several widths, and in colour."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from iou_doctor.render import console, terminal
from iou_doctor.report.report import Report


def _text(report: Report, width: int, *, colour: bool = False, **options: bool) -> str:
    screen = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    # a file in memory has no encoding of its own; rich then speaks UTF-8
    return terminal.render(report, screen, **options)


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_for_people(report, snapshot, width):
    text = _text(report, width)
    assert max(map(len, text.splitlines())) <= min(width, console.WIDEST)
    assert not any(line.endswith(" ") for line in text.splitlines())
    snapshot(f"terminal_{width}.txt", text)


def test_the_report_in_colour_is_the_same_text(report, snapshot):
    text = _text(report, 80, colour=True)
    snapshot("terminal_colour.txt", text)
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == _text(report, 80)


def test_verbose_shows_consequences_and_rules(report, snapshot):
    snapshot("terminal_verbose.txt", _text(report, 80, verbose=True))


def test_quiet_is_the_verdict_alone(report):
    words = _text(report, 80, quiet=True).split()
    assert words == ["✗", *report.verdict.summary.split()]


def test_a_narrow_terminal_breaks_nothing(report):
    assert "IOU201" in _text(report, 40)
