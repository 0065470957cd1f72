"""`PYTHONPATH=tests python -m bench`: time iou-doctor and its peers in turns.

Contestants run as whole processes on one thread, one after the other, in several rounds. Fast
contestants run several times per round. The shortest time of each counts, because other work on the
machine can only make it longer.
"""

# ruff: noqa: T201 - it prints its results

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.cases import CASES, Case
from bench.measure import environment, in_turns
from bench.table import Result, document, markdown, result, text

PAGE = Path(__file__).parents[2] / "docs/speed.md"
TABLE = re.compile(r"(<!-- bench -->\n).*?(<!-- end -->)", re.DOTALL)
ROUNDS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases that the command line asks for; return 1 if the means disagree."""
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=[case.name for case in CASES],
        help="run only this case; repeatable",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny data and one round, which measures nothing",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--shared",
        action="store_true",
        help="compare processor time: others use the machine too",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--folder", type=Path, help="the folder for the data (about 16 GB)")
    parser.add_argument(
        "--write-docs", action="store_true", help="rewrite the table in docs/speed.md"
    )
    options = parser.parse_args(arguments)
    if options.write_docs and (options.only or options.quick):
        parser.error("--write-docs needs a full run of all cases")
    cases = [case for case in CASES if not options.only or case.name in options.only]
    rounds = 1 if options.quick else options.rounds
    results = list(filter(None, (_run(case, options, rounds) for case in cases)))
    if options.json:
        options.json.write_text(json.dumps(document(results, rounds), indent=2) + "\n")
    print(f"\n{markdown(results)}")
    if options.write_docs:
        _rewrite(markdown(results))
    return int(any(result.disagree for result in results))


def _run(case: Case, options: argparse.Namespace, rounds: int) -> Result | None:
    """Run one case, and delete its data afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        jobs = case.jobs(Path(name), options.quick)
        if not jobs:
            return None
        os.sync()  # writing cached files to the disk would keep a core busy
        found = result(case, in_turns(jobs, rounds, environment()), shared=options.shared)
    print(text(found), flush=True)
    return found


def _rewrite(table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda m: f"{m[1]}\n{table}\n\n{m[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
