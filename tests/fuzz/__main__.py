"""Runs hostile cases until the time is over, and reports those after which something is wrong.

    PYTHONPATH=tests python -m fuzz --minutes 10 --seed 1
    PYTHONPATH=tests python -m fuzz --seed 1 --only 1234     one case again, with its output

Each case follows from the seed and its number. The files of a case with a problem are kept. The
exit code is 1 if there was a problem.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from fuzz.cases import MAKERS, Case, make_case
from fuzz.judge import find_problems, list_files
from fuzz.sandbox import Outcome, run_forked
from iou_doctor.__main__ import run_process


def main() -> int:
    """Return 1 if there was a problem."""
    options = parse_options()
    import_everything()
    kinds = options.kinds or sorted(MAKERS)
    counts: collections.Counter[str] = collections.Counter()
    end = time.monotonic() + 60 * options.minutes
    number = options.only if options.only is not None else 0
    while time.monotonic() < end and (options.runs is None or number < options.runs):
        run_case(options, kinds, number, counts)
        if options.only is not None:
            break
        number += 1
    for name, count in sorted(counts.items()):
        say(f"{count:8} {name}")
    return int(any(name.startswith("PROBLEM") for name in counts))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, help="the number of cases")
    parser.add_argument("--only", type=int, help="run one case and print its output")
    parser.add_argument("--kinds", nargs="*", choices=sorted(MAKERS))
    parser.add_argument("--keep", type=Path, help="where to keep the files of bad cases")
    return parser.parse_args()


def import_everything() -> None:
    """Import what a run needs, so that a child starts at once."""
    import iou_doctor.file_repair.run
    import iou_doctor.render.terminal
    import iou_doctor.sources.files.hdf5.source
    import iou_doctor.sources.files.image_file  # noqa: F401
    from iou_doctor.checks.registry import load_plan
    from iou_doctor.cli.app import build_app

    build_app()
    load_plan()


def run_case(
    options: argparse.Namespace, kinds: list[str], number: int, counts: collections.Counter[str]
) -> None:
    rng = random.Random(f"{options.seed}:{number}")
    kind = rng.choice(kinds)
    with tempfile.TemporaryDirectory() as place:
        folder, logs = Path(place, "files"), Path(place, "logs")
        folder.mkdir()
        logs.mkdir()
        case = make_case(kind, folder, rng)
        before = list_files(folder)
        outcome = run_forked(lambda: run_command(case, folder), logs)
        problems = list(find_problems(case, outcome, before, folder, logs))
        counts[f"{kind}: exit code {outcome.code}"] += 1
        for problem in problems:
            counts[f"PROBLEM {kind}"] += 1
            say(f"{options.seed}:{number} {kind}: {problem!a}")
        if options.only is not None:
            show(case, outcome)
        if problems and options.keep:
            shutil.copytree(
                folder, options.keep / f"{options.seed}-{number}", dirs_exist_ok=True, symlinks=True
            )


def run_command(case: Case, folder: Path) -> None:
    """Run the command line in this process."""
    os.chdir(folder)
    sys.argv = ["iou-doctor", *case.arguments]
    run_process()


def show(case: Case, outcome: Outcome) -> None:
    say(f"{case.arguments!a}\nexit code {outcome.code} after {outcome.seconds:.1f} s")
    say(outcome.out.decode("utf-8", "replace")[-3000:])
    say(outcome.err.decode("utf-8", "replace")[-6000:])


def say(line: str) -> None:
    sys.stdout.write(f"{line.encode('utf-8', 'backslashreplace').decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
