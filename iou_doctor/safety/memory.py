"""Let a library take no more memory than a sound file needs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/statm")
"""Begins with the number of pages that this process has mapped. Some containers lack it."""


@contextmanager
def bound_memory(most_bytes: int) -> Iterator[None]:
    """Let this process map only so many bytes more until the end, on Linux with `/proc`.

    HDF5 takes as much memory for a text of variable length as the file claims, before it looks for
    the text. Other threads would lack memory as well, so nothing is bound if there are any but
    those in the background.

    Args:
        most_bytes: beyond what is mapped now.
    """
    others = (one for one in threading.enumerate() if one is not threading.current_thread())
    is_linux = sys.platform == "linux" and STATUS.exists()
    if not is_linux or not all(one.daemon for one in others):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(STATUS.read_text(encoding="ascii").split()[0])
    bound = pages * resource.getpagesize() + most_bytes
    if soft != resource.RLIM_INFINITY:
        bound = min(bound, soft)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
