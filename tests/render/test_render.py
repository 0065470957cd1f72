"""Each format of one and the same report, compared with a file."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from iou_doctor.render import concise, console, json_v1, terminal
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


def test_concise(report, snapshot):
    snapshot("concise.txt", concise.render(report))


def test_json(report, snapshot):
    snapshot("report.json", json_v1.render(report))


def test_json_has_the_public_keys_in_order(report):
    document = json.loads(json_v1.render(report))
    assert list(document) == [
        "schema_version",
        "tool",
        "verdict",
        "inputs",
        "reading",
        "pixels",
        "scores",
        "metric",
        "contracts",
        "findings",
        "rules",
    ]
    assert list(document["verdict"]) == ["status", "primary", "summary", "mean_iou_after_all"]
    assert list(document["inputs"]["masks"]) == [
        "path",
        "format",
        "shape",
        "dtype",
        "encoding",
        "class_axis",
    ]
    assert {rule["status"] for rule in document["rules"]} == {"passed", "fired", "skipped"}
