"""The pass on GPUs: batches wait ready, devices take them in turns, a full memory halves them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

import numpy as np

from iou_doctor.batch import Batch
from iou_doctor.derivation import Pairing
from iou_doctor.errors import IouDoctorError
from iou_doctor.layout import Layout
from iou_doctor.scan import tensorflow_kernels as kernels
from iou_doctor.stats import PairCounts, Stats

AHEAD = 2
"""Batches that are read while others are counted: one to copy, one to wait."""
SPREAD = 32
"""Tables among which the pixels of a GPU's warp are shared out."""


def say(text: str) -> None:
    """Write one line to stderr."""
    sys.stderr.write(f"iou-doctor: {text}\n")


@dataclass
class DeviceVisit:
    """What to do with each batch, on the devices in turn; see `scan.Visit`.

    Args:
        layout: what the axes mean.
        pairings: which derived labels to count together; `tensorflow_kernels.serves` them.
        threshold: the second cut of `Derivation.BINS`.
        reference: looks at the batches that only it can tell.
        devices: names as TensorFlow has them; a processor will do, which is how this is tested.
        tell: takes a sentence for the user.
    """

    layout: Layout
    pairings: Sequence[Pairing]
    threshold: float
    reference: Callable[[Batch], Stats]
    devices: Sequence[str] = ("GPU:0",)
    tell: Callable[[str], None] = say
    compiled: bool = True
    most: int | None = None
    """Samples in a batch; `None`: as many as come. Halved where memory is full."""
    _turn: Iterator[int] = field(default_factory=count)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.kernels = [
            kernels.Kernels(
                self.layout,
                self.pairings,
                self.threshold,
                compiled=self.compiled,
                replicas=SPREAD if "GPU" in device else 1,
            )
            for device in self.devices
        ]

    def __call__(self, batch: Batch) -> Stats:
        """Return the Stats of one batch, of arrays or tensors."""
        number = len(batch.samples)
        most = min(self.most or number, number)
        parts = [batch] if most == number else list(_split(batch, self.layout, most))
        return Stats.merge([self._one(part) for part in parts])

    def _one(self, batch: Batch) -> Stats:
        place = next(self._turn) % len(self.devices)
        try:
            with kernels.on(self.devices[place]):
                found = self.kernels[place].count(
                    y_true=batch.y_true,
                    y_pred=batch.y_pred,
                    samples=batch.samples,
                    first_row=batch.first_row,
                )
        except kernels.OUT_OF_MEMORY:
            return self._halved(batch)
        if found is None:
            return self.reference(_fetched(batch))
        samples = len(batch.samples) if batch.first_row == 0 else 0
        return Stats(samples, found.tables, found.y_true, found.y_pred)

    def _halved(self, batch: Batch) -> Stats:
        number = len(batch.samples)
        if number == 1:
            raise IouDoctorError("--device gpu: its memory does not hold one image; use cpu")
        with self._lock:
            if self.most is None:
                self.tell("the GPU's memory is full; counting in smaller batches")
            self.most = min(self.most or number, max(1, number // 2))
        return self(batch)


def _split(batch: Batch, layout: Layout, most: int) -> Iterator[Batch]:
    for first in range(0, len(batch.samples), most):
        some = slice(first, first + most)
        true = batch.y_true[some] if layout.y_true.sample else batch.y_true
        pred = batch.y_pred[some] if layout.y_pred.sample else batch.y_pred
        yield Batch(true, pred, batch.samples[some], batch.first_row)


def _fetched(batch: Batch) -> Batch:
    return Batch(np.asarray(batch.y_true), np.asarray(batch.y_pred), batch.samples, batch.first_row)


def count_tensors(
    *,
    y_true: Any,
    y_pred: Any,
    samples: Any,
    visit: DeviceVisit,
) -> dict[Pairing, PairCounts]:
    """Return the tables of a batch whose tensors stay where they are."""
    return dict(visit(Batch(y_true, y_pred, samples)).tables)
