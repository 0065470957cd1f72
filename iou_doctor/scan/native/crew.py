"""Threads that count label maps while Python goes on with something else.

A thread that runs Python waits for all others that do, several times for each batch. These threads
need Python only when they begin and end, or have nothing to do: the kernels hand out the tasks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Condition, Thread, get_ident
from time import sleep

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.scan.native.count_labels import PreparedLabels, Scratch, count_in_turns
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.pick_labels import PreparedPicks
from iou_doctor.scan.native.structures import CELLS, PICKS, QUEUE, TASK

ALL = 2**62
"""More tasks than there are."""
MOMENT = 0.0002
"""The seconds between two looks at a task that another thread carries out."""


@record
class _Kept:
    """What must not go before a task is done."""

    labels: PreparedLabels
    picks: Sequence[PreparedPicks]
    together: NDArray[np.void]
    """The picks side by side, as the kernels take them."""


class Crew:
    """Counts label maps, each of which is a task.

    Args:
        kernels: the native kernels.
        scratch: the working space of the pass.
        helpers: the maximum number of threads besides the one that asks for the tables.
        places: the maximum number of tasks whose tables have not been taken.
    """

    def __init__(self, kernels: Kernels, scratch: Scratch, helpers: int, places: int) -> None:
        self._kernels, self._scratch, self._most = kernels, scratch, helpers
        self._tasks = np.zeros(places, dtype=TASK)
        self._queue = np.zeros((), dtype=QUEUE)
        self._queue["tasks"], self._queue["places"] = self._tasks.ctypes.data, places
        self._waiting: dict[int, _Kept] = {}
        """What the kernels read and write for the tasks whose tables have not been taken."""
        self._blocks: dict[int, NDArray[np.int64]] = {}
        """The rows that the kernels write to, by their address."""
        self._current: dict[int, int] = {}
        """The address of the rows that each thread writes to now."""
        self._submitted = self._taken = self._room = 0
        self._changed, self._has_stopped = Condition(), False
        self._threads: list[Thread] = []

    def submit(self, labels: PreparedLabels, picks: Sequence[PreparedPicks]) -> None:
        """Let a thread count label maps, and pick some of their labels."""
        assert len(self._waiting) < len(self._tasks)  # else a task would be overwritten
        together = np.array([one.picks for one in picks], dtype=PICKS)
        self._waiting[self._submitted] = _Kept(labels, picks, together)
        task = np.zeros((), dtype=TASK)
        task["y_true"], task["y_pred"] = labels.y_true.ctypes.data, labels.y_pred.ctypes.data
        task["samples"], task["images"] = labels.samples.ctypes.data, len(labels.samples)
        task["pixels"] = labels.pixels
        task["picks"], task["pick_count"] = together.ctypes.data, len(together)
        self._tasks[self._submitted % len(self._tasks)] = task
        self._room = max(self._room, min(CELLS, labels.pixels))
        with self._changed:
            self._kernels.get("publish_task")(self._queue.ctypes.data)
            self._submitted += 1
            self._changed.notify()
        if len(self._threads) < self._most:
            name = f"iou-doctor-scan_{len(self._threads)}"
            self._threads.append(Thread(target=self._help, name=name, daemon=True))
            self._threads[-1].start()

    def take(self) -> list[PairCounts] | None:
        """Return the tables of the first task that has not been taken; see `count_in_turns`."""
        place = self._taken % len(self._tasks)
        task, is_done = self._tasks[place : place + 1], self._kernels.get("is_task_done")
        while not is_done(task.ctypes.data):
            if not self._run(1):  # others have taken the rest
                sleep(MOMENT)
        labels = self._waiting.pop(self._taken).labels
        self._taken += 1
        rows, first, last, done = (task[0][name] for name in ("rows", "first", "last", "done"))
        if last < 0:
            return None
        table = PairCounts(*self._blocks[int(rows)][:, first:last])
        rest = count_in_turns(self._kernels, labels, self._scratch, int(done))
        return None if rest is None else [table, *rest]

    def stop(self) -> None:
        """Drop the tasks that nobody has begun, and wait for the threads."""
        self._queue["published"] = 0
        with self._changed:
            self._has_stopped = True
            self._changed.notify_all()
        if not sys.is_finalizing():  # Python has ended them, and might wait forever
            for thread in self._threads:
                thread.join()

    def _help(self) -> None:
        while True:
            while self._run(ALL):
                pass
            with self._changed:
                if self._has_stopped:
                    return
                if self._queue["next"] >= self._submitted:
                    self._changed.wait()

    def _run(self, most: int) -> int:
        """Carry out tasks that nobody has begun, and return their number."""
        rows, first = self._scratch.get_rows(self._room)
        self._keep(rows)
        used = np.array([first])
        ran: int = self._kernels.get("run_tasks")(
            *(self._queue.ctypes.data, most, self._scratch.get_space().ctypes.data),
            *(rows.ctypes.data, rows.shape[1], used.ctypes.data),
        )
        self._scratch.use(int(used[0]))
        return ran

    def _keep(self, rows: NDArray[np.int64]) -> None:
        """Keep the rows that this thread writes to now, and forget those that have been taken."""
        address = rows.ctypes.data
        with self._changed:
            self._current[get_ident()] = address
            if address not in self._blocks:
                # a kernel may write an address to a task now, but only that of a current block
                needed = {*self._current.values(), *self._tasks["rows"].tolist()}
                kept = {one: block for one, block in self._blocks.items() if one in needed}
                self._blocks = {**kept, address: rows}
