"""The finding of each rule on its sick arrays: all of its text, and whether its help works.

Read a snapshot as a user would before you accept it: does it name the cause and the way out?
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from build import diagnose, found, names
from checks.sick_arrays import SICK
from help_code import CODE, run_help

from iou_doctor.checks.registry import load_checks, load_consequences
from iou_doctor.repairs.table import to_json
from iou_doctor.report.finding import Symptom

NAMES = {check.rule.code: check.rule.name for check in load_checks()}
METRIC = re.compile(r"(?:^|: )(keras\.metrics\.\w+\([^;]*?\)(?=$|,| ))")
"""A call of a metric, at the start of a help or after a colon."""
OPTION = re.compile(r"(?:^|[; ])(?:--)?(num_classes|ignore-index)[= ](-?\d+)")

"""An option with its value: `--ignore-index 255`, or `num_classes=3`."""
THRESHOLD = re.compile(r"(threshold=[\d.]+) in (\w+)")
"""An argument of the metric and the metric's name."""
NOT_EXECUTED = {
    "IOU101": "only the user knows which size is right",
    "IOU102": "the missing samples have to be predicted",
    "IOU107": "names the size; the ways to resize are many",
    "IOU108": "the arguments have to change places",
    "IOU109": "the options are in the baseline",
    "IOU204": "needs the logits",
    "IOU205": "needs the scores before the second softmax",
    "IOU206": "the model has to be trained again",
    "IOU207": "the values are lost",
    "IOU208": "needs the scores before the argmax",
    "IOU209": "needs the scores before the sigmoid",
    "IOU211": "needs the predictions before they were resized",
    "IOU212": "the ids have to be saved in place of the colours",
    "IOU216": "asks for other files",
    "IOU217": "the model has to be trained again",
    "IOU305": "needs the masks before they were resized",
    "IOU307": "lists only the first colours of the palette",
    "IOU308": "the picture files have to be read again",
    "IOU312": "the masks have to be encoded again",
    "IOU408": "needs the table of the data set",
    "IOU501": "the files have to be listed again in order",
    "IOU503": "the images have to be resized again",
    "IOU504": "the tiles have to be put together again",
    "IOU505": "the box to score depends on the data set",
    "IOU506": "only the user knows whether a sample is counted twice on purpose",
    "IOU507": "the predictions have to be saved again",
    "IOU510": "only the user can look at the image",
    "IOU601": "says what others do",
    "IOU603": "the metric has to be called otherwise",
    "IOU604": "shows how to count by hand; nothing is wrong with the arrays",
    "IOU605": "only the user knows the meaning of the labels",
    "IOU606": "the scores have to be computed otherwise",
    "IOU607": "shows how to look at one mask",
    "IOU611": "only the user knows whether the ignored pixels matter",
    "IOU608": "asks the user to look at the assumptions",
    "IOU609": "asks the user to look for the reason",
    "IOU610": "points to another part of the report",
    "IOU701": "the training has to change",
    "IOU702": "the training has to change",
    "IOU703": "the training has to change",
    "IOU704": "the arrays do not show the cause",
    "IOU801": "the model has to change",
    "IOU802": "states how to read the output of a healthy model",
    "IOU803": "the model has to change",
    "IOU804": "the model has to change",
}
"""The rules whose help cannot be executed on the arrays, and why."""

EXECUTABLE_IN_PART = ["IOU108", "IOU408", "IOU802"]
"""The helps among these whose code is for arrays with another meaning, or is not enough alone."""


@cache
def report_of(code):
    return diagnose(**SICK[code])


def rounded(value):
    """Return JSON values with 6 significant digits: the last ones differ between machines."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def shown(symptoms):
    """Return the names of symptoms, or `none`."""
    return " | ".join(one.name for one in Symptom if symptoms and one in symptoms) or "none"


def as_text(finding):
    rule = finding.rule
    lines = [
        f"{rule.code} {rule.name}, {finding.severity}: {rule.claim}",
        "",
        f"message: {finding.message}",
        f"evidence: {finding.evidence}",
        f"help: {finding.help}",
        "",
        "facts:",
        *(f"    {name}: {json.dumps(rounded(value))}" for name, value in finding.facts.items()),
    ]
    if repair := finding.repair:
        known = f"{repair.num_classes=} {repair.ignore_index=}".replace("repair.", "")
        kind = "safe" if repair.safe else "not safe"
        after = rounded(repair.mean_iou_after)
        lines += ["", f"repair: {repair.name} ({kind})"]
        lines += [f"    {json.dumps(rounded(to_json(step)))}" for step in repair.steps]
        lines += [f"    {known}", f"    mean IoU after it: {after}, {repair.estimated=}"]
    lines += ["", f"symptom: {shown(rule.symptom)}", f"explains: {shown(rule.explains)}"]
    lines += [f"also explains: {name}" for name in sorted(rule.also_explains)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("code", SICK)
def test_the_finding_is_that_of_the_snapshot(code, snapshot):
    report = report_of(code)
    snapshot(f"{code}.txt", as_text(found(report, NAMES[code])))


def test_each_snapshot_is_that_of_a_rule():
    stems = {path.stem for path in (Path(__file__).parent / "snapshots").iterdir()}
    assert stems == {*SICK, "consequences"}


def test_the_consequences_of_each_rule_are_those_of_the_snapshot(snapshot):
    consequences = load_consequences()
    lines = [f"{name}: {', '.join(sorted(consequences[name]))}" for name in sorted(consequences)]
    snapshot("consequences.txt", "\n".join(lines) + "\n")


def ways_out(code):
    """Yield the arguments of `diagnose` after each thing to do that the help names in code."""
    arrays, help_text = SICK[code], found(report_of(code), NAMES[code]).help
    options = {
        name.replace("-", "_"): int(value)
        for name, value in OPTION.findall(METRIC.sub("", help_text))
    }
    if "declare no ignore label" in help_text:
        options["ignore_index"] = None
    if call := METRIC.search(help_text):
        yield {**arrays, **options, "metric": call[1]}
    if place := THRESHOLD.search(help_text):
        yield {**arrays, "metric": f"{place[2]}({place[1]})"}
    if CODE.search(help_text):
        masks, predictions = run_help(
            help_text, masks=np.asarray(arrays["y_true"]), predictions=np.asarray(arrays["y_pred"])
        )
        yield {**arrays, "y_true": masks, "y_pred": predictions, **options}
    elif not call:
        yield from ({**arrays, name: value} for name, value in options.items())


@pytest.mark.parametrize("code", [code for code in SICK if code not in NOT_EXECUTED])
def test_the_help_removes_the_fault_and_reaches_the_score_of_the_repair(code):
    ways = list(ways_out(code))
    assert ways, f"the help of {code} has no code; say in NOT_EXECUTED why"
    reports = [diagnose(**way) for way in ways]
    assert [NAMES[code] in names(report) for report in reports] == [False] * len(ways)
    repair = found(report_of(code), NAMES[code]).repair
    if repair and repair.mean_iou_after is not None:
        # the other way, if there is one, is for arrays with another meaning
        assert pytest.approx(repair.mean_iou_after) == reports[0].mean_iou


def test_helps_that_are_not_executed_hold_no_code_that_removes_the_fault():
    assert set(NOT_EXECUTED) <= set(SICK)
    assert [code for code in NOT_EXECUTED if list(ways_out(code))] == EXECUTABLE_IN_PART
