"""Work on several windows at once, results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

QUEUE = 2
"""Windows under way for each thread: one at work, and one waiting."""


def count_usable_cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int
) -> Iterator[Result]:
    """Yield `work(item)` for each item, in their order, made by up to `jobs` threads.

    Items are taken as there is room for them, in the caller's thread. An error, in `work` or at
    the caller's, drops what has not begun.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    from concurrent.futures import ThreadPoolExecutor  # not for a small check

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="iou-doctor-scan")
    pending: deque[Future[Result]] = deque()
    try:
        for item in chain(first, items):
            pending.append(pool.submit(work, item))
            if len(pending) >= QUEUE * jobs:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
