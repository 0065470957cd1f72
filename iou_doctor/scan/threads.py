"""Process several windows at once, and return their results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from iou_doctor.scan.workers import Box

Item = TypeVar("Item")
Result = TypeVar("Result")

QUEUE = 2
"""Windows in progress for each thread: one being processed and one waiting."""


def count_usable_cores() -> int:
    """Return the number of cores on which this process may run."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int
) -> Generator[Result, None, None]:
    """Yield `work(item)` for each item, in the order of the items, using up to `jobs` threads.

    Items are taken from the iterable in the caller's thread, as threads become free. After an
    error, in `work` or in the caller, items that have not been started are dropped.
    """
    if jobs == 1:
        yield from map(work, items)  # none is taken before the one before it is done
        return
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    items = chain(iter(first), items)
    del first  # a batch may take much memory
    from iou_doctor.scan.workers import Workers, open_box  # a small check needs no threads

    workers = Workers(work, jobs)
    pending: deque[Box[Result]] = deque()
    try:
        for item in items:
            pending.append(workers.submit(item))
            del item
            if len(pending) >= QUEUE * jobs:
                yield open_box(pending.popleft())
        while pending:
            yield open_box(pending.popleft())
    finally:
        workers.stop()
