"""Runs hostile cases until the time is over, and reports those after which something is wrong.

    PYTHONPATH=tests python -m fuzz --minutes 10 --seed 1
    PYTHONPATH=tests python -m fuzz --kinds readers --minutes 60 --log counts.txt
    PYTHONPATH=tests python -m fuzz --seed 1 --only 1234     one case again

Each case follows from the seed, the kinds and its number. A child process runs many cases one
after the other; if a case ends it, another child goes on. The exit code is 1 if there was a
problem. A model may end the child: a check of one has a process of its own.
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
from itertools import takewhile
from pathlib import Path

from fuzz.kinds import GROUPS, KINDS, MODELS, choose_limits
from fuzz.models import confirm_end
from fuzz.sandbox import MEMORY, Limits, Verdict, run_all

BATCH = 400
"""The most cases of one child: libraries do not free all that they take."""
LOG_SECONDS = 60


class Fuzzer:
    """Runs cases and counts what comes of them.

    Args:
        options: of the command line.
        place: a folder for the files of one case.
    """

    def __init__(self, options: argparse.Namespace, place: Path) -> None:
        self._options = options
        self._place = place
        self._kinds = options.kinds
        self._end = time.monotonic() + 60 * options.minutes
        self._logged = time.monotonic()
        self.counts: collections.Counter[str] = collections.Counter()
        self.problems = 0

    def run(self) -> None:
        """Run cases until the time is over, or as many as are wanted."""
        first = self._options.only
        last = None if first is None and self._options.runs is None else (self._options.runs or 0)
        if first is not None:
            last = first + 1
        number = first or 0
        while time.monotonic() < self._end and (last is None or number < last):
            batch = min(BATCH, last - number) if last is not None else BATCH
            for done, verdict in self._run_batch(range(number, number + batch)):
                self._note(done, verdict)
                number = done + 1

    def _run_batch(self, numbers: range):
        in_time = takewhile(lambda _: time.monotonic() < self._end, numbers)
        limits = choose_limits(self._kinds[0]) if len(self._kinds) == 1 else self._find_limits()
        return run_all(self._work, in_time, limits)

    def _find_limits(self) -> Limits:
        return max((choose_limits(kind) for kind in self._kinds), key=lambda limits: limits.memory)

    def _work(self, number: int) -> Verdict:
        """Run one case in a folder that stays until the next case."""
        kind, rng = self._choose(number)
        shutil.rmtree(self._place, ignore_errors=True)
        folder = self._place / "files"
        folder.mkdir(parents=True)
        try:
            return KINDS[kind](folder, rng)
        finally:
            os.chdir("/")

    def _choose(self, number: int) -> tuple[str, random.Random]:
        rng = random.Random(f"{self._options.seed}:{number}")
        return rng.choice(self._kinds), rng

    def _keep(self, number: int) -> None:
        if self._options.keep:
            target = self._options.keep / f"{self._options.seed}-{number}"
            shutil.copytree(self._place / "files", target, dirs_exist_ok=True, symlinks=True)

    def _note(self, number: int, verdict: Verdict) -> None:
        kind, _ = self._choose(number)
        self.counts[f"{kind}: {verdict.label}"] += 1
        died = verdict.label.startswith("died")
        if died:  # a check of a model has a process of its own
            ended = confirm_end(self._place / "files") if kind in MODELS else [verdict.label]
            verdict.problems += ended
        for problem in verdict.problems:
            self.problems += 1
            say(f"{self._options.seed}:{number} {kind}: {problem!a}")
        if died or verdict.problems or self._options.only is not None:
            self._keep(number)
        if died and not verdict.problems:
            say(f"{self._options.seed}:{number} {kind}: {verdict.label}")
        if self._options.log and time.monotonic() > self._logged + LOG_SECONDS:
            self.write_log()

    def write_log(self) -> None:
        self._logged = time.monotonic()
        self._options.log.write_text(self.describe())

    def describe(self) -> str:
        """Return the counts, one in each line."""
        totals = collections.Counter[str]()
        for name, number in self.counts.items():
            totals[name.split(":")[0]] += number
        lines = [f"{number:9,} {name}" for name, number in sorted(self.counts.items())]
        lines += [f"{number:9,} {name} in all" for name, number in sorted(totals.items())]
        return "\n".join([*lines, f"{totals.total():9,} in all, {self.problems} problems", ""])


def main() -> int:
    """Return 1 if there was a problem."""
    options = parse_options()
    import_everything(options.kinds)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        fuzzer = Fuzzer(options, Path(folder, "case"))
        fuzzer.run()
    say(fuzzer.describe())
    if options.log:
        fuzzer.write_log()
    return int(fuzzer.problems > 0)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, help="the number of cases")
    parser.add_argument("--only", type=int, help="run the case with this number")
    parser.add_argument(
        "--kinds",
        nargs="*",
        choices=[*GROUPS, *KINDS],
        default=["commands", "readers"],
        help="single kinds, or groups of them",
    )
    parser.add_argument("--keep", type=Path, help="where to keep the files of bad cases")
    parser.add_argument("--log", type=Path, help="a file for the counts, written every minute")
    options = parser.parse_args()
    options.kinds = [
        kind
        for word in options.kinds
        for kind in (sorted(GROUPS[word]) if word in GROUPS else [word])
    ]
    return options


def import_everything(kinds: list[str]) -> None:
    """Import what a run needs, so that a child starts at once."""
    import iou_doctor.file_repair.run
    import iou_doctor.render.terminal
    import iou_doctor.sources.files.hdf5.source
    import iou_doctor.sources.files.images.image_file  # noqa: F401
    from fuzz import models, parsers, readers
    from iou_doctor.checks.registry import load_plan
    from iou_doctor.cli.app import build_app

    build_app()
    load_plan()
    for kind in kinds:
        if kind.startswith("read "):
            readers.make_seeds(kind.removeprefix("read "))
    if "parse reports" in kinds:
        parsers.make_reports()
    models.prepare([kind.removeprefix("model ") for kind in kinds if kind in MODELS])


def say(line: str) -> None:
    sys.stdout.write(f"{line.encode('utf-8', 'backslashreplace').decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
