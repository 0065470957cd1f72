"""Run cases in a forked child with limits: one after the other, until one ends the child."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MEMORY = Path("/dev/shm")
"""A file system in memory, where Linux has one: a case takes a third of the time there."""
MOST_SECONDS = 10
"""The time of the processor that a case may take."""
MOST_WAIT = 300
"""The seconds on the clock after which a case is taken to wait for ever."""
MOST_MAPPED = 16 << 30
"""The memory that a child may map, in bytes: TensorFlow maps much that it never uses."""


@dataclass
class Verdict:
    """What came of a case."""

    label: str
    """How it ended, for the counts."""
    problems: list[str] = field(default_factory=list)
    """What must not happen, and did."""


@dataclass(frozen=True)
class Limits:
    """What a case may take."""

    memory: int = 1 << 30
    """The bytes in memory at most, beside those of the child before."""


Work = Callable[[int], Verdict]


def run_all(work: Work, numbers: Iterable[int], limits: Limits) -> Iterator[tuple[int, Verdict]]:
    """Run cases in a child, and yield the verdict of each.

    If a case ends the child, that is its verdict, and no further one is run: the caller goes on
    with the next number.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _serve(work, numbers, limits, writing)
    os.close(writing)
    number = None
    with os.fdopen(reading, encoding="ascii") as stream:
        for line in stream:
            match json.loads(line):
                case int(number):
                    pass
                case [str(label), list(problems)] if number is not None:
                    yield number, Verdict(label, problems)
                    number = None
    _, status = os.waitpid(child, 0)
    if number is not None:
        yield number, Verdict(f"died: {_name_end(os.waitstatus_to_exitcode(status))}")


def _name_end(code: int) -> str:
    if code == -signal.SIGPROF:
        return "time"
    if code == -signal.SIGALRM:
        return "waiting"
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _serve(work: Work, numbers: Iterable[int], limits: Limits, writing: int) -> None:
    """Run the cases, and end this process."""
    code = 0
    try:
        _enter()
        with open(writing, "w", encoding="ascii", buffering=1) as stream:
            for number in numbers:
                stream.write(f"{number}\n")
                verdict = _run(work, number, limits)
                stream.write(json.dumps([verdict.label, verdict.problems]) + "\n")
                if verdict.problems:
                    break  # it may have left something behind
    except BaseException:
        code = 77
    finally:
        os._exit(code)


def _enter() -> None:
    """Limit this process, and hide what C libraries print."""
    for name in ("SIGALRM", "SIGPROF"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MAPPED, MOST_MAPPED))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)


def _run(work: Work, number: int, limits: Limits) -> Verdict:
    """Run one case, and measure it."""
    signal.alarm(MOST_WAIT)
    signal.setitimer(signal.ITIMER_PROF, 2 * MOST_SECONDS)
    before, start = _measure_peak(), time.process_time()
    try:
        verdict = work(number)
    except BaseException:
        import traceback

        lines = traceback.format_exc().splitlines()
        verdict = Verdict("traceback", [" | ".join(lines[-6:])])
    used, seconds = _measure_peak() - before, time.process_time() - start
    if used > limits.memory:
        verdict.problems.append(f"{used >> 20} MiB")
    if seconds > MOST_SECONDS:
        verdict.problems.append(f"{seconds:.1f} s of the processor")
    return verdict


def _measure_peak() -> int:
    """Return the most bytes that this process had in memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (
        0 if sys.platform == "darwin" else 10
    )


def list_files(folder: Path) -> dict[Path, bytes | None]:
    """Return the content of everything below a folder; `None` for folders."""
    return {
        path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }
