"""Count on GPUs: batches are read ahead, devices take turns, and full memory halves batches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count as count_up
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import DeviceSource, Pair
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.scan import windows
from iou_doctor.scan.tensorflow import kernels
from iou_doctor.scan.tensorflow.kernels import LabelMaps
from iou_doctor.scan.tensorflow.support import is_supported
from iou_doctor.scan.tensorflow.tensor_batches import read_ahead
from iou_doctor.scan.threads import map_in_order

if TYPE_CHECKING:
    from iou_doctor.scan.batch_plan import BatchPlan

AHEAD = 2
"""Batches that are read ahead: one that is being copied, and one that waits."""
BATCHES_AT_ONCE = 256
"""Cache-sized windows in a batch. For 256 MiB of float32, the overhead of a call is small."""
PREDICTED_AT_ONCE = 32
"""The same for predictions of a model: about its own batch size, so that few are concatenated."""
SPREAD = 32
"""Tables among which neighbouring pixels, those of a GPU's warp, are distributed."""


Keep = Callable[[Batch, Callable[[], LabelMaps]], None]
"""Called as `keep(batch, fetch)`. `fetch()` returns the label maps of both arrays."""


def print_notice(text: str) -> None:
    """Write one line to stderr."""
    sys.stderr.write(f"iou-doctor: {text}\n")


@dataclass
class DeviceCounter:
    """Counts each batch on one of the devices.

    Args:
        layout: what the axes mean.
        pairings: which decoded labels to count together; see `support.is_supported`.
        threshold: the threshold of `LabelDecoding.BINS`.
        reference: counts a batch with NumPy if the device cannot.
        keep: takes the label maps of each batch for the probe.
        devices: the names of devices in TensorFlow. Tests use CPUs.
        notify: takes a sentence for the user.
        on_fallback: takes what only the CPU can count, in words.
    """

    layout: Layout
    pairings: Sequence[Pairing]
    threshold: float
    reference: Callable[[Batch], Stats]
    keep: Keep | None = None
    devices: Sequence[str] = ("GPU:0",)
    notify: Callable[[str], None] = print_notice
    on_fallback: Callable[[str], object] = print_notice
    compiled: bool = True
    """Whether to compile with XLA."""
    most: int | None = None
    """The maximum number of samples in a batch, halved when memory is full; `None` for no limit."""
    _turn: Iterator[int] = field(default_factory=count_up)
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
        return Stats.merge([self._count_part(part) for part in parts])

    def _choose_device(self, batch: Batch) -> int:
        """Return the index of the device that holds the predictions, or of the next one in turn."""
        lying = str(getattr(batch.y_pred, "device", ""))
        for place, name in enumerate(self.devices):
            if lying.endswith(f":{name}"):
                return place
        return next(self._turn) % len(self.devices)

    def _count_part(self, batch: Batch) -> Stats:
        place = self._choose_device(batch)
        try:
            with kernels.on(self.devices[place]):
                found = self.kernels[place].count(
                    y_true=batch.y_true,
                    y_pred=batch.y_pred,
                    samples=batch.samples,
                    first_row=batch.first_row,
                )
        except kernels.OUT_OF_MEMORY:
            return self._count_halves(batch)
        if found is None:
            self.on_fallback("batches whose labels lie far apart")
            return self.reference(_fetch(batch))
        if self.keep:
            self.keep(batch, found.fetch_maps)
        samples = len(batch.samples) if batch.first_row == 0 else 0
        return Stats(samples, found.tables, found.y_true, found.y_pred)

    def _count_halves(self, batch: Batch) -> Stats:
        number = len(batch.samples)
        if number == 1:
            raise IouDoctorError("--device gpu: its memory does not hold one image; use cpu")
        with self._lock:
            if self.most is None:
                self.notify("the GPU's memory is full; counting in smaller batches")
            self.most = min(self.most or number, max(1, number // 2))
        return self(batch)


def _split(batch: Batch, layout: Layout, most: int) -> Iterator[Batch]:
    for first in range(0, len(batch.samples), most):
        some = slice(first, first + most)
        true = batch.y_true[some] if layout.y_true.has_sample_axis else batch.y_true
        pred = batch.y_pred[some] if layout.y_pred.has_sample_axis else batch.y_pred
        yield Batch(true, pred, batch.samples[some], batch.first_row)


def _fetch(batch: Batch) -> Batch:
    """Return a batch in the host's memory, with bfloat16, which NumPy lacks, as float32."""
    sides = map(np.asarray, (batch.y_true, batch.y_pred))
    true, pred = (a.astype(np.float32) if a.dtype.kind == "V" else a for a in sides)
    return Batch(true, pred, batch.samples, batch.first_row)


def scan(
    pair: Pair,
    plan: BatchPlan,
    *,
    demanded: bool,
    progress: Callable[[int, int], object] | None = None,
    devices: Sequence[str] | None = None,
    notify: Callable[[str], None] = print_notice,
    on_fallback: Callable[[str], object] = print_notice,
) -> Stats | None:
    """Return the Stats of a pass on GPUs; `None` if the CPU has to count.

    Args:
        pair: the sources.
        plan: what to count in each batch.
        demanded: whether the user asked for a GPU, so that it is an error if there is none.
        progress: called with the number of samples done and in total.
        devices: the names of devices in TensorFlow; `None` for all GPUs.
        notify: takes a sentence for the user.
        on_fallback: takes what only the CPU can count, in words.

    Raises:
        UsageError: a GPU is demanded, and TensorFlow sees none.
    """
    layout, pairings = plan.layout, plan.pairings
    devices = kernels.list_gpus() if devices is None else devices
    if not devices and demanded:
        raise UsageError(
            "--device gpu: the driver is there, but TensorFlow sees no GPU; install"
            " tensorflow[and-cuda], or use --device cpu"
        )
    if not devices:
        return None
    if not is_supported(layout, pairings):
        on_fallback(
            "arrays of this kind (colours, many channels, an axis that is not the classes')"
        )
        return None
    count = DeviceCounter(
        layout,
        pairings,
        plan.threshold,
        plan.count_by_reference,
        _make_keeper(plan),
        devices,
        notify,
        on_fallback,
    )

    def work(batch: Batch) -> tuple[int, Stats]:
        return int(batch.samples[-1]) + 1, count(batch)

    parts = []
    for done, stats in map_in_order(work, _read_batches(pair, plan), jobs=AHEAD * len(devices)):
        parts.append(stats)
        if progress:
            progress(done, layout.samples)
    return Stats.merge(parts)


def _read_batches(pair: Pair, plan: BatchPlan) -> Iterator[Batch]:
    """Return the batches. Arrays are copied to tensors ahead; tensors stay on their device."""
    layout = plan.layout
    walk = partial(
        windows.iterate_batches,
        pair,
        layout,
        whole_samples=plan.whole_samples,
        samples=plan.samples,
    )
    if any(isinstance(source, DeviceSource) for source in (pair.y_true, pair.y_pred)):
        return walk(at_once=PREDICTED_AT_ONCE, keep_on_device=True)
    dtypes = pair.y_true.dtype, pair.y_pred.dtype
    return read_ahead(partial(walk, at_once=BATCHES_AT_ONCE), layout, dtypes, AHEAD)


def _make_keeper(plan: BatchPlan) -> Keep | None:
    """Return a function that gives label maps to the probe, fetching only those that it wants."""
    probe = plan.probe
    if probe is None:
        return None

    def keep(batch: Batch, fetch: Callable[[], LabelMaps]) -> None:
        if probe.wants(batch.samples):
            true, pred = fetch()
            plan.keep_maps(batch, true, pred, probe)

    return keep
