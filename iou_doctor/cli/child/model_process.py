"""Run a check of a model file in a process of its own, and show what it has written.

A model can end the process that runs it, or never come to an end. The same command runs in a child
process, and this one waits. The child says which model it is busy with, and at its end the exit
code. Only then is shown what it has written.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from iou_doctor.cli.child.supervisor import NOISE, RECORD
from iou_doctor.errors import SourceError
from iou_doctor.safety.safe_text import escape_line

GRACE = 5.0
"""Seconds in which a child may remove its temporary files before it is killed."""
SOURCE = """\
import sys
sys.path = {path!r}
from iou_doctor.__main__ import run_child
run_child({folder!r}, {arguments!r}, is_terminal={is_terminal!r}, encoding={encoding!r})
"""
"""The child's program. It finds its modules where this process finds them, and not, for instance,
in the folder that it is started in."""

Progress = Callable[[int, int], object]
Messages = queue.SimpleQueue[list[object] | None]
"""The messages of a child, as `json.loads` returns them; `None` at the end of all."""


def run_in_child(
    arguments: Sequence[str], *, progress: Progress | None = None, verbose: bool = False
) -> int:
    """Run the command line in a child process, show what it has written, and return its exit code.

    Args:
        arguments: of the command line.
        progress: called with the number of samples done and in total.
        verbose: whether to show on stderr what libraries have written.

    Raises:
        SourceError: a model has ended the process, or needs too long; nothing was shown.
    """
    with tempfile.TemporaryDirectory(prefix="iou-doctor-") as name:
        folder = Path(name)
        try:
            with _start(arguments, folder) as child, _read_messages(child) as messages:
                code = _follow(child, messages, progress)
            _replay(folder / RECORD)
        finally:
            if verbose:
                _show_noise(folder / NOISE)
    return code


@contextmanager
def _start(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child, and make sure that it has ended in the end."""
    program = SOURCE.format(
        path=sys.path,
        folder=str(folder),
        arguments=list(arguments),
        is_terminal=sys.stdout is not None and sys.stdout.isatty(),
        encoding=getattr(sys.stdout, "encoding", None) or "utf-8",
    )
    with (folder / NOISE).open("ab") as noise:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,  # it ends where this one is gone
            stdout=subprocess.PIPE,
            stderr=noise,
            env={**os.environ, **_describe_terminal()},
        )
    with child:
        yield child


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the child, which may first remove its temporary files."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    child.kill()


def _describe_terminal() -> dict[str, str]:
    """Return the variables that say how large the terminal is, of which the child sees nothing."""
    for number in range(3):
        with suppress(OSError, ValueError):
            columns, lines = os.get_terminal_size(number)
            found = {"COLUMNS": str(columns), "LINES": str(lines)}
            return {key: value for key, value in found.items() if key not in os.environ}
    return {}


@contextmanager
def _read_messages(child: subprocess.Popen[bytes]) -> Iterator[Messages]:
    """Yield a queue with the messages of the child, and with `None` when it has ended."""
    assert child.stdout is not None
    messages: Messages = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(child.stdout, messages), daemon=True)
    reader.start()
    try:
        yield messages
    finally:
        _stop(child)
        reader.join()


def _read(stream: IO[bytes], messages: Messages) -> None:
    for line in stream:
        with suppress(ValueError):
            messages.put(json.loads(line))
    messages.put(None)


def _follow(child: subprocess.Popen[bytes], messages: Messages, progress: Progress | None) -> int:
    """Return the exit code that the child announces."""
    path, limit, deadline = "", 0, None
    while True:
        try:
            message = messages.get(timeout=_measure_rest(deadline))
        except queue.Empty:
            child.kill()
            raise _timeout_error(path, limit) from None
        match message:
            case ["begin", str(path), int(limit)]:
                deadline = time.monotonic() + limit
            case ["end"]:
                deadline = None
            case ["progress", int(done), int(total)] if progress:
                progress(done, total)
            case ["exit", int(code)]:
                return code
            case None:
                raise _death_error(path, child.wait(), is_busy=deadline is not None)


def _measure_rest(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _timeout_error(path: str, seconds: int) -> SourceError:
    return SourceError(
        f"cannot read `{path}`: the model was not loaded, or did not predict a batch, within"
        f" {seconds} seconds; --model-timeout allows more"
    )


def _death_error(path: str, code: int, *, is_busy: bool) -> SourceError:
    how = f"with exit code {code}" if code >= 0 else f"by {_name_signal(-code)}"
    if code == -getattr(signal, "SIGKILL", 0):
        how += ", perhaps because the memory was full"
    if is_busy:
        return SourceError(f"cannot read `{path}`: the model ended the process ({how})")
    what = f"the process that examined `{path}`" if path else "the process that reads the model"
    return SourceError(f"{what} ended unexpectedly ({how}); -v shows what it printed")


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _replay(record: Path) -> None:
    """Write what the child has written to stdout and stderr, in the same order."""
    with record.open("rb") as stream:
        while line := stream.readline():
            number, length = map(int, line.split())
            target = (sys.stdout, sys.stderr)[number - 1]
            data = stream.read(length)
            if target is not None:
                target.flush()
                target.buffer.write(data)
                target.flush()


def _show_noise(noise: Path) -> None:
    """Write to stderr what libraries have written, without codes that a terminal would obey."""
    with noise.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            sys.stderr.write(escape_line(line.rstrip("\n")) + "\n")
