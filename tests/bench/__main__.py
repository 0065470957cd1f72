"""`PYTHONPATH=tests python -m bench`: time iou-doctor and its peers in turns.

It measures the iou-doctor that this Python imports, in its default install. Contestants run as
whole processes, one after the other, and quick ones more often. The shortest time of each counts,
because other work on the machine can only make it longer. The whole run takes about 30 minutes on
two cores, 10 GB of the disk, and as much memory for the files that stay in the page cache.
"""

# ruff: noqa: T201 - it prints its results

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench import public_kinds
from bench.benchmark import KEPT, Benchmark
from bench.cases import CASES, GROUPS, Case
from bench.data import Store
from bench.fresh import find_package
from bench.machine import describe_kernels
from bench.markdown import write_pages
from bench.measure import Turns, environment, in_turns
from bench.results import Result, summarize
from bench.text import summarize_goals, write_text

ONCE = Turns(least=1, most=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases that the command line asks for; return 1 if the means disagree."""
    parser = _build_parser()
    options = parser.parse_args(arguments)
    if options.write_docs and (options.quick or options.kernels):
        parser.error("--write-docs needs a full run with the default kernels")
    if options.public_kinds:
        os.environ[public_kinds.VARIABLE] = str(options.public_kinds.resolve())
    env = environment(options.kernels)
    kernels = describe_kernels(env)
    print(f"{find_package()} uses {kernels}")
    if options.write_docs and kernels.startswith("NumPy"):
        parser.error("--write-docs needs a package that was built with its kernels")
    results = [result for group in GROUPS for result in _run_group(group, options, env)]
    benchmark = Benchmark.of_this_machine(results, kernels)
    if options.json:
        benchmark.write(options.json)
    if not options.quick:
        print(f"\n{summarize_goals(results)}")
    if options.write_docs:
        _write_docs(Benchmark.read(KEPT).update(benchmark) if options.only else benchmark)
    return int(any(result.disagree for result in results))


def _write_docs(benchmark: Benchmark) -> None:
    benchmark.write(KEPT)
    for page, text in write_pages(benchmark).items():
        page.write_text(text, encoding="utf-8")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="ROW",
        choices=[case.name for case in CASES],
        help=f"run only this row; repeatable: {', '.join(case.name for case in CASES)}",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny data and one run each, which measures nothing",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=Turns.seconds,
        help="how long the runs of a contestant may take together on each file, if there are more"
        " than two (default: %(default)g)",
    )
    parser.add_argument(
        "--shared",
        action="store_true",
        help="compare processor time where threads do not matter: others use the machine too",
    )
    parser.add_argument(
        "--kernels", metavar="NAME", help="measure these kernels instead of the default ones"
    )
    parser.add_argument(
        "--public-kinds",
        type=Path,
        metavar="FOLDER",
        help="compare with the public implementation of the kinds of errors, whose repository"
        " (https://github.com/mxbh/beyond-iou) lies in this folder; it needs OpenCV",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--folder", type=Path, help="the folder for the data")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="keep the results, and rewrite the tables in docs/speed.md and the README; with --only"
        " the other rows stay as they are",
    )
    return parser


def _run_group(
    group: Sequence[Case], options: argparse.Namespace, env: Mapping[str, str]
) -> Iterator[Result]:
    """Run the rows that share files, and delete the files afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        store = Store(Path(name), quick=options.quick)
        for case in group:
            if options.only and case.name not in options.only:
                continue
            jobs = case.jobs(store)
            if not jobs:
                continue
            more = case.patience
            turns = Turns(most=Turns.most * more, seconds=options.seconds * more)
            os.sync()  # writing cached files to the disk would keep a core busy
            result = summarize(
                case, in_turns(jobs, ONCE if options.quick else turns, env), shared=options.shared
            )
            print(write_text(result, compare=not options.quick), flush=True)
            yield result


if __name__ == "__main__":
    sys.exit(main())
