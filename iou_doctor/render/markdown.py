"""The report as Markdown, made for a comment on a pull request or merge request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from iou_doctor.render._wording import (
    assumed,
    class_name,
    consequences,
    explained_by,
    means,
    number,
    pixel_counts,
    printable,
    repair_alone,
    roots,
    share,
    three_numbers,
    worst_classes,
)
from iou_doctor.render.others import groups
from iou_doctor.report.finding import Finding, Severity, Status
from iou_doctor.report.report import Report

SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.NOTE: "🔵"}
FITTING = 60_000
"""Characters of the whole; GitHub refuses a comment of more than 65,536."""
MOST_CLASSES = 100
"""Rows of the class table: some 6,000 characters."""
LONGEST = 1500
"""Characters of one text, so that one finding does not push out the others."""
CODE = re.compile(r"(`[^`]+`)")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")


def render(report: Report) -> str:
    """Return the verdict, the three numbers, the findings, and the rest folded away."""
    sign, status = ("❌", "sick") if report.verdict.sick else ("✅", "healthy")
    files = f"{_code(report.predictions.path)} × {_code(report.masks.path)}"
    numbers = _table(("", "mean IoU", ""), (1,), three_numbers(report))
    parts = [
        f"### {sign} {status}: {_text(report.verdict.summary)}",
        files,
        numbers,
        *_findings(report),
        *_classes(report),
        *_contracts(report),
        _reading(report),
        _rules(report),
        f"<sub>iou-doctor {_text(report.version)}</sub>",
    ]
    return "\n\n".join(_fitting(parts)) + "\n"


def _fitting(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts that a comment has room for, each of them whole."""
    room = FITTING
    for part in parts:
        room -= len(part)
        if room < 0:
            yield "*The rest does not fit into a comment.*"
            return
        yield part


def _findings(report: Report) -> list[str]:
    parts = [_finding(finding, report) for finding in roots(report)]
    if others := consequences(report):
        body = "\n".join(_finding(finding, report) for finding in others)
        parts.append(_folded(f"Explained by these: {len(others)} more", body))
    return parts


def _finding(finding: Finding, report: Report) -> str:
    """Return a finding as an item of a list; its remarks are lines below it."""
    head = (
        f"{SIGNS[finding.severity]} **{finding.severity} {finding.rule.code} {finding.rule.name}**"
    )
    lines = [
        f"- {head}: {_text(finding.message)}",
        _text(finding.evidence or ""),
        f"**help:** {_text(finding.help)}",
    ]
    if alone := repair_alone(finding, report):
        lines.append(f"**repair:** {_text(alone)}")
    if others := explained_by(finding, report):
        lines.append(f"**explains:** {_text(others)}")
    return "  \n  ".join(line for line in lines if line)


def _classes(report: Report) -> list[str]:
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    shown = worst_classes(score, MOST_CLASSES)
    rows = [
        (
            class_name(entry, report),
            number(entry.iou),
            share(entry.truth_pixels, score.pixels.counted),
            share(entry.predicted_pixels, score.pixels.counted),
        )
        for entry in shown
    ]
    few = len(shown) < len(score.per_class)
    title = f"The {len(shown)} worst of {len(score.per_class)} classes" if few else "Classes"
    table = _table(("class", "IoU", "truth", "predicted"), (1, 2, 3), rows)
    return [_folded(title, f"{table}\n\n{' · '.join(means(score))}")]


def _contracts(report: Report) -> list[str]:
    """Return what other implementations report, grouped by the number."""
    rows = [(group.value, ", ".join(group.names), group.why) for group in groups(report)]
    if not rows:
        return []
    table = _table(("reports", "implementations", "why"), (), rows)
    return [_folded("What others would report", table)]


def _reading(report: Report) -> str:
    lines = [f"pixels: {' · '.join(pixel_counts(report.pixels))}"]
    lines += [_text(f"assumed {assumed(g)}: {g.why}") for g in report.reading.assumed]
    return _folded("Pixels, and what was assumed", "\n".join(f"- {line}" for line in lines))


def _rules(report: Report) -> str:
    count = {
        status: sum(outcome.status is status for outcome in report.outcomes) for status in Status
    }
    title = "Rules: " + ", ".join(f"{count[status]} {status}" for status in Status)
    rows = [
        (f"{outcome.rule.code} {outcome.rule.name}", outcome.reason or "")
        for outcome in report.outcomes
        if outcome.status is Status.SKIPPED
    ]
    table = _table(("skipped", "why"), (), rows) if rows else "Every rule could look."
    return _folded(title, table)


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _table(head: tuple[str, ...], right: tuple[int, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; the columns in `right` hold numbers."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    lines = [head, rule, *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Return a text that shows as it is, its `code` as code, on one line."""
    line = " ".join(printable(text).split())
    line = line if len(line) <= LONGEST else line[:LONGEST].rpartition(" ")[0] + " …"
    parts = CODE.split(line)
    return "".join(
        _code(part[1:-1]) if index % 2 else _plain(part) for index, part in enumerate(parts)
    )


def _plain(text: str) -> str:
    # a zero-width space after `@` keeps a class name from calling a person of that name
    return SPECIAL.sub(r"\\\1", text.replace("&", "&amp;")).replace("@", "@&#8203;")


def _code(text: str) -> str:
    """Return a code span, whatever the text holds; `<code>` where backticks do not serve."""
    line = " ".join(printable(text).split())
    if "`" in line or "|" in line or "\\" in line:
        return f"<code>{_plain(line)}</code>"
    return f"`{line}`"
