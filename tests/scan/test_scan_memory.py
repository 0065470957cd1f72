"""Memory does not grow with the file."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from scan.arrays import layout_of

from iou_doctor.arrays.batch import Batch
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.scan import batch_plan
from iou_doctor.scan.batch_plan import BatchPlan


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((32, 512, 512), "u1"),
        ((8, 512, 512), "i8"),
        ((2, 512, 512, 9), "f4"),
        ((24, 256, 256, 2), "f2"),
    ],
)
def test_numpy_counts_in_a_few_mebibytes(monkeypatch, shape, dtype):
    monkeypatch.setattr(batch_plan, "load_kernels", lambda: None)
    random = np.random.default_rng(0)
    predictions = (random.random(shape, "f4") * 20).astype(dtype)
    masks = random.integers(0, 20, shape[:3], dtype="u1")
    letters = "NHWC" if len(shape) == 4 else "NHW"
    decoding = LabelDecoding.ARGMAX if len(shape) == 4 else LabelDecoding.LABELS
    plan = BatchPlan(
        layout_of(masks, predictions, pred=letters),
        (Pairing(LabelDecoding.LABELS, decoding),),
        threshold=0.5,
    )
    tracemalloc.start()
    try:
        plan.count_parts(Batch(masks, predictions, np.arange(len(masks))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 2**20


PEAK = """
import sys, threading, time
import iou_doctor
from pathlib import Path

peak = 0
def watch():
    global peak
    while True:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                peak = max(peak, int(line.split()[1]))
        time.sleep(0.01)

threading.Thread(target=watch, daemon=True).start()
report = iou_doctor.check(y_true=sys.argv[1], y_pred=sys.argv[2], num_classes=16)
print(report.pixels.total, peak // 1024)
"""


pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="reads /proc for the anonymous memory"
)


def peak_of(masks, predictions):
    """Return the pixels that a check counts, and its most MiB of anonymous memory."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(masks), str(predictions)],
        capture_output=True,
        text=True,
        check=True,
    )
    pixels, peak = map(int, done.stdout.split())
    return pixels, peak


def test_a_file_of_one_gibibyte_is_checked_in_less_than_350_megabytes(tmp_path):
    predictions, masks = tmp_path / "preds.npy", tmp_path / "masks.npy"
    # holes in the file: it takes no place on the disk, and reads as zeros
    np.lib.format.open_memmap(predictions, "w+", np.float32, (64, 512, 512, 16)).flush()
    np.lib.format.open_memmap(masks, "w+", np.uint8, (64, 512, 512)).flush()
    assert predictions.stat().st_size > 2**30
    pixels, peak = peak_of(masks, predictions)
    assert pixels == 64 * 512 * 512
    assert 0 < peak < 350


def test_two_hundred_thousand_small_images_are_checked_in_less_than_350_megabytes(tmp_path):
    predictions, masks = tmp_path / "preds.npy", tmp_path / "masks.npy"
    random = np.random.default_rng(0)
    y_true = random.integers(0, 16, (200_000, 2, 2), dtype="u1").repeat(8, 1).repeat(8, 2)
    drawn = random.integers(0, 16, y_true.shape, dtype="u1")
    np.save(masks, y_true)
    np.save(predictions, np.where(random.random(y_true.shape, "f4") < 0.15, drawn, y_true))
    pixels, peak = peak_of(masks, predictions)
    assert pixels == y_true.size
    assert 0 < peak < 350
