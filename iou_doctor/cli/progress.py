"""Show a progress bar on stderr during long scans, if stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHOW_AFTER = 1.0
"""Seconds until the bar appears. Shorter scans show none, because it would only flash."""


@contextmanager
def show_progress(*, wanted: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a function to call with the number of samples done and the number of all samples.

    It yields `None` if there is no bar.

    Args:
        wanted: whether to show a bar if stderr is a terminal.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("samples")
    start = time.monotonic()

    def advance(done: int, total: int) -> None:
        if not bar.live.is_started:
            if time.monotonic() - start < SHOW_AFTER:
                return
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()
