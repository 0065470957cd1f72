"""The report as JUnit XML: one test case for each rule, so that a rule that passed is seen too.

An error is a failure. Warnings and notes do not fail a test: they stand in the output of a test
case that passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from iou_doctor.render._wording import number, printable
from iou_doctor.report.finding import Finding, Outcome, Severity, Status
from iou_doctor.report.report import Report


def render(report: Report) -> str:
    """Return an XML document with one suite for the pair of arrays."""
    cases = [_case(outcome, report) for outcome in report.outcomes]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = ET.Element("testsuites", {"name": "iou-doctor", **counts})
    name = printable(f"{report.predictions.path} × {report.masks.path}")
    suite = ET.SubElement(root, "testsuite", {"name": name, **counts})
    suite.append(_properties(report))
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = printable(report.verdict.summary)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _properties(report: Report) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in (
        ("version", report.version),
        ("metric", "raises" if report.metric.error else number(report.metric.value)),
        ("mean_iou", number(report.mean_iou)),
        ("mean_iou_after_all", number(report.verdict.mean_iou_after_all)),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    return properties


def _case(outcome: Outcome, report: Report) -> ET.Element:
    rule = outcome.rule
    case = ET.Element(
        "testcase",
        {"classname": printable(report.predictions.path), "name": f"{rule.code} {rule.name}"},
    )
    if outcome.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", {"message": printable(outcome.reason or "")})
    findings = [finding for finding in report.findings if finding.rule.code == rule.code]
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    others = [finding for finding in findings if finding.severity is not Severity.ERROR]
    if errors:
        message = printable(errors[0].message)
        failure = ET.SubElement(case, "failure", {"type": "error", "message": message})
        failure.text = _text(errors)
    if others:
        ET.SubElement(case, "system-out").text = _text(others)
    return case


def _text(findings: Sequence[Finding]) -> str:
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.severity}: {finding.message}")
        lines += [finding.evidence] if finding.evidence else []
        lines.append(f"help: {finding.help}")
    return printable("\n".join(lines))
