"""Run whole processes in turns, and measure their time and memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

POLL = 0.004
"""Seconds between two readings of a process's memory."""
CHANGED = ("PYTHONDONTWRITEBYTECODE", "FORCE_COLOR", "GITHUB_ACTIONS")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ONE_THREAD_TF = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
FULL_REPORT = re.compile(r"the arrays agree at +([\d.]+)")


@dataclass(frozen=True)
class Job:
    """One process to be timed."""

    contestant: str
    command: tuple[str, ...]
    pixels: int
    memory: bool = False
    """Whether to measure its anonymous memory, which costs a little time."""
    turns: int = 1
    """How many times it runs in a round."""


@dataclass(frozen=True)
class Run:
    """The time and memory of one process."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system together."""
    mean_iou: float | None
    anonymous: int = 0
    """The peak of anonymous memory in bytes, which excludes mapped files."""


@dataclass
class Timed:
    """A job and its runs."""

    job: Job
    runs: list[Run] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """The least wall time: other work on the machine can only make it longer."""
        return min(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """The least processor time."""
        return min(run.cpu for run in self.runs)

    @property
    def median(self) -> float:
        """The median of the wall times."""
        return median(run.wall for run in self.runs)

    @property
    def spread(self) -> float:
        """The range of the wall times, as a share of their median."""
        walls = [run.wall for run in self.runs]
        return (max(walls) - min(walls)) / self.median


def environment() -> dict[str, str]:
    """Return the environment of all contestants: one thread, and bytecode cached as usual."""
    chosen = {name: value for name, value in os.environ.items() if name not in CHANGED}
    chosen |= dict.fromkeys((*ONE_THREAD, *ONE_THREAD_TF), "1")
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    return chosen | {
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }


def in_turns(jobs: Sequence[Job], rounds: int, env: Mapping[str, str]) -> list[Timed]:
    """Return the times of jobs that ran one after the other, `rounds` times over.

    The largest of the first contestant ran once before, untimed: compiled code and the pages of
    files are in place then.
    """
    timed = [Timed(job) for job in jobs]
    own = [job for job in jobs if job.contestant == jobs[0].contestant and not job.memory]
    for job in sorted(own, key=lambda job: job.pixels)[-1:]:
        run(job, env)
    for each in _order(timed, rounds):
        each.runs.append(run(each.job, env))
    return timed


def _order(timed: Sequence[Timed], rounds: int) -> Iterator[Timed]:
    """Yield what runs next: in each round all jobs, then again those that have turns left."""
    most = max(each.job.turns for each in timed)
    for turn in [*range(most)] * rounds:
        yield from (each for each in timed if turn < each.job.turns)


def run(job: Job, env: Mapping[str, str]) -> Run:
    """Run one process.

    Raises:
        RuntimeError: it failed.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, *job.command],
            env=env,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        most = _watch(process.pid) if job.memory else 0
        assert process.stdout
        with process.stdout as stream:
            output = stream.read()
        _, status, usage = os.wait4(process.pid, 0)  # the times of this process alone
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(job.command)} failed:\n{errors.read()}")
    return Run(wall, usage.ru_utime + usage.ru_stime, _mean_in(output), most)


def _watch(pid: int) -> int:
    """Return the peak anonymous memory of a process, read from `/proc` until it ends."""
    most = 0
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return most
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        if not found:  # it has ended
            return most
        most = max(most, int(found[1]) * 1024)
        time.sleep(POLL)


def _mean_in(output: str) -> float | None:
    """Return the mean IoU from the output of a contestant."""
    if found := FULL_REPORT.search(output):
        return float(found[1])
    if output.lstrip().startswith("{"):
        value = json.loads(output)["scores"]["mean_iou"]
        return None if value is None else float(value)
    return float(output) if output.strip() and output.strip() != "nan" else None
