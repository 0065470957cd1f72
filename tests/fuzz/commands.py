"""Run a case of the command line in this process, and judge what it did."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzz.cases import MAKERS, Case
from fuzz.judge import find_problems
from fuzz.sandbox import Verdict, list_files


@dataclass
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


def run_case(kind: str, folder: Path, rng: random.Random) -> Verdict:
    """Make a case, run it, and judge it."""
    case = MAKERS[kind](folder, rng)
    before = list_files(folder)
    outcome = run_command(case, folder)
    problems = list(find_problems(case, outcome.code, outcome.out, outcome.err, before, folder))
    return Verdict(f"exit code {outcome.code}", problems)


def run_command(case: Case, folder: Path) -> Outcome:
    """Run a command line in this process, with streams that are files."""
    from iou_doctor.__main__ import main

    os.chdir(folder)
    sys.argv = ["iou-doctor", *case.arguments]
    code, streams = _run(main, folder.parent)
    return Outcome(code, *(stream.decode("utf-8", "replace") for stream in streams))


def _run(work: Callable[[], object], logs: Path) -> tuple[int, list[bytes]]:
    """Return the exit code of `work`, and what it wrote to stdout and stderr."""
    kept = sys.stdout, sys.stderr
    paths = logs / "stdout", logs / "stderr"
    with paths[0].open("w", encoding="utf-8") as out, paths[1].open("w", encoding="utf-8") as err:
        sys.stdout, sys.stderr = out, err
        try:
            work()
            code: object = 0
        except SystemExit as stop:
            code = stop.code
        finally:
            sys.stdout, sys.stderr = kept
    written = [path.read_bytes() for path in paths]
    return (code if isinstance(code, int) else int(code is not None)), written
