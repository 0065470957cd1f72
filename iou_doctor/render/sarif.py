"""The report as SARIF 2.1.0, fit for GitHub's code scanning: findings only.

Code scanning takes every result for an alert, whatever its `kind` says, so that a rule that passed
would be an alert too. `sarif-all` writes those as well, for readers that know `kind`.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from iou_doctor.render._places import accused_first, file_and_name, fingerprints
from iou_doctor.report.finding import Finding, Rule
from iou_doctor.report.report import Input, Report

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(report: Report) -> str:
    """Return a log with one run, and in it one result for each finding."""
    return log(report, failures(report))


def log(report: Report, results: list[dict[str, Any]]) -> str:
    """Return the text of a log that holds these results."""
    run = {
        "tool": {
            "driver": {
                "name": "iou-doctor",
                "version": report.version,
                "rules": [_rule(outcome.rule, report) for outcome in report.outcomes],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [{"location": _artifact(array)} for array in _files(report)],
        "results": results,
        "properties": {
            "verdict": report.verdict.summary,
            "metric": report.metric.value,
            "meanIou": report.mean_iou,
            "meanIouAfterAll": report.verdict.mean_iou_after_all,
        },
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def failures(report: Report) -> list[dict[str, Any]]:
    """Return a result for each finding, root cause first."""
    return [_failure(finding, mark, report) for finding, mark in fingerprints(report)]


def locations(array: Input) -> list[dict[str, Any]]:
    """Return the one place that an array has; its name inside a file is a logical location."""
    file, name = file_and_name(array)
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": 1},  # code scanning shows no result without a line
        }
    }
    if name:
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    return [place]


def _failure(finding: Finding, mark: str, report: Report) -> dict[str, Any]:
    accused, other = accused_first(finding, report)
    lines = [finding.message, finding.evidence, f"help: {finding.help}"]
    repair = finding.repair
    return {
        **which_rule(finding.rule, report),
        "kind": "fail",
        "level": finding.severity.value,
        "message": {"text": "\n".join(line for line in lines if line)},
        "locations": locations(accused),
        "relatedLocations": locations(other),
        # code scanning reads the first, which it would else compute from a line of the file
        "partialFingerprints": {"primaryLocationLineHash": f"{mark[:16]}:1", "iouDoctor/v1": mark},
        "properties": {
            "facts": dict(finding.facts),
            "repair": repair.name if repair else None,
            "meanIouAfter": repair.mean_iou_after if repair else None,
            "explains": list(report.explains.get(finding.rule.name, ())),
        },
    }


def which_rule(rule: Rule, report: Report) -> dict[str, Any]:
    """Return the keys of a result that say of which rule it is."""
    codes = [outcome.rule.code for outcome in report.outcomes]
    return {"ruleId": rule.code, "ruleIndex": codes.index(rule.code)}


def _rule(rule: Rule, report: Report) -> dict[str, Any]:
    manual = report.manuals.get(rule.code) or rule.claim
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.claim},
        "fullDescription": {"text": " ".join(manual.split("\n\n")[0].split())},
        "help": {"text": manual, "markdown": manual},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _files(report: Report) -> list[Input]:
    """Return the arrays, one for each file."""
    by_file = {file_and_name(array)[0]: array for array in (report.masks, report.predictions)}
    return list(reversed(by_file.values()))


def _artifact(array: Input) -> dict[str, Any]:
    return {"uri": _uri(file_and_name(array)[0])}


def _uri(file: str) -> str:
    """Return a path as a URI: relative as it was given, else with its scheme."""
    uri = quote(file, errors="surrogateescape")
    if file.startswith("/"):
        return f"file://{uri}"
    return f"file:///{uri.replace('%3A', ':', 1)}" if file[1:3] == ":/" else uri
