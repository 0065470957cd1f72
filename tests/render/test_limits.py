"""What a format shortens: everything is shown up to a limit, and one more is left out."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from iou_doctor.render import FORMATS, lookup_text, terminal
from iou_doctor.render.console import WIDEST, make_file_console
from iou_doctor.render.github import MOST_ANNOTATIONS
from iou_doctor.render.lookup_text import (
    LEAST_SHARE,
    MOST_CONDITIONS,
    MOST_MATCHES,
    MOST_NAMES,
    MOST_SUSPECTS,
)
from iou_doctor.render.markdown import LONGEST_COMMENT, _limit_length
from iou_doctor.render.markdown import MOST_TABLE_ROWS as MOST_MARKDOWN_ROWS
from iou_doctor.render.shared.markdown_text import LONGEST_TEXT
from iou_doctor.render.shared.terminal_tables import LONGEST_NAME, MOST_CLASS_ROWS, MOST_GROUPS
from iou_doctor.report.report import Report
from iou_doctor.report.score_lookup import (
    Cause,
    Condition,
    Match,
    ScoreLookup,
    Suspect,
    parse_score,
)


def with_classes(report: Report, count: int, name: str = "c") -> Report:
    """Return a report with a number of classes, class 1 the worst one of them."""
    good = replace(report.score.per_class[0], iou=0.9)
    classes = [replace(good, id=index) for index in range(count)]
    classes[1] = replace(classes[1], iou=0.1)
    return replace(
        report,
        score=replace(report.score, per_class=tuple(classes)),
        reading=replace(report.reading, class_names=(name,) * count),
    )


@pytest.mark.parametrize(
    ("format_name", "most"), [("full", MOST_CLASS_ROWS), ("markdown", MOST_MARKDOWN_ROWS)]
)
def test_the_worst_classes_are_shown(outcomes, format_name, most):
    write = FORMATS[format_name]
    assert "lowest IoU" not in write(with_classes(outcomes, most))
    text = write(with_classes(outcomes, most + 1))
    assert f"he {most} of {most + 1} classes with the lowest IoU" in text
    assert "0.1000" in text


def test_verbose_shows_every_class(outcomes):
    many = with_classes(outcomes, MOST_CLASS_ROWS + 1)
    text = terminal.render(many, make_file_console(), verbose=True)
    assert "lowest IoU" not in text


def test_a_long_class_name_is_cut(outcomes):
    fits = FORMATS["full"](with_classes(outcomes, 2, "n" * (LONGEST_NAME - len("0 "))))
    assert "0 " + "n" * (LONGEST_NAME - 2) + " " in fits
    cut = FORMATS["full"](with_classes(outcomes, 2, "n" * (LONGEST_NAME - 1)))
    assert "0 " + "n" * (LONGEST_NAME - 3) + "… " in cut


@pytest.mark.parametrize("more", [0, 1])
def test_some_groups_of_implementations_are_shown(outcomes, more):
    first = outcomes.contracts[0]
    contracts = [
        replace(first, short=f"tool {index}", value=index / 100, error=None, note=None)
        for index in range(MOST_GROUPS + more)
    ]
    text = FORMATS["full"](replace(outcomes, contracts=tuple(contracts)))
    table = text.partition("others would report")[2].partition("pixels  ")[0]
    assert ("1 more; -v says why" in " ".join(table.split())) is bool(more)
    assert table.count("tool ") == MOST_GROUPS


@pytest.mark.parametrize(("width", "used"), [(WIDEST - 1, WIDEST - 1), (WIDEST + 1, WIDEST)])
def test_text_is_as_wide_as_the_terminal_up_to_a_limit(outcomes, width, used):
    worst = replace(outcomes.findings[0], message="a " * 200)
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    text = terminal.render(replace(outcomes, findings=(worst,), explains={}), console)
    assert used - 1 <= max(map(len, text.splitlines())) <= used


@pytest.mark.parametrize("more", [0, 1])
def test_github_shows_some_annotations_of_each_severity(outcomes, more):
    findings = (outcomes.findings[0],) * (MOST_ANNOTATIONS + more)
    text = FORMATS["github"](replace(outcomes, findings=findings, explains={}))
    assert text.splitlines()[-1].startswith("iou-doctor: sick: ")
    assert text.count("::error ") == MOST_ANNOTATIONS
    assert ("1 more of severity error" in text) is bool(more)


@pytest.mark.parametrize("more", [0, 1])
def test_a_long_text_is_cut_in_a_comment(outcomes, more):
    words = "word " * (LONGEST_TEXT // 5 - 1) + "w" * (5 + more)
    worst = replace(outcomes.findings[0], message=words)
    text = FORMATS["markdown"](replace(outcomes, findings=(worst,), explains={}))
    assert (words in text) is not bool(more)
    assert ("word …" in text) is bool(more)


@pytest.mark.parametrize("more", [0, 1])
def test_a_comment_holds_the_parts_that_fit(more):
    parts = ["a" * (LONGEST_COMMENT - 1), "b" * (1 + more), "c"]
    *shown, last = _limit_length(parts)
    assert shown == parts[: 2 - more]
    assert last == "*The rest does not fit into a comment.*"


# --- what can explain a score -----------------------------------------------------------------


def cause(name: str) -> Cause:
    return Cause(name, f"claim of {name}", f"step of {name}", 1.0)


def suspect(name: str, *, plausibility: float = 1.0, implementations: int = 1) -> Suspect:
    tools = tuple(f"tool{index}" for index in range(implementations))
    return Suspect(cause(name), tools, plausibility)


def explain(*matches: Match, conditions: int = 0, verbose: bool = False) -> str:
    lookup = ScoreLookup(
        parse_score("0.3333"),
        matches,
        values_tried=10,
        expected_by_chance=0.0,
        conditions=tuple(Condition(cause(f"c{index}"), "so") for index in range(conditions)),
        with_arrays=True,
    )
    return lookup_text.render(lookup, make_file_console(), verbose=verbose)


@pytest.mark.parametrize("more", [0, 1])
def test_some_values_some_causes_and_some_names_explain_a_score(more):
    values = [Match(1 / 3, (suspect(f"v{index}"),)) for index in range(MOST_MATCHES + more)]
    causes = Match(1 / 3, tuple(suspect(f"s{index}") for index in range(MOST_SUSPECTS + more)))
    names = Match(1 / 3, (suspect("n", implementations=MOST_NAMES + more),))
    for text, shown, whole, note in (
        (explain(*values), "claim of v", explain(*values, verbose=True), "1 more; -v"),
        (explain(causes), "claim of s", explain(causes, verbose=True), "and 1 more with this"),
        (explain(names), "tool", explain(names, verbose=True), " and 1 more"),
    ):
        assert whole.count(shown) == text.count(shown) + more
        assert (note in " ".join(text.split())) is bool(more)
        assert note not in " ".join(whole.split())


@pytest.mark.parametrize("more", [0, 1])
def test_some_conditions_explain_a_score(more):
    text = explain(conditions=MOST_CONDITIONS + more)
    assert text.count("claim of c") == MOST_CONDITIONS
    assert ("and 1 more under other conditions" in text) is bool(more)


@pytest.mark.parametrize(("share", "shown"), [(LEAST_SHARE, True), (LEAST_SHARE - 0.01, False)])
def test_an_unlikely_cause_waits_for_verbose(share, shown):
    match = Match(1 / 3, (suspect("likely"), suspect("unlikely", plausibility=share)))
    assert ("claim of unlikely" in explain(match)) is shown
    assert "claim of unlikely" in explain(match, verbose=True)
