"""Several windows at once, results in order."""

from __future__ import annotations

import threading
import time

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
