"""Several windows at once, results in order."""

from __future__ import annotations

import sys
import threading
import time
import weakref

import pytest

from iou_doctor.scan.threads import map_in_order


def named(item):
    """Return the item and who worked on it; the earlier ones take longer."""
    time.sleep(0.002 * (5 - item % 5))
    return item, threading.current_thread()


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_results_come_in_order(jobs):
    for items in (0, 1, 2, 11):
        results = map_in_order(named, iter(range(items)), jobs=jobs)
        assert [item for item, _ in results] == [*range(items)]


def test_one_piece_or_one_job_takes_no_thread_of_its_own():
    here = threading.current_thread()
    assert [worker for _, worker in map_in_order(named, [0], jobs=4)] == [here]
    assert {worker for _, worker in map_in_order(named, range(3), jobs=1)} == {here}
    assert here not in {worker for _, worker in map_in_order(named, range(3), jobs=2)}


def test_results_come_in_order_and_few_windows_wait():
    begun = []

    def work(item):
        time.sleep(0.002 * (item % 3))
        return item

    def items():
        for item in range(20):
            begun.append(item)
            yield item

    done = []
    for result in map_in_order(work, items(), jobs=3):
        done.append(result)
        assert len(begun) - len(done) < 2 * 3
    assert done == list(range(20))


class Batch:
    """An item whose end is seen."""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_batch_is_freed_when_it_is_done(jobs):
    begun = []

    def batches():
        for _ in range(8):
            batch = Batch()
            begun.append(weakref.ref(batch))
            yield batch
            del batch

    results = map_in_order(lambda _: None, batches(), jobs=jobs)
    next(results)
    if jobs == 1:
        assert len(begun) == 1
    for _ in range(3):
        next(results)
    late = time.monotonic() + 5
    while any(one() for one in begun[:3]) and time.monotonic() < late:
        time.sleep(0.001)  # a thread may have given its result, and nothing more
    assert not any(one() for one in begun[:3])
    results.close()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_one_window_ends_the_scan(error):
    seen = []

    def work(item):
        seen.append(item)
        if item == 3:
            raise error("in a window")
        return item

    with pytest.raises(error):
        list(map_in_order(work, range(1000), jobs=2))
    assert len(seen) < 20


def test_an_error_of_the_caller_drops_what_has_not_begun():
    seen = []
    results = map_in_order(lambda item: seen.append(item), range(1000), jobs=2)
    next(results)
    results.close()
    assert len(seen) <= 5


def test_a_scan_that_is_dropped_when_python_ends_waits_for_no_thread(monkeypatch):
    goes_on = threading.Event()
    results = map_in_order(lambda item: item and goes_on.wait(5), range(9), jobs=2)
    next(results)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "is_finalizing", lambda: True)
        begun = time.monotonic()
        results.close()
        assert time.monotonic() - begun < 3
    goes_on.set()


def test_a_signal_between_the_start_of_a_thread_and_its_entry_stops_nothing(monkeypatch):
    class Interrupted(threading.Thread):
        """A thread after whose start Ctrl-C is pressed, if it is the second one."""

        def start(self):
            super().start()
            if self.name.endswith("_1"):
                raise KeyboardInterrupt

    monkeypatch.setattr("iou_doctor.scan.workers.Thread", Interrupted)
    ends = []

    def run():
        with pytest.raises(KeyboardInterrupt):
            list(map_in_order(lambda item: time.sleep(0 if item else 0.5), range(4), jobs=2))
        ends.append(True)

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    runner.join(20)
    assert ends
