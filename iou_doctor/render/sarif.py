"""The report as SARIF 2.1.0 with the findings only, for GitHub's code scanning.

Code scanning treats every result as an alert, whatever its `kind`, so a rule that passed would be
an alert too. The format `sarif-all` includes those rules, for readers that respect `kind`.
"""

from __future__ import annotations

import json
import os
from urllib.parse import quote

from iou_doctor.render.shared.locations import compute_fingerprints, order_by_suspicion, split_path
from iou_doctor.render.shared.wording import find_severity, list_remarks
from iou_doctor.report.finding import Finding, Rule
from iou_doctor.report.report import Input, Report
from iou_doctor.report.version import REPOSITORY
from iou_doctor.safety.safe_text import escape_json

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
REPOSITORY_VARIABLE = "IOU_DOCTOR_REPOSITORY"
"""The environment variable in which the GitHub action says where it comes from."""


def render(report: Report) -> str:
    """Return a log with one run that has a result for each finding."""
    return build_log(report, build_failures(report))


def build_log(report: Report, results: list[dict[str, object]]) -> str:
    """Return the text of a log with these results, and with the rules that they are of."""
    used = {result["ruleId"] for result in results}
    rules = [outcome.rule for outcome in report.outcomes if outcome.rule.code in used]
    places = {rule.code: index for index, rule in enumerate(rules)}
    results = [result | {"ruleIndex": places[str(result["ruleId"])]} for result in results]
    repository = find_repository()
    run = {
        "tool": {
            "driver": {
                "name": "iou-doctor",
                "version": report.version,
                **({"informationUri": repository} if repository else {}),
                "rules": [_build_rule(rule, report, repository) for rule in rules],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "artifacts": [{"location": _build_artifact(array)} for array in _list_files(report)],
        "results": results,
        "properties": {
            "verdict": report.verdict.summary,
            "metric": report.metric.value,
            "meanIou": report.mean_iou,
            "meanIouAfterAll": report.verdict.mean_iou_after_all,
        },
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return escape_json(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def build_failures(report: Report) -> list[dict[str, object]]:
    """Return a result for each root cause; what follows from it is in the result."""
    return [
        _build_failure(finding, fingerprint, report)
        for finding, fingerprint in compute_fingerprints(report)
        if finding.rule.name not in report.consequences
    ]


def build_locations(array: Input) -> list[dict[str, object]]:
    """Return the location of an array; its name inside a file is a logical location."""
    file, name = split_path(array)
    place: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _make_uri(file)},
            "region": {"startLine": 1},  # code scanning shows no result without a line
        }
    }
    if name:
        place["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    return [place]


def _build_failure(finding: Finding, fingerprint: str, report: Report) -> dict[str, object]:
    accused, other = order_by_suspicion(finding, report)
    repair = finding.repair
    return {
        "ruleId": finding.rule.code,
        "kind": "fail",
        "level": find_severity(finding, report).value,
        "message": {"text": "\n".join(list_remarks(finding, report))},
        "locations": build_locations(accused),
        "relatedLocations": build_locations(other),
        # code scanning reads the first; without it, it would compute one from a line of the file
        "partialFingerprints": {
            "primaryLocationLineHash": f"{fingerprint[:16]}:1",
            "iouDoctor/v1": fingerprint,
        },
        "properties": {
            "facts": dict(finding.facts),
            "repair": repair.name if repair else None,
            "meanIouAfter": repair.mean_iou_after if repair else None,
            "explains": list(report.explains.get(finding.rule.name, ())),
        },
    }


def find_repository() -> str | None:
    """Return the address of the repository with the manuals of the rules; `None` if unknown."""
    address = (os.environ.get(REPOSITORY_VARIABLE) or REPOSITORY).rstrip("/")
    is_server = address.count("/") <= 2  # of an action that is in the workflow's own repository
    return None if is_server or "/OWNER/" in address else address


def _build_rule(rule: Rule, report: Report, repository: str | None) -> dict[str, object]:
    """Return a rule with its whole manual, and with a link to it if its address is known."""
    page = f"{repository}/blob/main/docs/rules.md#{rule.code.lower()}"
    manual = report.manuals.get(rule.code) or rule.claim
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.claim},
        "fullDescription": {"text": " ".join(manual.split("\n\n")[0].split())},
        "help": {"text": manual, "markdown": manual},
        **({"helpUri": page} if repository else {}),
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _list_files(report: Report) -> list[Input]:
    """Return the arrays without those that share the file of another one."""
    by_file = {split_path(array)[0]: array for array in (report.masks, report.predictions)}
    return list(reversed(by_file.values()))


def _build_artifact(array: Input) -> dict[str, object]:
    return {"uri": _make_uri(split_path(array)[0])}


def _make_uri(file: str) -> str:
    """Return a path as a URI: a relative path stays relative, others get the scheme `file`."""
    uri = quote(file, errors="surrogateescape")
    if file.startswith("/"):
        return f"file://{uri}"
    return f"file:///{uri.replace('%3A', ':', 1)}" if file[1:3] == ":/" else uri
