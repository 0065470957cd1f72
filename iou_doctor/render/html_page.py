"""The report as one HTML page: no scripts, nothing from outside, in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from importlib import resources

from iou_doctor.metrics.score import ClassScore
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
)
from iou_doctor.render.others import groups
from iou_doctor.report.finding import Finding, Status
from iou_doctor.report.report import Report

CODE = re.compile(r"`([^`]+)`")


def render(report: Report) -> str:
    """Return the page, its style included."""
    style = resources.files("iou_doctor.render").joinpath("html_page.css").read_text("utf-8")
    title = f"iou-doctor: {report.predictions.path} × {report.masks.path}"
    parts = [
        _header(report),
        _numbers(report),
        *_findings(report),
        *_classes(report),
        *_contracts(report),
        _footer(report),
    ]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_plain(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
{chr(10).join(parts)}
</main>
</body>
</html>
"""


def _header(report: Report) -> str:
    status = "sick" if report.verdict.sick else "healthy"
    sign = "✗" if report.verdict.sick else "✓"
    files = f"{_plain(report.predictions.path)} <span>×</span> {_plain(report.masks.path)}"
    return (
        f'<header class="{status}">\n<p class="files">{files}</p>\n'
        f'<h1><span class="status">{sign} {status}</span> {_text(report.verdict.summary)}</h1>\n'
        "</header>"
    )


def _numbers(report: Report) -> str:
    cards = [
        f"<div><dt>{_plain(what)}</dt><dd>{_plain(value)}</dd><dd>{_text(remark)}</dd></div>"
        for what, value, remark in three_numbers(report)
    ]
    return f'<dl class="numbers">\n{chr(10).join(cards)}\n</dl>'


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return []
    items = [_finding(finding, report) for finding in roots(report)]
    if others := consequences(report):
        body = "\n".join(_finding(finding, report) for finding in others)
        items.append(_folded(f"Explained by these: {len(others)} more", body))
    return [f"<section>\n<h2>Findings</h2>\n{chr(10).join(items)}\n</section>"]


def _finding(finding: Finding, report: Report) -> str:
    rule, level = finding.rule, finding.severity.value
    lines = [
        f'<h3><span class="level">{level}</span> {rule.code} {rule.name}</h3>',
        f"<p>{_text(finding.message)}</p>",
        f'<p class="evidence">{_plain(finding.evidence)}</p>' if finding.evidence else "",
        _said("help", finding.help),
        _said("repair", repair_alone(finding, report)),
        _said("explains", explained_by(finding, report)),
    ]
    if manual := report.manuals.get(rule.code):
        lines.append(_folded("Manual", f"<pre>{_plain(manual)}</pre>"))
    return f'<article class="{level}">\n{chr(10).join(line for line in lines if line)}\n</article>'


def _said(what: str, text: str | None) -> str:
    return f"<p><b>{what}</b> {_text(text)}</p>" if text else ""


def _classes(report: Report) -> list[str]:
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    rows = [_class(entry, report) for entry in score.per_class]
    head = "<th>class</th><th>IoU</th><th></th><th>truth</th><th>predicted</th>"
    table = (
        f'<div class="wide"><table class="classes">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table></div>"
    )
    averages = " · ".join(means(score))
    return [f"<section>\n<h2>Classes</h2>\n{table}\n<p>{averages}</p>\n</section>"]


def _class(entry: ClassScore, report: Report) -> str:
    bar = "" if entry.iou is None else f'<i style="width:{100 * entry.iou:.2f}%"></i>'
    counted = report.pixels.counted
    return (
        f"<tr><th>{_plain(class_name(entry, report))}</th><td>{number(entry.iou)}</td>"
        f'<td class="bar">{bar}</td><td>{share(entry.truth_pixels, counted)}</td>'
        f"<td>{share(entry.predicted_pixels, counted)}</td></tr>"
    )


def _contracts(report: Report) -> list[str]:
    """Return what other implementations report, grouped by the number."""
    rows = [(group.value, ", ".join(group.names), group.why) for group in groups(report)]
    if not rows:
        return []
    table = _table(("reports", "implementations", "why"), rows)
    return [f"<section>\n<h2>What others would report</h2>\n{table}\n</section>"]


def _footer(report: Report) -> str:
    guesses = [
        f"<li>assumed {_text(f'{assumed(g)}: {g.why}')}</li>" for g in report.reading.assumed
    ]
    counts = [
        f"{sum(outcome.status is status for outcome in report.outcomes)} {status}"
        for status in Status
    ]
    rows = [
        (f"{outcome.rule.code} {outcome.rule.name}", outcome.status.value, outcome.reason or "")
        for outcome in report.outcomes
    ]
    rules = _folded(f"Rules: {', '.join(counts)}", _table(("rule", "", "why"), rows))
    return (
        f"<footer>\n<ul>\n<li>pixels {' · '.join(pixel_counts(report.pixels))}</li>\n"
        f"{''.join(guess + chr(10) for guess in guesses)}</ul>\n{rules}\n"
        f"<p>iou-doctor {_plain(report.version)}</p>\n</footer>"
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    names = "".join(f"<th>{name}</th>" for name in head)
    body = "\n".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{names}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n{body}\n</details>"


def _plain(text: str) -> str:
    return escape(printable(text))


def _text(text: str) -> str:
    """Return a text with its `code` as code."""
    return CODE.sub(r"<code>\1</code>", _plain(text))
