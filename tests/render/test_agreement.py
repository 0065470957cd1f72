"""The tick, the words and the counts of every format agree with the exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from build import diagnose
from checks.sick_arrays import SICK, T

from iou_doctor.cli.run import choose_exit_code
from iou_doctor.render import FORMATS
from iou_doctor.report.minimums import Minimums
from iou_doctor.report.report import Report

CASES = {
    "error": SICK["IOU201"],
    "warning": SICK["IOU503"],
    "note": SICK["IOU606"],
    "healthy": {"y_true": T, "y_pred": T},
    "below": {**SICK["IOU606"], "minimums": Minimums(mean=0.999)},
}
FAIL_ON = ("error", "warning", "note", "never")
FAILS = {
    "error": {"error", "warning", "note"},
    "warning": {"warning", "note"},
    "note": {"note"},
    "healthy": set(),
    "below": set(FAIL_ON),
}
"""The values of `--fail-on` with which the check of a case ends with 1."""
SIGNS = {"full": "✓", "markdown": "### ✅ healthy: ", "html": "✓ healthy</span>"}
"""What shows in a format for people that the check passes, and nothing else does."""
LINES = ("concise", "github")
"""The formats whose last line begins with the state."""


@pytest.fixture(scope="module", params=CASES)
def case(request) -> tuple[str, Report]:
    return request.param, diagnose(**CASES[request.param])


@pytest.mark.parametrize("fail_on", FAIL_ON)
def test_every_format_agrees_with_the_exit_code(case, fail_on, capsys):
    name, report = case[0], replace(case[1], fail_on=fail_on)
    fails = fail_on in FAILS[name]
    assert choose_exit_code(report) == fails
    assert (capsys.readouterr().err != "") == (name == "below")
    texts = {format_name: write(report) for format_name, write in FORMATS.items()}
    assert json.loads(texts["json"])["verdict"]["fails"] == fails
    suite = ET.fromstring(texts["junit"])
    assert (suite.get("failures") != "0") == fails == bool(list(suite.iter("failure")))
    passes = not fails and name != "error"
    for format_name, sign in SIGNS.items():
        assert (sign in texts[format_name]) == passes, format_name
    for format_name in LINES:
        assert (": healthy: " in texts[format_name].splitlines()[-1]) == passes, format_name
    explained = "exit code " in texts["full"]
    assert explained == (fails != report.verdict.sick)


def test_no_annotation_is_as_bad_as_an_error_where_there_is_none(case):
    name, report = case
    is_sick = name in {"error", "below"}
    assert report.verdict.sick == is_sick
    assert ("::error " in FORMATS["github"](report)) == is_sick
    levels = [one["level"] for one in json.loads(FORMATS["sarif"](report))["runs"][0]["results"]]
    assert ("error" in levels) == is_sick
    severities = [entry["severity"] for entry in json.loads(FORMATS["gitlab"](report))]
    assert ("critical" in severities) == is_sick


def test_the_same_report_gives_the_same_bytes(case):
    again = diagnose(**CASES[case[0]])
    for name, write in FORMATS.items():
        assert write(case[1]) == write(again), name
