"""Watch a command and its children through /proc: what they read, and whether they have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

PATIENCE = 10
"""The seconds that a child has to notice that its parent is gone."""


def stop_while_it_reads(
    process: subprocess.Popen[bytes], inputs: Collection[Path], earliest: float
) -> tuple[int, Path] | None:
    """Stop a process, or a child of it, at a moment when it has an input open or mapped.

    Args:
        process: the running command.
        inputs: what it may read.
        earliest: of the monotonic clock, the time before which nothing is stopped.

    Returns:
        The stopped process and one of its inputs; `None` if the command ended before.
    """
    while process.poll() is None:
        time.sleep(0.0002)
        if time.monotonic() < earliest:
            continue
        for one in (process.pid, *_list_children(process.pid)):
            with suppress(OSError):  # it has ended
                if not _find_read(one, inputs):
                    continue
                os.kill(one, signal.SIGSTOP)
                if found := _find_read(one, inputs):
                    return one, found[0]
                os.kill(one, signal.SIGCONT)
    return None


def find_left(folder: Path) -> list[int]:
    """Return the processes that still work in a folder after a while."""
    end = time.monotonic() + PATIENCE
    while (left := list(_list_working_in(folder))) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _find_read(process: int, inputs: Collection[Path]) -> list[Path]:
    return [path for path in _list_read(process) if path in inputs]


def _list_read(process: int) -> Iterator[Path]:
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # it was closed
            yield link.readlink()
    for line in Path(f"/proc/{process}/maps").read_text().splitlines():
        words = line.split(maxsplit=5)
        if len(words) == 6:
            yield Path(words[5])


def _list_children(process: int) -> list[int]:
    with suppress(OSError):
        return [*map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]
    return []


def _list_working_in(folder: Path) -> Iterator[int]:
    for process in Path("/proc").glob("*"):  # nothing where there is no such folder
        with suppress(OSError):
            if process.name.isdigit() and (process / "cwd").readlink().is_relative_to(folder):
                yield int(process.name)
