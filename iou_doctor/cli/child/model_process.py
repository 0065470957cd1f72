"""Run a check of a model file in a process of its own, and show what it has written.

A model can end the process that runs it, or never come to an end. The same command runs in a child
process, and this one waits. The child says which model it is busy with, and at its end the exit
code. Only then is shown what it has written.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

from iou_doctor.cli.child.checked import Checked, describe_error, write_checked
from iou_doctor.cli.child.supervisor import NOISE, RECORD
from iou_doctor.cli.child.talk import Messages, Progress, Talk
from iou_doctor.errors import BAD_USAGE, SourceError
from iou_doctor.record import record
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
            code, parts = _run_parts(arguments, folder, progress)
            for part in parts:
                _replay(part)
        finally:
            if verbose:
                _show_noise(folder)
    return code


@record
class _Part:
    """What one child has written."""

    record: Path
    length: int | None = None
    """The bytes to show; `None`: all of them."""
    error: str = ""
    """The line about the check that the child died of, if there is one."""


def _run_parts(
    arguments: Sequence[str], folder: Path, progress: Progress | None
) -> tuple[int, list[_Part]]:
    """Run children until one comes to the end: a model of `--all` may end the first of them.

    Raises:
        SourceError: one has died of something else than one of several checks.
    """
    parts: list[_Part] = []
    checked: list[Checked] = []
    while True:
        place = folder / str(len(parts))
        place.mkdir()
        write_checked(place, checked)
        talk = Talk(progress)
        try:
            with _start(arguments, place) as child, _read_messages(child) as messages:
                code = talk.follow(child, messages)
        except SourceError as error:
            checked += talk.checked
            if talk.name is None and not talk.checked:
                raise
            line = ""
            if talk.name is not None:
                checked.append(Checked(talk.name, BAD_USAGE, error=str(error)))
                line = describe_error(talk.name, error)
            parts.append(_Part(place / RECORD, talk.position, line))
        else:
            return code, [*parts, _Part(place / RECORD)]


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


def _replay(part: _Part) -> None:
    """Write what a child has written to stdout and stderr, in the same order."""
    with part.record.open("rb") as stream:
        while part.length is None or stream.tell() < part.length:
            line = stream.readline()
            if not line:
                break
            number, length = map(int, line.split())
            _write((sys.stdout, sys.stderr)[number - 1], stream.read(length))
    if part.error:
        _write(sys.stderr, f"{part.error}\n".encode())


def _write(target: TextIO | None, data: bytes) -> None:
    if target is not None:
        target.flush()
        target.buffer.write(data)
        target.flush()


def _show_noise(folder: Path) -> None:
    """Write to stderr what libraries have written, without codes that a terminal would obey."""
    for part in sorted(folder.iterdir(), key=lambda entry: int(entry.name)):
        with (part / NOISE).open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                sys.stderr.write(escape_line(line.rstrip("\n")) + "\n")
