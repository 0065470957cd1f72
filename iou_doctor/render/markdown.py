"""The report as Markdown for a comment on a pull request or merge request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iou_doctor.render.shared.code import is_python
from iou_doctor.render.shared.kinds_text import (
    SIZES,
    tabulate_kinds,
    tabulate_sizes,
    title_kinds,
)
from iou_doctor.render.shared.ledger_text import (
    list_class_intervals,
    list_ledger_lines,
    list_notes,
    title_ledger,
)
from iou_doctor.render.shared.markdown_text import fold, write_code, write_table, write_text
from iou_doctor.render.shared.score_groups import group_scores
from iou_doctor.render.shared.score_words import (
    list_scores,
)
from iou_doctor.render.shared.wording import (
    describe_assumption,
    describe_consequences,
    describe_repair,
    describe_selection,
    format_averages,
    format_class,
    format_pixel_counts,
    format_score,
    format_share,
    is_bad,
    list_consequences,
    list_root_causes,
    name_class,
    name_status,
    order_classes,
)
from iou_doctor.report.finding import Finding, Severity, Status
from iou_doctor.report.report import Report
from iou_doctor.safety.safe_text import break_commands

SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.NOTE: "🔵"}
"""A sign for each severity, because text in comments has no colour."""
LONGEST_COMMENT = 60_000
"""The maximum length of the whole text: GitHub refuses comments of over 65,536 characters."""
MOST_TABLE_ROWS = 100
"""The maximum number of rows of the class table: about 6,000 characters. The worst classes are
shown.
"""


def render(report: Report) -> str:
    """Return the verdict, the scores and the findings, and the rest folded away."""
    sign, status = "❌" if is_bad(report) else "✅", name_status(report)
    files = f"{write_code(report.predictions.path)} × {write_code(report.masks.path)}"
    numbers = write_table(("", "mean IoU", ""), (1,), list_scores(report))
    parts = [
        f"### {sign} {status}: {write_text(report.verdict.summary)}",
        files,
        numbers,
        *_write_block(report),
        *_write_findings(report),
        *_write_classes(report),
        *_write_ledger(report),
        *_write_contracts(report),
        _write_assumptions(report),
        _write_rules(report),
        f"<sub>iou-doctor {write_text(report.version)}</sub>",
    ]
    return break_commands("\n\n".join(_limit_length(parts))) + "\n"


def _limit_length(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts that fit into a comment, each of them whole."""
    room = LONGEST_COMMENT
    for part in parts:
        room -= len(part)
        if room < 0:
            yield "*The rest does not fit into a comment.*"
            return
        yield part


def _write_findings(report: Report) -> list[str]:
    parts = [_write_finding(finding, report) for finding in list_root_causes(report)]
    if others := list_consequences(report):
        body = "\n".join(_write_finding(finding, report) for finding in others)
        parts.append(fold(f"Consequences of these: {len(others)}", body))
    return parts


def _write_finding(finding: Finding, report: Report) -> str:
    """Return a finding as a list item, with its remarks on the lines below."""
    head = (
        f"{SIGNS[finding.severity]} **{finding.severity} {finding.rule.code} {finding.rule.name}**"
    )
    lines = [
        f"- {head}: {write_text(finding.message)}",
        write_text(finding.evidence or ""),
        f"**help:** {_write_help(finding.help)}",
    ]
    if alone := describe_repair(finding, report):
        lines.append(f"**repair:** {write_text(alone)}")
    if others := describe_consequences(finding, report):
        lines.append(f"**explains:** {write_text(others)}")
    return "  \n  ".join(line for line in lines if line)


def _write_help(text: str) -> str:
    """Return the help, as code if it is Python."""
    is_code = "\n" not in text and is_python(text)
    return write_code(text) if is_code else write_text(text)


def _write_block(report: Report) -> list[str]:
    """Return the code that makes all repairs, which can be copied."""
    if report.block is None:
        return []
    code = "\n".join(report.block.lines)
    title = "**All repairs at once** (`masks` and `predictions` are the arrays):"
    return [f"{title}\n\n```python\n{code}\n```"]


def _write_classes(report: Report) -> list[str]:
    score = report.score
    if score is None or not report.pixels.counted:
        return []
    shown = order_classes(report, score, MOST_TABLE_ROWS)[:MOST_TABLE_ROWS]
    intervals = list_class_intervals(report)
    rows = [
        (
            format_class(entry, report),
            format_score(entry.iou),
            *([intervals.get(entry.id, "")] if intervals else []),
            format_share(entry.truth_pixels, score.pixels.counted),
            format_share(entry.predicted_pixels, score.pixels.counted),
        )
        for entry in shown
    ]
    few = len(shown) < len(score.per_class)
    which = describe_selection(report, len(shown), score)
    title = which[0].upper() + which[1:] if few else "Classes"
    head = ("class", "IoU", *(["interval"] if intervals else []), "truth", "predicted")
    table = write_table(head, tuple(range(1, len(head))), rows)
    return [fold(title, f"{table}\n\n{' · '.join(format_averages(score))}")]


def _write_ledger(report: Report) -> list[str]:
    """Return where the missing mean IoU goes."""
    lines = list_ledger_lines(report)
    if report.ledger is None or not lines:
        return []
    table = write_table(("", "points", "lost on"), (1,), lines)
    notes = map(write_text, list_notes(report))
    body = "\n\n".join([table, *_write_kinds(report), *notes])
    title = title_ledger(report.ledger)
    return [fold(title[0].upper() + title[1:], body)]


def _write_kinds(report: Report) -> list[str]:
    """Return the kinds of errors of each class, and the sizes of regions, if they are known."""
    ledger, names = report.ledger, report.reading.class_names
    if ledger is None or ledger.by_kind is None:
        return []
    kinds = tabulate_kinds(ledger, lambda one: name_class(one, names))
    return [
        write_table(title_kinds(ledger), (1, 2, 3), kinds),
        write_table(SIZES, (0, 1, 2, 3, 4), tabulate_sizes(ledger)),
    ]


def _write_contracts(report: Report) -> list[str]:
    """Return the table of what other implementations report."""
    rows = [(group.value, ", ".join(group.names), group.why) for group in group_scores(report)]
    if not rows:
        return []
    table = write_table(("reports", "implementations", "why"), (), rows)
    return [fold("What others would report", table)]


def _write_assumptions(report: Report) -> str:
    lines = [f"pixels: {' · '.join(format_pixel_counts(report.pixels))}"]
    lines += [
        write_text(f"assumed {describe_assumption(g)}: {g.why}") for g in report.reading.assumed
    ]
    return fold("Pixels, and what was assumed", "\n".join(f"- {line}" for line in lines))


def _write_rules(report: Report) -> str:
    count = {
        status: sum(outcome.status is status for outcome in report.outcomes) for status in Status
    }
    title = "Rules: " + ", ".join(f"{count[status]} {status}" for status in Status)
    rows = [
        (f"{outcome.rule.code} {outcome.rule.name}", outcome.reason or "")
        for outcome in report.outcomes
        if outcome.status is Status.SKIPPED
    ]
    table = write_table(("skipped", "why"), (), rows) if rows else "Every rule was checked."
    return fold(title, table)
