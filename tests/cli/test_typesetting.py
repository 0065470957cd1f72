"""The list of rules and the manuals, at several widths, with and without colours."""

from __future__ import annotations

import re

import pytest
from run import run

from iou_doctor.checks.registry import load_checks
from iou_doctor.cli.lists.typesetting import Paper, typeset_manual, typeset_rules

CHECKS = load_checks()
RULES = [check.rule for check in CHECKS]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [60, 80, 100, None])
def test_every_rule_is_whole_at_every_width(width):
    text = typeset_rules(RULES, Paper(width, has_colours=False))
    assert width is None or max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    if width is None:
        assert len(text.splitlines()) == len(RULES)
        assert all(rule.claim in words for rule in RULES)
    for rule in RULES:
        start = words.index(rule.code)
        end = words.find(f" IOU{int(rule.code[3:]) + 1}", start)
        entry = words[start : end if end > 0 else None]
        assert entry.startswith(f"{rule.code} {rule.severity} {rule.name}")
        assert rule.claim in entry


@pytest.mark.parametrize("width", [60, 100])
def test_manuals_are_filled_and_code_stays_as_it_is(width):
    for check in CHECKS:
        text = typeset_manual(check.rule, check.manual, Paper(width, has_colours=False))
        assert text.split() == [
            *(check.rule.code, check.rule.name, f"({check.rule.severity})"),
            *check.manual.split(),
        ]
        code = [line for line in check.manual.splitlines() if line.startswith("    ")]
        lines = text.splitlines()
        assert [line for line in lines if line.startswith("    ")] == code
        assert all(len(line) <= width for line in lines if not line.startswith(" "))


def test_colours_take_the_place_of_backticks():
    check = next(check for check in CHECKS if check.rule.code == "IOU201")
    text = typeset_manual(check.rule, check.manual, Paper(80, has_colours=True))
    assert "\x1b[36mMeanIoU\x1b[0m" in text
    assert "`" not in text
    plain = typeset_manual(check.rule, check.manual, Paper(80, has_colours=False))
    assert COLOURS.sub("", text) == plain.replace("`", "")
    listed = typeset_rules(RULES, Paper(80, has_colours=True))
    assert COLOURS.sub("", listed) == typeset_rules(RULES, Paper(80, has_colours=False))


def test_the_help_cuts_no_sentence_and_says_where_to_start():
    text = run("--help", COLUMNS="80").stdout
    assert "..." not in text.partition("Commands:")[2]
    assert "Start here:\n  iou-doctor check PREDICTIONS MASKS" in text
    both = text + run("check", "--help", COLUMNS="80").stdout
    assert max(map(len, both.splitlines())) <= 80
