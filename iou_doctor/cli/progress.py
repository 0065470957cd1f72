"""A progress bar on stderr, for long scans on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0
"""Seconds of silence: a bar that flashes by tells nobody anything."""


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function to call with (samples done, samples in all), or `None`.

    Args:
        shown: False for --quiet and --no-progress.
    """
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("samples")
    start = time.monotonic()

    def advance(done: int, total: int) -> None:
        if not bar.live.is_started:
            if time.monotonic() - start < PATIENCE:
                return
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()
