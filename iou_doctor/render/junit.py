"""The report as JUnit XML: one test case for each rule, including the rules that passed.

A finding that fails the check is a failure: an error, unless `--fail-on` says otherwise. What is
less severe, or follows from another finding, does not fail its test case and is its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from iou_doctor.render.shared.wording import (
    find_severity,
    format_score,
    list_remarks,
    name_status,
    replace_unprintable,
)
from iou_doctor.report.finding import Finding, Outcome, Status
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import break_commands


def render(report: Report) -> str:
    """Return an XML document with one suite for the pair of arrays."""
    cases = [_build_case(outcome, report) for outcome in report.outcomes]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = ET.Element("testsuites", {"name": "iou-doctor", **counts})
    name = replace_unprintable(f"{report.predictions.path} × {report.masks.path}")
    suite = ET.SubElement(root, "testsuite", {"name": name, **counts})
    suite.append(_build_properties(report))
    suite.extend(cases)
    lines = [f"{name_status(report)}: {report.verdict.summary}"]
    lines += report.block.lines if report.block else ()
    ET.SubElement(suite, "system-out").text = replace_unprintable("\n".join(lines))
    ET.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + break_commands(ET.tostring(root, "unicode"))
        + "\n"
    )


def _build_properties(report: Report) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in (
        ("version", report.version),
        ("metric", "raises" if report.metric.error else format_score(report.metric.value)),
        ("mean_iou", format_score(report.mean_iou)),
        ("mean_iou_after_all", format_score(report.verdict.mean_iou_after_all)),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    return properties


def _build_case(outcome: Outcome, report: Report) -> ET.Element:
    rule = outcome.rule
    case = ET.Element(
        "testcase",
        {
            "classname": replace_unprintable(report.predictions.path),
            "name": f"{rule.code} {rule.name}",
        },
    )
    if outcome.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", {"message": replace_unprintable(outcome.reason or "")})
    findings = [finding for finding in report.findings if finding.rule.code == rule.code]
    failing = [finding for finding in findings if _fails(finding, report)]
    others = [finding for finding in findings if finding not in failing]
    if failing:
        message = replace_unprintable(failing[0].message)
        kind = find_severity(failing[0], report).value
        failure = ET.SubElement(case, "failure", {"type": kind, "message": message})
        failure.text = _describe(failing, report)
    if others:
        ET.SubElement(case, "system-out").text = _describe(others, report)
    return case


def _fails(finding: Finding, report: Report) -> bool:
    """Return whether a finding is a cause for the exit code 1."""
    if finding.rule.name in report.consequences:
        return False
    severity = find_severity(finding, report)
    return replace(report, findings=(replace(finding, severity_override=severity),)).fails


def _describe(findings: Sequence[Finding], report: Report) -> str:
    lines: list[str] = []
    causes = {name: cause for cause, names in report.explains.items() for name in names}
    for finding in findings:
        cause = causes.get(finding.rule.name)
        first, *rest = list_remarks(finding, report)
        lines += [f"follows from {cause}"] if cause else []
        lines += [f"{finding.severity}: {first}", *rest]
    return replace_unprintable("\n".join(lines))
