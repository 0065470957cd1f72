"""The report as JUnit XML: one test case for each rule, including the rules that passed.

An error is a failure. Warnings and notes do not fail their test case; they are its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from iou_doctor.render.shared.wording import format_score, replace_unprintable
from iou_doctor.report.finding import Finding, Outcome, Severity, Status
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
    ET.SubElement(suite, "system-out").text = replace_unprintable(report.verdict.summary)
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
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    others = [finding for finding in findings if finding.severity is not Severity.ERROR]
    if errors:
        message = replace_unprintable(errors[0].message)
        failure = ET.SubElement(case, "failure", {"type": "error", "message": message})
        failure.text = _describe(errors)
    if others:
        ET.SubElement(case, "system-out").text = _describe(others)
    return case


def _describe(findings: Sequence[Finding]) -> str:
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.severity}: {finding.message}")
        lines += [finding.evidence] if finding.evidence else []
        lines.append(f"help: {finding.help}")
    return replace_unprintable("\n".join(lines))
