"""`PYTHONPATH=tests python -m bench.gpu`: the TensorFlow kernels on this machine's GPU.

The arrays are created on the card. Each contestant is warmed up, then all take turns, and the least
time of the rounds counts. The copy bandwidth of the card is measured with `tf.identity` of a large
tensor, as bytes read and written. That of a kernel is the bytes of its two arrays, read once.
"""

# ruff: noqa: T201 - it prints its results

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.gpu_cases import CASES, CLASSES, arrays, contestants
from iou_doctor.scan.device import GPU_SIGNS, is_gpu_visible

ROUNDS = 5
TIMES = {"keras": 20, "torchmetrics": 5}
"""How many times faster than the others the kernels should be."""


@dataclass(frozen=True)
class Row:
    """One contestant on one kind of data."""

    case: str
    contestant: str
    nanoseconds: float
    """Per pixel."""
    share: float | None
    """As a share of the copy bandwidth."""
    times: float | None
    """How many times as long as the kernels."""
    equal: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 if counts differ."""
    parser = argparse.ArgumentParser("bench.gpu", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers to FILE")
    parser.add_argument("--images", type=int, default=64, help="of 512 x 512")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--rehearse", action="store_true", help="on the processor, in its time")
    options = parser.parse_args(arguments)
    if not options.rehearse and not is_gpu_visible():
        print(f"No NVIDIA GPU is visible here (looked for {GPU_SIGNS}); nothing was measured.")
        return 0
    import tensorflow as tf

    from iou_doctor.scan.tensorflow.kernels import list_gpus

    devices = list_gpus()
    if not devices and not options.rehearse:
        print("TensorFlow sees no GPU; `pip install tensorflow[and-cuda]` brings what it needs.")
        return 0
    name = "the processor"
    if devices:
        card = tf.config.list_physical_devices("GPU")[0]
        name = tf.config.experimental.get_device_details(card).get("device_name", "a GPU")
    with tf.device(devices[0] if devices else "CPU:0"):
        copy = _copy_bandwidth(options)
        rows = [row for case in CASES for row in _case(case, options, copy)]
    _report(rows, name, copy, options)
    return int(not all(row.equal for row in rows))


def _timed(run: Callable[[], Any], options: argparse.Namespace) -> float:
    clock = time.process_time if options.rehearse else time.perf_counter
    start = clock()
    run()
    return clock() - start


def _copy_bandwidth(options: argparse.Namespace) -> float:
    """Return the bytes read and written per second."""
    import tensorflow as tf

    source = tf.zeros([options.images, options.side, options.side, CLASSES])
    copy = tf.function(lambda values: values + 1.0)

    def run() -> None:
        copy(source)[0, 0, 0, 0].numpy()

    run()
    least = min(_timed(run, options) for _ in range(options.rounds))
    return 2 * float(np.prod(source.shape)) * 4 / least


def _case(name_of_case: str, options: argparse.Namespace, copy: float) -> list[Row]:
    case = CASES[name_of_case]
    true, pred = arrays(case, [options.images, options.side, options.side])
    runs = contestants(case, true, pred)
    matrices = {name: run() for name, run in runs.items()}
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(options.rounds):
        for name, run in runs.items():
            least[name] = min(least[name], _timed(run, options))
    pixels = float(np.prod(true.shape))
    size = sum(float(np.prod(array.shape)) * array.dtype.size for array in (true, pred))
    ours = least["iou-doctor"]
    return [
        Row(
            name_of_case,
            name,
            seconds / pixels * 1e9,
            size / seconds / copy if name == "iou-doctor" else None,
            None if name == "iou-doctor" else seconds / ours,
            bool(np.array_equal(matrices[name], matrices["iou-doctor"])),
        )
        for name, seconds in least.items()
    ]


def _report(rows: list[Row], name: str, copy: float, options: argparse.Namespace) -> None:
    print(f"{name}, copies at {copy / 1e9:.0f} GB/s")
    for row in rows:
        start = f"{row.case:11}{row.contestant:14}{row.nanoseconds:10.3f} ns/pixel"
        said = [start, *_said(row, wanted=not options.rehearse)]
        print("  ".join(said))
    if options.json:
        found = {"device": name, "copy_bytes_a_second": copy, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _said(row: Row, *, wanted: bool) -> Iterator[str]:
    """Yield the remarks of a row; the goals are for a GPU."""
    if row.share is not None and wanted:
        yield f"{row.share:6.0%} of copy, {CASES[row.case].wanted:.0%} wanted"
    if row.times is not None:
        yield f"{row.times:6.1f}x" + (f", {TIMES[row.contestant]}x wanted" if wanted else "")
    if not row.equal:
        yield "COUNTS DIFFER"


if __name__ == "__main__":
    sys.exit(main())
