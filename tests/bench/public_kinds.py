"""The public implementation of the kinds of errors, which is no dependency of anything.

`python -m bench.public_kinds FOLDER MASKS PREDICTIONS CLASSES` runs the copy of
https://github.com/mxbh/beyond-iou in a folder, and prints the mean IoU of its counts. It needs
OpenCV. What else its package imports is for reading data sets and drawing charts, and is left out.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np

VARIABLE = "BENCH_PUBLIC_KINDS"
"""The environment variable with the folder: the option of the benchmark sets it."""
UNUSED = ("matplotlib", "matplotlib.pyplot", "pandas", "torch", "mmengine")


def load_evaluator(folder: Path) -> Any:
    """Return the class that finds the kinds."""
    for name in UNUSED:
        sys.modules[name] = MagicMock()
    package = ModuleType("beyond_iou")
    package.__path__ = [str(folder / "beyond_iou")]  # without running its `__init__`
    sys.modules["beyond_iou"] = package
    import scipy.ndimage  # it uses this without importing it
    from beyond_iou.evaluator import Evaluator

    assert scipy.ndimage
    return Evaluator


def find_folder() -> str | None:
    """Return the folder of the public implementation, if it was named."""
    return os.environ.get(VARIABLE)


def main() -> None:
    """Print the mean IoU that follows from the counts of all kinds."""
    folder, true, pred, classes = sys.argv[1:]
    with contextlib.redirect_stdout(sys.stderr):
        evaluator = load_evaluator(Path(folder))([str(one) for one in range(int(classes))])
    total = np.zeros((int(classes), 10), dtype=np.int64)
    for masks, predictions in zip(np.load(true), np.load(pred), strict=True):
        found = evaluator.evaluate_sample(predictions.astype(np.int64), masks.astype(np.int64))
        codes = found["main_results"]
        for code in range(-1, 9):
            total[:, code + 1] += (codes == code).sum(axis=(1, 2))
    right, wrong = total[:, 2], total[:, 4:].sum(axis=1)
    sys.stdout.write(f"{float(np.nanmean(right / (right + wrong)))}\n")


if __name__ == "__main__":
    main()
