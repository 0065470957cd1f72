"""The report as one HTML page, without scripts or external resources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from importlib import resources

from iou_doctor.metrics.score import ClassScore
from iou_doctor.render.shared.ledger_text import (
    describe_interval,
    list_dearest_pairs,
    list_dearest_samples,
    list_ledger_lines,
    title_ledger,
)
from iou_doctor.render.shared.score_groups import group_scores
from iou_doctor.render.shared.wording import (
    describe_assumption,
    describe_consequences,
    describe_repair,
    format_averages,
    format_class,
    format_pixel_counts,
    format_score,
    format_share,
    list_consequences,
    list_root_causes,
    list_scores,
    replace_unprintable,
)
from iou_doctor.report.finding import Finding, Status
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import break_commands

MOST_DEAREST = 30
"""The number of class pairs, and of samples, that are listed."""
CODE = re.compile(r"`([^`]+)`")
"""A piece of code between backticks, as messages and help texts have it."""


def render(report: Report) -> str:
    """Return the page, its style included."""
    return break_commands(_write_page(report))


def _write_page(report: Report) -> str:
    style = resources.files("iou_doctor.render").joinpath("html_page.css").read_text("utf-8")
    title = f"iou-doctor: {report.predictions.path} × {report.masks.path}"
    parts = [
        _write_header(report),
        _write_scores(report),
        *_write_findings(report),
        *_write_classes(report),
        *_write_ledger(report),
        *_write_contracts(report),
        _write_footer(report),
    ]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_escape(title)}</title>
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


def _write_header(report: Report) -> str:
    status = "sick" if report.verdict.sick else "healthy"
    sign = "✗" if report.verdict.sick else "✓"
    summary = _mark_code(report.verdict.summary)
    files = f"{_escape(report.predictions.path)} <span>×</span> {_escape(report.masks.path)}"
    return (
        f'<header class="{status}">\n<p class="files">{files}</p>\n'
        f'<h1><span class="status">{sign} {status}</span> {summary}</h1>\n'
        "</header>"
    )


def _write_scores(report: Report) -> str:
    cards = [
        f"<div><dt>{_escape(what)}</dt><dd>{_escape(value)}</dd><dd>{_mark_code(remark)}</dd></div>"
        for what, value, remark in list_scores(report)
    ]
    return f'<dl class="numbers">\n{chr(10).join(cards)}\n</dl>'


def _write_findings(report: Report) -> list[str]:
    if not report.findings:
        return []
    items = [_write_finding(finding, report) for finding in list_root_causes(report)]
    if others := list_consequences(report):
        body = "\n".join(_write_finding(finding, report) for finding in others)
        items.append(_fold(f"Consequences of these: {len(others)}", body))
    return [f"<section>\n<h2>Findings</h2>\n{chr(10).join(items)}\n</section>"]


def _write_finding(finding: Finding, report: Report) -> str:
    rule, level = finding.rule, finding.severity.value
    lines = [
        f'<h3><span class="level">{level}</span> {rule.code} {rule.name}</h3>',
        f"<p>{_mark_code(finding.message)}</p>",
        f'<p class="evidence">{_escape(finding.evidence)}</p>' if finding.evidence else "",
        _write_remark("help", finding.help),
        _write_remark("repair", describe_repair(finding, report)),
        _write_remark("explains", describe_consequences(finding, report)),
    ]
    if manual := report.manuals.get(rule.code):
        lines.append(_fold("Manual", f"<pre>{_escape(manual)}</pre>"))
    return f'<article class="{level}">\n{chr(10).join(line for line in lines if line)}\n</article>'


def _write_remark(what: str, text: str | None) -> str:
    return f"<p><b>{what}</b> {_mark_code(text)}</p>" if text else ""


def _write_classes(report: Report) -> list[str]:
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    rows = [_write_class(entry, report) for entry in score.per_class]
    head = "<th>class</th><th>IoU</th><th></th><th>truth</th><th>predicted</th>"
    table = (
        f'<div class="wide"><table class="classes">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table></div>"
    )
    averages = " · ".join(format_averages(score))
    return [f"<section>\n<h2>Classes</h2>\n{table}\n<p>{averages}</p>\n</section>"]


def _write_class(entry: ClassScore, report: Report) -> str:
    bar = "" if entry.iou is None else f'<i style="width:{100 * entry.iou:.2f}%"></i>'
    counted = report.pixels.counted
    return (
        f"<tr><th>{_escape(format_class(entry, report))}</th><td>{format_score(entry.iou)}</td>"
        f'<td class="bar">{bar}</td><td>{format_share(entry.truth_pixels, counted)}</td>'
        f"<td>{format_share(entry.predicted_pixels, counted)}</td></tr>"
    )


def _write_ledger(report: Report) -> list[str]:
    """Return the section on where the missing mean IoU goes."""
    lines, interval = list_ledger_lines(report), describe_interval(report.interval)
    if report.ledger is None or not lines:
        return []
    title = title_ledger(report.ledger)
    parts = [
        f"<h2>{_escape(title[0].upper() + title[1:])}</h2>",
        _write_table(("", "points", "lost on"), lines),
        f"<p>{_escape(interval)}</p>" if interval else "",
        *_write_dearest(report),
    ]
    return [f"<section>\n{chr(10).join(part for part in parts if part)}\n</section>"]


def _write_dearest(report: Report) -> list[str]:
    """Return the class pairs and the samples that cost most, folded away."""
    tables = (
        ("class pairs", ("truth", "prediction", "pixels", "points", "worth"), list_dearest_pairs),
        ("samples", ("sample", "mean IoU", "points"), list_dearest_samples),
    )
    folds = []
    for what, head, list_rows in tables:
        rows = list_rows(report, MOST_DEAREST)
        if len(rows) > 1:
            folds.append(_fold(f"The {len(rows)} dearest {what}", _write_table(head, rows)))
    return folds


def _write_contracts(report: Report) -> list[str]:
    """Return the table of what other implementations report."""
    rows = [(group.value, ", ".join(group.names), group.why) for group in group_scores(report)]
    if not rows:
        return []
    table = _write_table(("reports", "implementations", "why"), rows)
    return [f"<section>\n<h2>What others would report</h2>\n{table}\n</section>"]


def _write_footer(report: Report) -> str:
    guesses = [
        f"<li>assumed {_mark_code(f'{describe_assumption(g)}: {g.why}')}</li>"
        for g in report.reading.assumed
    ]
    counts = [
        f"{sum(outcome.status is status for outcome in report.outcomes)} {status}"
        for status in Status
    ]
    rows = [
        (f"{outcome.rule.code} {outcome.rule.name}", outcome.status.value, outcome.reason or "")
        for outcome in report.outcomes
    ]
    rules = _fold(f"Rules: {', '.join(counts)}", _write_table(("rule", "", "why"), rows))
    return (
        f"<footer>\n<ul>\n<li>pixels {' · '.join(format_pixel_counts(report.pixels))}</li>\n"
        f"{''.join(guess + chr(10) for guess in guesses)}</ul>\n{rules}\n"
        f"<p>iou-doctor {_escape(report.version)}</p>\n</footer>"
    )


def _write_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    names = "".join(f"<th>{name}</th>" for name in head)
    body = "\n".join(
        f"<tr>{''.join(f'<td>{_mark_code(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{names}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n{body}\n</details>"


def _escape(text: str) -> str:
    return escape(replace_unprintable(text))


def _mark_code(text: str) -> str:
    """Escape a text, and mark what is in backticks as code."""
    return CODE.sub(r"<code>\1</code>", _escape(text))
