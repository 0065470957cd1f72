"""What the page of a report shows, as plain values for its template."""

from __future__ import annotations

from textwrap import dedent

from iou_doctor.ledger.ledger import Ledger
from iou_doctor.record import record
from iou_doctor.render.html.charts import Part, split_kinds, split_points
from iou_doctor.render.html.classes_view import MOST_DEAREST, Fold, fold_away
from iou_doctor.render.shared.code import is_python
from iou_doctor.render.shared.kinds_text import SIZES, tabulate_kinds, tabulate_sizes, title_kinds
from iou_doctor.render.shared.ledger_text import (
    list_dearest_samples,
    list_ledger_lines,
    list_notes,
    title_ledger,
)
from iou_doctor.render.shared.score_words import (
    RIGHT,
    list_scores,
)
from iou_doctor.render.shared.wording import (
    describe_consequences,
    describe_repair,
    name_class,
)
from iou_doctor.report.finding import Finding
from iou_doctor.report.report import Input, Report
from iou_doctor.safety.safe_text import escape_name

BY_PAIR = "by pair"
SAMPLES = "sample", "mean IoU", "points"


@record
class Array:
    """One of the two arrays."""

    what: str
    path: str
    shape: str
    dtype: str


@record
class Number:
    """One of the scores at the top."""

    what: str
    value: str
    remark: str
    is_right: bool


@record
class Paragraph:
    """One paragraph of a manual."""

    text: str
    is_code: bool


@record
class FindingView:
    """One finding."""

    level: str
    code: str
    name: str
    message: str
    evidence: str
    help: str
    is_code: bool
    """Whether the help is Python and nothing else, to be copied."""
    repair: str
    explains: str
    manual: tuple[Paragraph, ...]


@record
class LedgerView:
    """Where the missing points go."""

    title: str
    parts: tuple[Part, ...]
    lines: list[tuple[str, str, str]]
    """The cuts by class and by image; the bar shows that by pair."""
    notes: list[str]
    """The interval, and other means, as sentences."""
    folds: list[Fold]
    kinds: tuple[Part, ...]
    """The parts of a bar by the kind of error; empty if kinds are not known."""


def describe_array(what: str, one: Input) -> Array:
    """Return what the header says of an array."""
    sizes = ", ".join("?" if size is None else str(size) for size in one.shape)
    comma = "," if len(one.shape) == 1 else ""
    return Array(what, escape_name(one.path), f"({sizes}{comma})", one.dtype)


def describe_facts(report: Report) -> list[str]:
    """Return the number of images and of classes, and the void label, as phrases."""
    images, classes = report.reading.layout.samples, report.reading.num_classes
    facts = [
        f"{images:,} image{'' if images == 1 else 's'}",
        f"{classes} classes",
    ]
    if report.reading.ignore_index is not None:
        facts.append(f"void {report.reading.ignore_index}")
    return facts


def list_numbers(report: Report) -> list[Number]:
    """Return the scores at the top; the right one is marked."""
    return [
        Number(what.removesuffix(RIGHT), value, remark, what.endswith(RIGHT))
        for what, value, remark in list_scores(report)
    ]


def describe_finding(finding: Finding, report: Report) -> FindingView:
    """Return what is shown of a finding."""
    rule = finding.rule
    return FindingView(
        level=finding.severity.value,
        code=rule.code,
        name=rule.name,
        message=finding.message,
        evidence=finding.evidence or "",
        help=finding.help,
        is_code=is_python(finding.help),
        repair=describe_repair(finding, report) or "",
        explains=describe_consequences(finding, report) or "",
        manual=_split_manual(report.manuals.get(rule.code, "")),
    )


def _split_manual(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a manual; those with indented lines are code."""
    return tuple(
        Paragraph(dedent(one), any(line.startswith(" ") for line in one.split("\n")))
        for one in text.split("\n\n")
        if one.strip()
    )


def describe_ledger(report: Report) -> LedgerView | None:
    """Return where the missing mean IoU goes; `None` if nothing is missing or known."""
    ledger, lines = report.ledger, list_ledger_lines(report)
    if ledger is None or not lines:
        return None
    title = title_ledger(ledger)
    starts = [place for place, (cut, _, _) in enumerate(lines) if cut not in {"", BY_PAIR}]
    return LedgerView(
        title=title[0].upper() + title[1:],
        parts=split_points(ledger, 1 - ledger.missing, report.reading.class_names),
        lines=lines[starts[0] :] if starts else [],
        notes=list_notes(report),
        folds=_list_folds(ledger, report),
        kinds=split_kinds(ledger, 1 - ledger.missing),
    )


def _list_folds(ledger: Ledger, report: Report) -> list[Fold]:
    """Return the tables that are folded away."""
    names = report.reading.class_names
    dearest = fold_away("samples", SAMPLES, list_dearest_samples(report, MOST_DEAREST), 1)
    folds = [] if dearest is None else [dearest]
    if ledger.by_kind is not None:
        kinds = tabulate_kinds(ledger, lambda one: name_class(one, names))
        folds.append(Fold("Kinds of errors by class", title_kinds(ledger), kinds))
        folds.append(Fold("Regions by size", SIZES, tabulate_sizes(ledger)))
    return folds
