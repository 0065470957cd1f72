"""Several windows at once, results in order."""

from __future__ import annotations

import threading
import time

import pytest

from iou_doctor.scan.threads import in_order


def named(item):
    """Return the item and who worked on it; the earlier ones take longer."""
    time.sleep(0.002 * (5 - item % 5))
    return item, threading.current_thread()


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 2, 11])
def test_results_come_in_order(jobs, items):
    assert [item for item, _ in in_order(named, iter(range(items)), jobs=jobs)] == [*range(items)]


def test_one_piece_or_one_job_takes_no_thread_of_its_own():
    here = threading.current_thread()
    assert [worker for _, worker in in_order(named, [0], jobs=4)] == [here]
    assert {worker for _, worker in in_order(named, range(3), jobs=1)} == {here}
    assert here not in {worker for _, worker in in_order(named, range(3), jobs=2)}


def test_an_error_ends_it_and_drops_what_has_not_begun():
    begun = []

    def work(item):
        begun.append(item)
        if item == 1:
            raise ValueError("no")
        return item

    with pytest.raises(ValueError, match="no"):
        list(in_order(work, range(100), jobs=2))
    assert len(begun) < 100
