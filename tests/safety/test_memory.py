"""The bound on memory holds until its end, and where there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, threading, time
from pathlib import Path
from iou_doctor.safety import memory
before = resource.getrlimit(resource.RLIMIT_AS)
{first}
try:
    with memory.bound_memory(1 << 28):
        bytearray(1 << 29)
        print("unbounded")
except MemoryError:
    print("bounded")
print(resource.getrlimit(resource.RLIMIT_AS) == before)
bytearray(1 << 29)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        ("", "bounded"),
        ("threading.Thread(target=time.sleep, args=[60], daemon=True).start()", "bounded"),
        ("threading.Thread(target=time.sleep, args=[1]).start()", "unbounded"),
        ("memory.STATUS = Path('/nowhere/statm')", "unbounded"),
    ],
    ids=["alone", "thread in the background", "another thread", "no /proc"],
)
def test_memory_is_bounded_until_the_end(first, outcome):
    command = [sys.executable, "-c", PROGRAM.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [outcome, "True"]
