"""What the project promises: the one place for the goals of all rows.

A goal is a ratio: how many times as long as iou-doctor another contestant takes, at least. Below 1,
iou-doctor may take longer. The contestants are those of the row with the same name.
"""

from __future__ import annotations

LEAST: dict[str, dict[str, float]] = {
    "tiny": {"imports": 1 / 1.5},
    "first-run": {"second run": 0.9, "later runs": 0.9},
    "labels-10": {"bincount": 0.7},
    "labels-40": {"bincount": 1.5},
    "labels-400": {"bincount": 6},
    "scores-0.1": {"argmax + bincount": 0.8},
    "scores-0.3": {"argmax + bincount": 1.2},
    "scores-1": {"argmax + bincount": 2},
    "scores-4": {"argmax + bincount": 4},
    "uint8": {"keras": 60, "torchmetrics": 14, "bincount": 5, "read": 0.3},
    "int64": {"keras": 15, "bincount": 3},
    "float32": {"keras": 12, "argmax + bincount": 4},
    "float32-3": {"keras": 10},
    "float16": {"keras": 12},
    "channels-first": {"keras": 10},
    "gzip": {"plain read loop": 1.3},
    "zarr": {"plain read loop": 1 / 1.3},
    "tiff": {"plain read loop": 1 / 1.3},
    "avx2-uint8": {"keras": 60, "bincount": 5},
    "avx2-float32": {"keras": 12, "argmax + bincount": 4},
    "avx2-float16": {"keras": 12},
    "numpy-uint8": {"bincount": 1.5},
    "numpy-float32": {"argmax + bincount": 1},
    "numpy-float16": {"argmax + bincount": 1},
    "ledger": {"without a ledger": 0.97},
    "kinds": {"public implementation": 50},
    "threads": {"one thread": 1.7},
    "threads-scores": {"one thread": 1.7},
}
"""The least ratio of each row and contestant."""

MOST_MEMORY: dict[str, float] = {"memory": 150, "memory-scores": 150}
"""The most anonymous memory of each row, in MB."""
