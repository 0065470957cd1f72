"""Memory does not grow with the file."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

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
