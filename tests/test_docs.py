"""The documentation shows what the program prints, and names only what exists."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import shlex
import shutil
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from pages import CODE_BLOCK, GENERATED, PAGES, ROOT, SESSION, compare, read_all, read_page
from run import run

import iou_doctor
from iou_doctor import checks
from iou_doctor.checks.registry import load_checks
from iou_doctor.cli.app import COMMANDS
from iou_doctor.metrics.registry import CONTRACTS, list_signatures
from iou_doctor.render import FORMATS, github, markdown, terminal
from iou_doctor.render.shared import terminal_tables
from iou_doctor.scan import device, windows
from iou_doctor.scan.native import structures

PACKAGE = ROOT / "iou_doctor"
WIDEST = 120
"""Characters in a line of prose; tables, links and code may be longer."""
README_LINES = 200

page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# --- what the program says --------------------------------------------------------------------


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _families() -> dict[str, str]:
    """Return the subject of each family of rules, by the beginning of its codes."""
    families = {}
    for module in pkgutil.iter_modules(checks.__path__):
        if module.ispkg:
            manual = inspect.getdoc(importlib.import_module(f"{checks.__name__}.{module.name}"))
            code, subject = re.match(r"Rules (IOU\d)xx: (.*)\.", manual).groups()
            families[code] = subject
    return dict(sorted(families.items()))


def _family_table() -> str:
    rows = (
        (
            f"[{code}xx](docs/rules.md#{code.lower()}xx)",
            subject,
            sum(check.rule.code.startswith(code) for check in load_checks()),
        )
        for code, subject in _families().items()
    )
    return _table(("codes", "subject", "rules"), rows)


def _rules() -> str:
    parts = []
    for code, group in groupby(load_checks(), lambda check: check.rule.code[:4]):
        rules = [check.rule for check in group]
        rows = (
            (f'<a id="{rule.code.lower()}"></a>{rule.code}', rule.name, rule.severity, rule.claim)
            for rule in rules
        )
        subject = _families()[code]
        parts += [
            f"## {code}xx",
            f"{subject[0].upper()}{subject[1:]}.",
            _table(("code", "name", "severity", "the fault"), rows),
        ]
    return "\n\n".join(parts)


def _formats() -> str:
    rows = ((f"`{name}`", inspect.getdoc(write).splitlines()[0]) for name, write in FORMATS.items())
    return _table(("format", "content"), rows)


def _calls() -> str:
    known = (one for one in list_signatures() if not one.refusal)
    calls = (f"{one.name}({', '.join(one.parameters)})" for one in known)
    lines = (textwrap.fill(call, 100, subsequent_indent="    ") for call in calls)
    return "\n".join(["```text", *lines, "```"])


def _contracts() -> str:
    names = "   ".join(contract.name for contract in CONTRACTS)
    return "\n".join(["```text", textwrap.fill(names, 100, break_on_hyphens=False), "```"])


def _folders() -> str:
    """Return the folders of the package from the lowest layer up: the order of the flow."""
    settings = tomllib.loads(read_page(ROOT / "pyproject.toml"))["tool"]["importlinter"]
    layers = settings["contracts"][0]["layers"]
    names = [name for layer in reversed(layers) for name in layer.split(" | ")]
    rows = []
    for name in names:
        is_folder = (PACKAGE / name).is_dir()
        file = PACKAGE / name / "__init__.py" if is_folder else PACKAGE / f"{name}.py"
        shown = f"{name}/" if is_folder else f"{name}.py"
        first = ast.get_docstring(ast.parse(read_page(file))).splitlines()[0]
        rows.append((f"`{shown}`", first))
    return _table(("folder or module", "content"), iter(rows))


WRITERS: dict[str, Callable[[], str]] = {
    "families": _family_table,
    "rules": _rules,
    "formats": _formats,
    "calls": _calls,
    "contracts": _contracts,
    "folders": _folders,
}


@page
def test_generated_parts_are_what_the_program_says(page: Path, updating: bool) -> None:
    compare(page, GENERATED, lambda found: f"\n{WRITERS[found['name']]()}\n\n", updating=updating)


def test_every_generated_part_is_on_one_page() -> None:
    assert sorted(found["name"] for found in GENERATED.finditer(read_all())) == sorted(WRITERS)


@page
def test_sessions_print_what_the_page_shows(page: Path, updating: bool, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")  # some write files beside it

    def output(session: re.Match[str]) -> str:
        return run(*shlex.split(session["command"])[1:], cwd=tmp_path).stdout

    compare(page, SESSION, output, updating=updating)


def test_there_are_sessions_of_every_command() -> None:
    commands = [found["command"].split()[1] for found in SESSION.finditer(read_all())]
    assert set(COMMANDS) <= set(commands)


# --- the pages themselves ---------------------------------------------------------------------


def test_the_readme_is_short() -> None:
    assert len(read_page(ROOT / "README.md").splitlines()) <= README_LINES


def test_lines_of_prose_are_short() -> None:
    for page in PAGES:
        prose = CODE_BLOCK.sub("", read_page(page))
        lines = [line for line in prose.splitlines() if not line.startswith("|")]
        assert [line for line in lines if len(line) > WIDEST] == [], page.name


def test_every_sample_that_a_page_names_exists() -> None:
    for page in (*PAGES, ROOT / "sample_data/README.md"):
        named = re.findall(r"sample_data/\w+/\w+\.npy", read_page(page))
        assert [name for name in named if not (ROOT / name).exists()] == [], page.name


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", CODE_BLOCK.sub("", read_page(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)]+)\)", CODE_BLOCK.sub("", read_page(page))):
            if link.startswith("https://"):
                continue
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.exists(), (page.name, link)
            assert not anchor or anchor in _anchors(target), (page.name, link)


def test_every_page_is_in_the_index() -> None:
    index = read_page(ROOT / "docs/index.md")
    names = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert names == {*re.findall(r"^\| \[.*?\]\((\w+\.md)\)", index, re.MULTILINE)}


# --- what the pages for developers say about the code -----------------------------------------

FOR_DEVELOPERS = (ROOT / "CONTRIBUTING.md", ROOT / "docs/how_it_works.md")
NOT_OURS = {"ruff", "mypy", "codespell", "is_", "has_"}
"""Names in backticks that are not of the package."""


def _words(path: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", CODE_BLOCK.sub("", read_page(path)))


def _defined_names() -> set[str]:
    """Return every name that the package defines: classes, functions, variables and parameters."""
    names = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(read_page(file))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                names.add(node.name)
            elif isinstance(node, ast.Name):
                names.add(node.id)
    return names


@pytest.mark.parametrize("path", FOR_DEVELOPERS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    files = [
        word for word in _words(path) if re.fullmatch(r"[\w./<>]+(/|\.(py|md|toml|yml))", word)
    ]
    assert files
    for file in files:
        known = file.replace("<family>", "masks")
        assert any((root / known).exists() for root in (ROOT, PACKAGE)), file


@pytest.mark.parametrize("path", FOR_DEVELOPERS, ids=lambda path: path.name)
def test_names_of_the_code_that_are_named_exist(path: Path) -> None:
    names = {
        word.partition("(")[0].removeprefix("@")
        for word in _words(path)
        if re.fullmatch(r"@?[A-Za-z_]+(\(\w*\))?", word)
    }
    rules = {check.rule.name for check in load_checks()}
    folders = {folder.name for folder in PACKAGE.rglob("*") if folder.is_dir()}
    commands = {"check", "compare", "fix", "why", "speed", "model", "readers"}
    assert names - _defined_names() - NOT_OURS - rules - folders - commands == set()


# --- numbers on the pages that the code defines -----------------------------------------------


def _millions(values: int) -> str:
    return f"{round(values / 1e6)} million"


def _defaults(function: Callable[..., object]) -> dict[str, object]:
    return {name: entry.default for name, entry in inspect.signature(function).parameters.items()}


def _numbers() -> Iterator[tuple[str, str]]:
    """Yield pages, and phrases that a page must contain."""
    yield "report", f"more than {terminal_tables.MOST_CLASS_ROWS} classes"
    yield "report", f"the {terminal_tables.MOST_CLASS_ROWS} that cost most"
    yield "report", f"of more than {terminal.MOST_CODE_LINES} lines"
    yield "limits", f"{markdown.LONGEST_COMMENT:,}"
    assert github.MOST_ANNOTATIONS == 10
    yield "formats", "at most ten annotations"
    yield "limits", "ten annotations"
    yield "configuration", f"`--max-drop` ({_defaults(iou_doctor.check)['max_drop']} by default)"
    yield "speed", f"up to {structures.MOST_CHANNELS} of them ({structures.NO_CLASS} if some pixels"
    window = windows.WINDOW_VALUES
    yield "speed", f"windows of up to {_millions(window * windows.MOST_AT_ONCE)} values"
    yield "speed", f"parts of {_millions(window * windows.COUNTED_AT_ONCE)}"
    assert _millions(window * windows.WINDOWS_AT_ONCE) == "4 million"
    yield "speed", "windows of four million"
    assert (device.WORTH_A_GPU, device.WORTH_COMPILING_A_GRAPH) == (2**32, 2**28)
    yield "speed", "from 2³² values on"
    yield "speed", "from 2²⁸ values on"


@pytest.mark.parametrize(("name", "phrase"), list(_numbers()))
def test_numbers_on_the_pages_are_those_of_the_code(name: str, phrase: str) -> None:
    assert phrase in " ".join(read_page(ROOT / f"docs/{name}.md").split())


def test_numbers_of_parts_that_need_tensorflow_are_those_of_the_code() -> None:
    from iou_doctor.scan.tensorflow import support
    from iou_doctor.training.checkup import Checkup

    speed, keras = (read_page(ROOT / f"docs/{name}.md") for name in ("speed", "keras"))
    assert f"more than {support.MOST_GRAPH_CHANNELS} channels" in speed
    defaults = _defaults(Checkup.__init__)
    assert f"up to {defaults['samples']} `samples`" in keras
    assert f"the first `batches` ({defaults['batches']} by default)" in keras
    assert f"the first `epochs` ({defaults['epochs']} by default)" in keras
