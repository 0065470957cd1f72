"""Names can neither control what shows them nor become commands of CI."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.safety.safe_text import (
    LONGEST_LINE,
    UNSAFE,
    escape_json,
    escape_line,
    escape_name,
    escape_report,
)

TEXTS = st.text(st.characters() | st.sampled_from("\n\t\r\x1b\x9b\u202e\u2028:#[ \udcff"))
FORBIDDEN = f"[{UNSAFE}]"
COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("masks/straße 1.png", "masks/straße 1.png"),
        ("x\n::error::pwn", "x\\n::error::pwn"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("gnp.\u202e", "gnp.\\u202e"),
        ("\udcff\x07\x9b", "\\udcff\\x07\\x9b"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_a_name_is_one_line_and_readable(name, shown):
    assert escape_name(name) == shown


@given(TEXTS)
def test_nothing_unsafe_is_left(text):
    for shown in (escape_name(text), escape_line(text)):
        assert len(shown.splitlines()) <= 1
        assert not re.search(FORBIDDEN, shown)
    assert not re.search(FORBIDDEN, re.sub(r"\x1b\[[0-9;]*m", "", escape_report(text)))
    assert not COMMAND.search(escape_report(text))
    assert not COMMAND.search(escape_line(text))


@given(TEXTS)
def test_json_keeps_its_meaning(text):
    document = json.dumps([text, {text: 1}], ensure_ascii=False, indent=1)
    shown = escape_json(document)
    assert json.loads(shown) == json.loads(document)
    assert not re.search(FORBIDDEN, shown)
    assert not COMMAND.search(shown)


def test_colours_and_line_breaks_of_a_report_stay():
    text = "\x1b[1;31msick\x1b[0m\n\n    indented: a::b\n"
    assert escape_report(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\::error::x"),
        ("a\n  ::set-output name=x::y", "a\n  \\::set-output name=x::y"),
        ("p.npz::x ##[error]y", "p.npz::x #\\#[error]y"),
        ("##vso[task.complete]", "#\\#vso[task.complete]"),
    ],
)
def test_a_command_of_ci_is_broken(text, shown):
    assert escape_report(text) == shown


def test_a_long_error_is_cut():
    assert escape_line("x" * LONGEST_LINE) == "x" * LONGEST_LINE
    line = escape_line(f"begin{'x' * LONGEST_LINE}end")
    assert len(line) == LONGEST_LINE + 3
    assert line.startswith("begin")
    assert line.endswith("end")
