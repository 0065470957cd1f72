"""Threads that process items as they come.

`concurrent.futures` can do more, but to import it takes 0.002 s of a check of 40 megapixels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from iou_doctor.record import record

Item = TypeVar("Item")
Result = TypeVar("Result")


@record
class Failure:
    """What a thread leaves in place of a result."""

    error: BaseException


Box = SimpleQueue[Result | Failure]
"""Where a thread leaves the result of an item."""


def open_box(box: Box[Result]) -> Result:
    """Wait for a result and return it, or raise the error."""
    result = box.get()
    if isinstance(result, Failure):
        raise result.error
    return result


class Workers(Generic[Item, Result]):
    """Threads, each of which takes the next item that waits.

    Args:
        work: what they do with an item.
        most: the maximum number of threads. They start when there are items for them.
    """

    def __init__(self, work: Callable[[Item], Result], most: int) -> None:
        self._work, self._most = work, most
        self._tasks: SimpleQueue[tuple[Item, Box[Result]] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    def submit(self, item: Item) -> Box[Result]:
        """Let a thread process an item, and return the box for its result."""
        box: Box[Result] = SimpleQueue()
        self._tasks.put((item, box))
        if len(self._threads) < self._most:
            name = f"iou-doctor-scan_{len(self._threads)}"
            thread = Thread(target=self._serve, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return box

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            item, box = task
            try:
                box.put(self._work(item))
            except BaseException as error:
                box.put(Failure(error))
            del task, item, box  # they hold the memory of a window
        self._tasks.put(None)  # for the next thread, also one that a signal kept off the list

    def stop(self) -> None:
        """Drop the items that wait, and wait for the threads."""
        while not self._tasks.empty():
            with suppress(Empty):  # a thread was faster
                self._tasks.get_nowait()
        self._tasks.put(None)
        if sys.is_finalizing():  # Python has ended them, and might wait forever
            return
        for thread in self._threads:
            thread.join()
