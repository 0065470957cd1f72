"""Run whole processes in turns, and measure their time and memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.fresh import find_package

POLL = 0.004
"""Seconds between two readings of a process's memory."""
CHANGED = ("PYTHONDONTWRITEBYTECODE", "FORCE_COLOR", "GITHUB_ACTIONS")
ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    ),
    "1",
)
"""The variables that keep the libraries to one thread."""
FULL_REPORT = re.compile(r"^ *mean ([\d.]+) ", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """One process to be timed."""

    contestant: str
    command: tuple[str, ...]
    pixels: int
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of its environment."""
    memory: bool = False
    """Whether to measure its anonymous memory, which costs a little time."""
    prepare: Callable[[], None] | None = None
    """What to do before each run, untimed."""


@dataclass(frozen=True)
class Turns:
    """How often a job runs: quick ones more often, because a disturbance hides more of them."""

    least: int = 2
    most: int = 9
    seconds: float = 6
    """Seconds that its runs may take together; those of `least` runs may exceed it."""

    def is_due(self, timed: Timed) -> bool:
        """Return whether a job should run again."""
        walls = [run.wall for run in timed.runs]
        if len(walls) < self.least:
            return True
        another = len(walls) < self.most and sum(walls) + min(walls) <= self.seconds
        return another and not timed.job.memory


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
    def gap(self) -> float:
        """How much longer than the quickest run the next one took: how certain `wall` is."""
        least, *others = sorted(run.wall for run in self.runs)
        return others[0] - least if others else 0.0


def environment(kernels: str | None = None) -> dict[str, str]:
    """Return the environment that all contestants share.

    Args:
        kernels: the kernels that iou-doctor is to use instead of those that it chooses.
    """
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name not in CHANGED and not name.startswith("IOU_DOCTOR_")
    }
    if kernels:
        chosen["IOU_DOCTOR_KERNELS"] = kernels
    paths = [str(Path(__file__).parents[1]), str(find_package().parent)]
    return chosen | {
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONSAFEPATH": "1",  # what is imported does not depend on the current folder
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }


def in_turns(jobs: Sequence[Job], turns: Turns, env: Mapping[str, str]) -> list[Timed]:
    """Return the times of jobs that run one after the other, until each has had its turns.

    The largest of the first contestant runs once before, untimed: the bytecode and the pages of
    files are in place then.
    """
    timed = [Timed(job) for job in jobs]
    own = [job for job in jobs if job.contestant == jobs[0].contestant and not job.memory]
    if turns.most > 1:
        for job in sorted(own, key=lambda job: job.pixels)[-1:]:
            run(job, env)
    while due := [each for each in timed if turns.is_due(each)]:
        for each in due:
            each.runs.append(run(each.job, env))
    return timed


def run(job: Job, env: Mapping[str, str]) -> Run:
    """Run one process.

    Raises:
        RuntimeError: it failed.
    """
    if job.prepare:
        job.prepare()
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, *job.command],
            env={**env, **job.env},
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
