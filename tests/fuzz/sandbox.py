"""Run something in a forked child with limits, and catch all that it prints."""

from __future__ import annotations

import atexit
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOST_SECONDS = 30
MOST_BYTES = 6 << 30


@dataclass
class Outcome:
    """What a child did."""

    code: int
    """The exit code; the negative number of the signal that killed it."""
    out: bytes
    err: bytes
    seconds: float


def run_forked(work: Callable[[], object], folder: Path) -> Outcome:
    """Run `work` in a child, whose output goes to files in `folder`.

    The child is killed when its time is over. If `work` returns, its exit code is 0.
    """
    started = time.monotonic()
    child = os.fork()
    if not child:
        code = 77
        try:
            _enter(folder)
            work()
            code = 0
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - started
    out, err = ((folder / name).read_bytes() for name in ("stdout", "stderr"))
    return Outcome(os.waitstatus_to_exitcode(status), out, err, seconds)


def _enter(folder: Path) -> None:
    """Limit the child's time and memory, and redirect its output, that of C libraries too."""
    atexit._clear()  # the parent's temporary folders are its own
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(MOST_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number, name in ((1, "stdout"), (2, "stderr")):
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
