"""`--cost`: the processor time that the probe and the checks add to a scan."""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
from build import pair_of

from casebook.cases import Arrays, at, dense, labels
from casebook.verdicts import diagnose
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.pairings import list_doctor_pairings
from iou_doctor.interpret import infer_layout
from iou_doctor.scan.scan import scan

LARGE = 1024
"""Samples of 512 x 512 pixels: 256 Mpx."""
RUNS = 5
MOST_ADDED = 0.1
"""Seconds that the probe and all checks may add to any of these arrays. They look at a bounded
number of pixels, so that more of them cost no more: 0.02 to 0.05 s, a third of a small check. A
share of the scan would say more about the scan, which kernels have made ten times as fast."""
MOST_COLD = 0.06
"""Seconds that they may add to a small check, imports included: twice what they do."""
COLD = """
import sys, time
import numpy, iou_doctor.diagnosis.pipeline
start = time.process_time()
from iou_doctor.checks import registry
registry.load_checks()
spent = time.process_time() - start
run = registry.run
def timed(evidence):
    global spent
    start = time.process_time()
    try:
        return run(evidence)
    finally:
        spent += time.process_time() - start
registry.run = timed
import iou_doctor
iou_doctor.check(
    y_true="sample_data/healthy/masks.npy", y_pred="sample_data/healthy/preds.npy", num_classes=3
)
print(spent)
"""


def _large() -> Arrays:
    source = at("street-11/0.7")
    tiled = [
        np.tile(values, (1, 9, 7))[:, :512, :512] for values in (source.truth, source.predicted)
    ]
    times = LARGE // source.samples
    true, pred = (np.tile(values, (times, 1, 1)) for values in tiled)
    return labels(source, y_true=true, y_pred=pred)


def _seconds_of_scan(arrays: Arrays) -> float:
    """Return what a look at the axes and one pass take, without the probe, of the processor."""
    pair = pair_of(y_true=arrays.y_true, y_pred=arrays.y_pred)
    options = Options()
    start = time.process_time()
    layout = infer_layout(pair, options)
    scan(pair, layout, pairings=list_doctor_pairings(pair, layout, options), threshold=0.5)
    return time.process_time() - start


def _seconds_in_all(arrays: Arrays) -> float:
    on_one_thread = replace(arrays, options={**arrays.options, "jobs": 1})
    start = time.process_time()
    diagnose(on_one_thread)
    return time.process_time() - start


def _seconds_when_cold() -> float:
    """Return what importing and running the checks takes in a new process, the least of some."""
    return min(
        float(subprocess.run([sys.executable, "-c", COLD], check=True, capture_output=True).stdout)
        for _ in range(RUNS)
    )


def main() -> int:
    """Print the times; return 1 where the probe and the checks take more than they may."""
    pairs = {
        "small labels": labels(at("street/0.7")),
        "small softmax": dense(at("street/0.7")),
        "150 classes": labels(at("patches-150/0.7")),
        "volumes": labels(at("volume/0.7")),
        "256 Mpx of labels": _large(),
    }
    diagnose(pairs["small labels"])  # what is imported once is timed below
    print(f"{'':20}{'scan':>9}{'added':>9}")
    most = 0.0
    for name, arrays in pairs.items():
        alone = min(_seconds_of_scan(arrays) for _ in range(RUNS))
        added = min(_seconds_in_all(arrays) for _ in range(RUNS)) - alone
        most = max(most, added)
        print(f"{name:20}{alone:8.3f}s{added:8.3f}s")
    cold = _seconds_when_cold()
    print(f"the probe and all checks add up to {most:.3f} s (at most {MOST_ADDED} s)")
    print(f"small check, new process: checks {cold:.3f} s (at most {MOST_COLD} s)")
    return int(most > MOST_ADDED or cold > MOST_COLD)
