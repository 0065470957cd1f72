"""The tables of the documentation: one for each part on the page about speed, one in the README."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.benchmark import Benchmark
from bench.cases import CASES, Measure, Part
from bench.jobs import IMPORTS, READ
from bench.results import Cost, Result
from bench.text import format_goal, format_number, format_ratio

ROOT = Path(__file__).parents[2]
SPEED, README = ROOT / "docs/speed.md", ROOT / "README.md"
TABLE = re.compile(r"(?P<start><!-- bench -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
FLOORS = (READ, IMPORTS)
UNITS = {Measure.PROCESS: "s", Measure.PIXEL: "ns/pixel", Measure.MEMORY: "MB"}
HIGHLIGHTS = ("tiny", "labels-400", "scores-1", "uint8", "float32")
"""The rows that the README shows."""
COLUMNS = {"NumPy": ("bincount", "argmax + bincount"), "Keras": ("keras",)}
"""The contestants that the README shows."""
ABOUT_HIGHLIGHTS = """\
Seconds are those of whole processes; nanoseconds are the cost of a further pixel on one thread. The
last columns say how many times as long a script with NumPy's `bincount` takes (after `argmax` for
scores), and Keras' `MeanIoU`."""
WIDTH = 100


def write_pages(benchmark: Benchmark) -> dict[Path, str]:
    """Return the pages with the tables of a benchmark."""
    tables = {SPEED: write_tables(benchmark), README: write_highlights(benchmark)}
    return {page: _put(page.read_text(encoding="utf-8"), table) for page, table in tables.items()}


def _put(page: str, table: str) -> str:
    return TABLE.sub(lambda found: f"{found['start']}\n{table}\n\n{found['end']}", page)


def write_tables(benchmark: Benchmark) -> str:
    """Return a table with a heading for each part, and the machine."""
    parts = [
        [result for result in _in_order(benchmark) if result.case.part is part] for part in Part
    ]
    tables = [f"### {rows[0].case.part.value}\n\n{_write_part(rows)}" for rows in parts if rows]
    return "\n\n".join([*tables, "### The machine", _describe(benchmark)])


def write_highlights(benchmark: Benchmark) -> str:
    """Return the few rows that matter most, for the README."""
    rows = [
        (
            result.case.title,
            _write_ours(result),
            *(_find_ratio(result, contestants) for contestants in COLUMNS.values()),
        )
        for result in _in_order(benchmark)
        if result.case.name in HIGHLIGHTS
    ]
    heads = ("arrays", ">iou-doctor", *(f">{name}" for name in COLUMNS))
    return f"{_table(heads, rows)}\n\n{ABOUT_HIGHLIGHTS}"


def _in_order(benchmark: Benchmark) -> list[Result]:
    names = [case.name for case in CASES]
    parts = list(Part)
    return sorted(
        benchmark.results,
        key=lambda result: (parts.index(result.case.part), names.index(result.case.name)),
    )


def _find_ratio(result: Result, contestants: Sequence[str]) -> str:
    found = (cost for cost in result.others if cost.contestant in contestants)
    return next((format_ratio(result.ratio(cost)) for cost in found), "–")


def _write_part(results: Sequence[Result]) -> str:
    if results[0].case.measure is Measure.MEMORY:
        memory = [(result.case.title, *_write_memory(result)) for result in results]
        return _table(("files", ">anonymous memory", ">goal"), memory)
    names = {cost.contestant for result in results for cost in result.others}
    floors = [name for name in FLOORS if name in names]
    heads = ("arrays", ">iou-doctor", "others take", *(">the floor" for _ in floors[:1]))
    rows: list[tuple[str, ...]] = [
        (
            result.case.title,
            f"{_write_ours(result)} ± {result.ours.spread:.0%}",
            _join(result, [name for name in names if name not in floors]),
            *(_join(result, floors) for _ in floors[:1]),
        )
        for result in results
    ]
    return _table(heads, rows)


def _write_ours(result: Result) -> str:
    return f"{format_number(result.value(result.ours))} {UNITS[result.case.measure]}"


def _join(result: Result, names: Sequence[str]) -> str:
    shown = [_write_ratio(result, cost) for cost in result.others if cost.contestant in names]
    return ", ".join(shown) or "–"


def _write_ratio(result: Result, cost: Cost) -> str:
    ratio, goal = format_ratio(result.ratio(cost)), result.goal(cost)
    name = "" if cost.contestant in FLOORS else f" {cost.contestant}"
    if not goal:
        return f"{ratio}{name}"
    if cost in result.missed:
        return f"**{ratio}{name}, missed the goal of {format_goal(goal)}**"
    return f"{ratio}{name} (goal {format_goal(goal)})"


def _write_memory(result: Result) -> tuple[str, str]:
    peaks = ", ".join(f"{cost.wall:.0f}" for cost in result.costs)
    goal = result.most_memory
    if goal is None:
        return f"{peaks} MB", "–"
    told = f"at most {goal:g} MB"
    return f"{peaks} MB", f"**missed: {told}**" if result.missed else told


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the columns whose heads start with `>` are aligned to the right."""
    lines = [
        [head.removeprefix(">") for head in heads],
        ["---:" if head.startswith(">") else "---" for head in heads],
        *rows,
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _describe(benchmark: Benchmark) -> str:
    return "\n".join(textwrap.wrap(" ".join(_sentences(benchmark)), WIDTH))


def _sentences(benchmark: Benchmark) -> Iterator[str]:
    shared = any(result.shared for result in benchmark.results)
    yield "Processor time, as others used the machine." if shared else "The least wall times."
    yield f"iou-doctor uses {benchmark.kernels}."
    versions = ", ".join(f"{name} {number}" for name, number in benchmark.versions.items())
    yield f"{benchmark.machine}; {versions}."
