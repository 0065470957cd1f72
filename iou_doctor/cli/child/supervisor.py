"""The child's side of a check of a model: what it tells the process that waits for it.

Nothing is printed before the end, because a model might end the process in the middle. What the
command writes to stdout and stderr is recorded. What libraries write goes to another file.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from iou_doctor.cli.child.checked import Checked, read_checked

RECORD = "record"
"""The file with what the command has written: for each piece one line, `FD LENGTH`, then bytes."""
NOISE = "noise"
"""The file with what libraries have written."""
STREAMS = {"stdout": 1, "stderr": 2}


class Supervisor:
    """The process that waits for this one, and what it is to show in the end.

    Args:
        folder: the folder for what is written.
        is_terminal: whether the stdout of the waiting process is a terminal.
        encoding: the encoding of that stdout.
    """

    def __init__(self, folder: Path, *, is_terminal: bool, encoding: str) -> None:
        self.checked = read_checked(folder)
        """The checks of `--all` that need not be done again."""
        self._channel = os.dup(STREAMS["stdout"])
        self._state = threading.local()
        self._record = (folder / RECORD).open("wb", buffering=0)
        noise = os.open(folder / NOISE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in STREAMS.values():
            os.dup2(noise, number)
        os.close(noise)
        for name, number in STREAMS.items():
            stream = _Stream(_Recorder(self, number), encoding, is_terminal and name == "stdout")
            setattr(sys, name, stream)
        warnings.showwarning = _write_warning
        threading.Thread(target=_end_with_parent, daemon=True).start()

    def discard_record(self) -> None:
        """Forget what was written so far, because the waiting process has written it as well."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._record.truncate(0)
        self._record.seek(0)

    @contextmanager
    def watch(self, path: str, seconds: int) -> Iterator[None]:
        """Tell that a model determines what happens now, and for how long it may.

        Args:
            path: the model.
            seconds: after which the waiting process ends this one.
        """
        self._send("begin", path, seconds)
        self._state.is_watched = True
        try:
            yield
        finally:
            self._state.is_watched = False
            self._send("end")

    def report_progress(self, done: int, total: int) -> None:
        """Tell how many samples are done."""
        self._send("progress", done, total)

    @contextmanager
    def follow_check(self, name: str, results: list[Checked]) -> Iterator[None]:
        """Tell that one check of several begins, and its result when it has ended.

        Args:
            name: of the check.
            results: to which its result is appended.
        """
        self._send("check", name)
        yield
        self._send("checked", results[-1], self._record.tell())

    def finish(self, code: int) -> None:
        """Tell that this process ends in the ordinary way, with an exit code."""
        self._send("exit", code)

    def write(self, number: int, data: bytes) -> None:
        """Record what is written to stdout or stderr, unless a library of the model writes it."""
        if getattr(self._state, "is_watched", False):
            os.write(STREAMS["stderr"], data)
        else:
            self._write_record(b"%d %d\n%b" % (number, len(data), data))

    def _write_record(self, data: bytes) -> None:
        """Add to the record. If that fails, tell the waiting process, which then shows none of it.

        Raises:
            OSError: the disk is full.
        """
        rest = memoryview(data)
        try:
            while rest:  # a disk that is nearly full takes a part
                rest = rest[self._record.write(rest) :]
        except OSError as error:
            self._send("full", error.strerror)
            raise

    def _send(self, *message: object) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:  # the system may take a part of a long report
            data = data[os.write(self._channel, data) :]


class _Recorder(io.RawIOBase):
    """A stream of bytes that a supervisor records."""

    def __init__(self, supervisor: Supervisor, number: int) -> None:
        super().__init__()
        self._supervisor, self._number = supervisor, number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._supervisor.write(self._number, piece)
        return len(piece)


class _Stream(io.TextIOWrapper):
    """A stream of text that passes everything on at once, and says what the terminal is."""

    def __init__(self, recorder: _Recorder, encoding: str, is_terminal: bool) -> None:
        buffer = io.BufferedWriter(recorder)
        super().__init__(buffer, encoding, errors="replace", newline="", write_through=True)
        self._is_terminal = is_terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        self.flush()
        return written

    def isatty(self) -> bool:
        return self._is_terminal


def _write_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001  # the parameters are those of `showwarning`
    line: str | None = None,
) -> None:
    """Write a warning of a library to where the other messages of libraries are."""
    text = warnings.formatwarning(message, category, filename, lineno, line)
    os.write(STREAMS["stderr"], text.encode(errors="replace"))


def _end_with_parent() -> None:
    """End this process as soon as the waiting process has ended, which closes this one's stdin."""
    while os.read(0, 1):
        pass
    os._exit(1)
