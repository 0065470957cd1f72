"""Threads that count label maps while Python goes on with something else.

A thread that runs Python waits for all others that do, several times for each batch. These threads
need Python only when they begin and end: the kernels hand out the tasks.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Thread

import numpy as np

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.scan.native.count_labels import PreparedLabels, Scratch, count_in_turns
from iou_doctor.scan.native.library import Kernels
from iou_doctor.scan.native.pick_labels import PreparedPicks
from iou_doctor.scan.native.structures import CELLS, PICKS, TASK

ALL = 2**62
"""More tasks than there are."""


class Crew:
    """Counts some label maps, each of which is a task.

    Args:
        kernels: the native kernels.
        labels: the label maps.
        picks: what to pick from each of them.
        scratch: the working space of the pass.
        helpers: the number of threads besides the one that asks for the tables.
    """

    def __init__(
        self,
        kernels: Kernels,
        labels: Sequence[PreparedLabels],
        picks: Sequence[Sequence[PreparedPicks]],
        scratch: Scratch,
        helpers: int,
    ) -> None:
        self._kernels, self._labels, self._scratch = kernels, labels, scratch
        self._picks = [np.array([one.picks for one in some], dtype=PICKS) for some in picks]
        self._tasks = np.zeros(len(labels), dtype=TASK)
        self._next = np.zeros(1, dtype=np.int64)
        self._room = max((min(CELLS, one.pixels) for one in labels), default=0)
        self._blocks: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.int64]]] = {}
        """The rows that the kernels write to, by their address."""
        for task, one, some in zip(self._tasks, labels, self._picks, strict=True):
            task["y_true"], task["y_pred"] = one.y_true.ctypes.data, one.y_pred.ctypes.data
            task["samples"], task["images"] = one.samples.ctypes.data, len(one.samples)
            task["pixels"], task["picks"] = one.pixels, some.ctypes.data
            task["pick_count"] = len(some)
        self._threads = [
            Thread(target=self._help, name=f"iou-doctor-scan_{number}", daemon=True)
            for number in range(min(helpers, len(labels)))
        ]
        for thread in self._threads:
            thread.start()

    def count(self, index: int) -> list[PairCounts] | None:
        """Return tables of some images each, once a label map is counted; see `count_in_turns`."""
        task = self._tasks[index : index + 1]
        is_done = self._kernels.get("is_task_done")
        while not is_done(task.ctypes.data):
            if not self._run(1):  # others have taken the rest
                self._wait()
        rows, first, last, done = (task[0][name] for name in ("rows", "first", "last", "done"))
        if last < 0:
            return None
        table = PairCounts(*self._blocks[int(rows)][:, first:last])
        rest = count_in_turns(self._kernels, self._labels[index], self._scratch, int(done))
        return None if rest is None else [table, *rest]

    def stop(self) -> None:
        """Drop the tasks that nobody has begun, and wait for the threads."""
        self._next[0] = len(self._labels)
        if not sys.is_finalizing():  # Python has ended them, and might wait forever
            self._wait()

    def _wait(self) -> None:
        for thread in self._threads:
            thread.join()

    def _help(self) -> None:
        while self._run(ALL):
            pass

    def _run(self, most: int) -> int:
        """Carry out tasks that nobody has begun, and return their number."""
        rows, first = self._scratch.get_rows(self._room)
        self._blocks[rows.ctypes.data] = rows
        used = np.array([first])
        ran: int = self._kernels.get("run_tasks")(
            *(self._tasks.ctypes.data, len(self._tasks), self._next.ctypes.data, most),
            *(self._scratch.get_space().ctypes.data, rows.ctypes.data, rows.shape[1]),
            used.ctypes.data,
        )
        self._scratch.use(int(used[0]))
        return ran
