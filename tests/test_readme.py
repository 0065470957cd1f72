"""The README's sessions and tables are what the program prints."""

from __future__ import annotations

import inspect
import re
import shlex
import textwrap
from pathlib import Path

import pytest
from run import run

from iou_doctor.checks.registry import load_checks
from iou_doctor.metrics.registry import CONTRACTS, SIGNATURES
from iou_doctor.render import FORMATS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SESSION = re.compile(
    r"(<!-- session: (?P<command>.*?) -->\n```console\n)(?P<text>.*?)(```\n<!-- end -->)", re.DOTALL
)
RULES = re.compile(r"(<!-- rules -->\n)(.*?)(<!-- end -->)", re.DOTALL)
FORMATS_TABLE = re.compile(r"(<!-- formats -->\n)(.*?)(<!-- end -->)", re.DOTALL)
METRICS = re.compile(r"(<!-- metrics -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def _session(match: re.Match[str]) -> str:
    command = match["command"]
    output = run(*shlex.split(command)[1:], cwd=ROOT).stdout
    return f"{match[1]}$ {command}\n{output}{match[4]}"


def _rules() -> str:
    rows = [
        f"| {entry.rule.code} | {entry.rule.name} | {entry.rule.severity} | {entry.rule.claim} |"
        for entry in load_checks()
    ]
    return "\n".join(["| code | name | severity | the fault |", "| --- | --- | --- | --- |", *rows])


def _formats() -> str:
    rows = [
        f"| `{name}` | {inspect.getdoc(write).splitlines()[0]} |" for name, write in FORMATS.items()
    ]
    return "\n".join(["| format | content |", "| --- | --- |", *rows])


def _metrics() -> str:
    calls = [f"{one.name}({', '.join(one.parameters)})" for one in SIGNATURES]
    names = [contract.name for contract in CONTRACTS]
    return "\n".join(
        [
            "```text",
            *(textwrap.fill(call, 120, subsequent_indent="    ") for call in calls),
            "```",
            "",
            "and so are the names under which the contracts are listed:",
            "",
            "```text",
            textwrap.fill("   ".join(names), 120, break_on_hyphens=False),
            "```",
        ]
    )


def test_sessions_and_tables_are_what_the_program_says(updating: bool) -> None:
    now = README.read_text(encoding="utf-8")
    said = SESSION.sub(_session, now)
    said = RULES.sub(lambda match: f"{match[1]}\n{_rules()}\n\n{match[3]}", said)
    said = FORMATS_TABLE.sub(lambda match: f"{match[1]}\n{_formats()}\n\n{match[3]}", said)
    said = METRICS.sub(lambda match: f"{match[1]}\n{_metrics()}\n\n{match[3]}", said)
    if updating:
        README.write_text(said, encoding="utf-8")
    assert len(SESSION.findall(now)) == 3
    for table in (RULES, FORMATS_TABLE, METRICS):
        assert len(table.findall(now)) == 1
    assert said == README.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["sample_data/README.md", "README.md"])
def test_every_file_that_a_command_names_exists(path: str) -> None:
    named = re.findall(r"sample_data/\w+/\w+\.npy", (ROOT / path).read_text(encoding="utf-8"))
    assert named
    assert all((ROOT / name).exists() for name in named)
