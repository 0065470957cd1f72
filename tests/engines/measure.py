"""`python -m engines.measure`: how fast two workers of Dask are beside two processes of ours.

Two scans of a shard each, on one thread and at the same time, and the report from their parts are
compared with a check on a Dask cluster of two workers that are there already. The shortest of some
turns counts. Run it on an idle machine, with twice the size in free memory and on the disk.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from dask.distributed import LocalCluster

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.engines import dask
from iou_doctor.render import json_v1

CLASSES, SIDE = 19, 512
SEED_IMAGES = 16
GOAL = 0.85


def write_arrays(folder: Path, *, scores: bool, gib: float) -> None:
    """Write a pair whose larger array has so many GiB: some random images again and again."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, CLASSES, (SEED_IMAGES, SIDE // 32, SIDE // 32))
    masks = small.repeat(32, 1).repeat(32, 2).astype(np.uint8)
    predictions = np.where(rng.random(masks.shape) < 0.9, masks, np.roll(masks, 5, 1))
    if scores:
        logits = rng.normal(0, 1, (*masks.shape, CLASSES)).astype(np.float32)
        predictions = logits + 4 * np.eye(CLASSES, dtype=np.float32)[predictions]
    repeats = max(1, round(gib * 2**30 / predictions.nbytes))
    for name, array in (("masks", masks), ("preds", predictions)):
        shape = (repeats * SEED_IMAGES, *array.shape[1:])
        file = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", array.dtype, shape)
        for place in range(0, len(file), SEED_IMAGES):
            file[place : place + SEED_IMAGES] = array
        file.flush()


def run_ours(folder: Path) -> tuple[float, str]:
    """Return the seconds that two processes and the report take, and the report."""
    ours = [sys.executable, "-m", "iou_doctor"]
    pair, plan = [str(folder / "preds.npy"), str(folder / "masks.npy")], str(folder / "plan.json")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if not Path(plan).exists():
        subprocess.run([*ours, "plan", *pair, "-n", str(CLASSES), "--output", plan], **quiet)
    parts = [str(folder / f"{shard}.npz") for shard in (1, 2)]
    start = time.perf_counter()
    command = [*ours, "scan", *pair, "--plan", plan, "--jobs", "1"]
    scans = [
        subprocess.Popen(
            [*command, "--shard", f"{shard}/2", "--output", part], stdout=subprocess.DEVNULL
        )
        for shard, part in enumerate(parts, start=1)
    ]
    for scan in scans:
        scan.wait()
    report = [*ours, "report", *parts, "--output-format", "json"]
    done = subprocess.run(report, capture_output=True, text=True, check=False)
    return time.perf_counter() - start, done.stdout


def run_dask(folder: Path, scheduler: str) -> tuple[float, str]:
    """Return the seconds that a check on the cluster takes, and the report."""
    request = CheckRequest(
        predictions=str(folder / "preds.npy"),
        masks=str(folder / "masks.npy"),
        options=Options(num_classes=CLASSES),
    )
    start = time.perf_counter()
    report = json_v1.render(dask.check(request, scheduler=scheduler))
    return time.perf_counter() - start, report


def main() -> int:
    """Print the seconds and their ratio; return 1 if Dask is slower than it should be."""
    parser = argparse.ArgumentParser("engines.measure", description=__doc__)
    parser.add_argument("--gib", type=float, default=4.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=["labels", "scores"])
    options = parser.parse_args()
    slow = False
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        for kind in ("labels", "scores"):
            if options.only not in (None, kind):
                continue
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_arrays(folder, scores=kind == "scores", gib=options.gib)
                turns = [
                    (run_ours(folder), run_dask(folder, cluster.scheduler_address))
                    for _ in range(options.turns)
                ]
            ours, theirs = (min(turn[side][0] for turn in turns) for side in (0, 1))
            same = all(one[1].strip() == other[1].strip() for one, other in turns)
            slow |= ours / theirs < GOAL
            print(
                f"{kind} of {options.gib:g} GiB: two processes {ours:.2f} s, Dask {theirs:.2f} s:"
                f" {ours / theirs:.2f} times as fast; the reports are"
                f" {'the same' if same else 'DIFFERENT'}"
            )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
