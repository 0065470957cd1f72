"""The pass on GPUs: batches wait ready, devices take them in turns, a full memory halves them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import DeviceSource, Pair
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.scan import windows
from iou_doctor.scan.tensorflow import kernels
from iou_doctor.scan.tensorflow.tensor_batches import read_ahead
from iou_doctor.scan.threads import map_in_order

if TYPE_CHECKING:
    from iou_doctor.scan.batch_plan import BatchPlan

AHEAD = 2
"""Batches that are read while others are counted: one to copy, one to wait."""
AT_ONCE = 256
"""Cache-sized windows in a batch: 256 MiB of float32, beside which a call costs little."""
BORN_AT_ONCE = 32
"""The same of what a model predicts: about its own batches, so that few of them are joined."""
SPREAD = 32
"""Tables among which the pixels of a GPU's warp are shared out."""


Keep = Callable[[Batch, Callable[[], Any]], None]
"""Called as `keep(batch, fetch)`; `fetch()` returns the label maps of both sides."""


def print_notice(text: str) -> None:
    """Write one line to stderr."""
    sys.stderr.write(f"iou-doctor: {text}\n")


@dataclass
class DeviceCounter:
    """What to do with each batch, on the devices in turn; see `batch_plan.BatchPlan`.

    Args:
        layout: what the axes mean.
        pairings: which derived labels to count together; `tensorflow_kernels.serves` them.
        threshold: the second cut of `LabelDecoding.BINS`.
        reference: looks at the batches that only it can tell.
        keep: takes label maps for the probe; called where it wants some of a batch's samples.
        devices: names as TensorFlow has them; a processor will do, which is how this is tested.
        tell: takes a sentence for the user.
        on_fallback: takes what only the processor could count.
    """

    layout: Layout
    pairings: Sequence[Pairing]
    threshold: float
    reference: Callable[[Batch], Stats]
    keep: Keep | None = None
    devices: Sequence[str] = ("GPU:0",)
    tell: Callable[[str], None] = print_notice
    on_fallback: Callable[[str], object] = print_notice
    compiled: bool = True
    """By XLA."""
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

    def _place(self, batch: Batch) -> int:
        """Return the number of the device where the predictions lie, or of the one in turn."""
        lying = str(getattr(batch.y_pred, "device", ""))
        for place, name in enumerate(self.devices):
            if lying.endswith(f":{name}"):
                return place
        return next(self._turn) % len(self.devices)

    def _one(self, batch: Batch) -> Stats:
        place = self._place(batch)
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
            self.on_fallback("batches whose labels lie far apart")
            return self.reference(_fetched(batch))
        if self.keep:
            self.keep(batch, found.maps)
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
        true = batch.y_true[some] if layout.y_true.has_sample_axis else batch.y_true
        pred = batch.y_pred[some] if layout.y_pred.has_sample_axis else batch.y_pred
        yield Batch(true, pred, batch.samples[some], batch.first_row)


def _fetched(batch: Batch) -> Batch:
    """Return a batch on the host, types that NumPy lacks (bfloat16) as float32."""
    sides = map(np.asarray, (batch.y_true, batch.y_pred))
    true, pred = (a.astype(np.float32) if a.dtype.kind == "V" else a for a in sides)
    return Batch(true, pred, batch.samples, batch.first_row)


def scan(
    pair: Pair,
    visit: BatchPlan,
    *,
    demanded: bool,
    progress: Callable[[int, int], object] | None = None,
    devices: Sequence[str] | None = None,
    tell: Callable[[str], None] = print_notice,
    on_fallback: Callable[[str], object] = print_notice,
) -> Stats | None:
    """Return the Stats of a pass on GPUs; `None` where the processor has to do it.

    Args:
        pair: the sources.
        visit: what to do with each batch.
        demanded: whether the user asked for a GPU, and is told where none counts.
        progress: called with the samples done and in all.
        devices: names as TensorFlow has them; `None`: all GPUs.
        tell: takes a sentence for the user.
        on_fallback: takes what the processor has to count, in words.

    Raises:
        UsageError: a GPU is demanded, and TensorFlow sees none.
    """
    layout, pairings = visit.layout, visit.pairings
    devices = kernels.list_gpus() if devices is None else devices
    if not devices and demanded:
        raise UsageError(
            "--device gpu: the driver is there, but TensorFlow sees no GPU; install"
            " tensorflow[and-cuda], or use --device cpu"
        )
    if not devices:
        return None
    if not kernels.is_supported(layout, pairings):
        on_fallback(
            "arrays of this kind (colours, many channels, an axis that is not the classes')"
        )
        return None
    own = DeviceCounter(
        layout,
        pairings,
        visit.threshold,
        visit.count_by_reference,
        _keeper(visit),
        devices,
        tell,
        on_fallback,
    )

    def work(batch: Batch) -> tuple[int, Stats]:
        return int(batch.samples[-1]) + 1, own(batch)

    parts = []
    for done, stats in map_in_order(work, _waiting(pair, visit), jobs=AHEAD * len(devices)):
        parts.append(stats)
        if progress:
            progress(done, layout.samples)
    return Stats.merge(parts)


def _waiting(pair: Pair, visit: BatchPlan) -> Iterator[Batch]:
    """Return the batches: those from files are copied ahead, those born there stay there."""
    layout = visit.layout
    walk = partial(windows.iterate_batches, pair, layout, whole_samples=visit.whole_samples)
    if any(isinstance(source, DeviceSource) for source in (pair.y_true, pair.y_pred)):
        return walk(at_once=BORN_AT_ONCE, keep_on_device=True)
    dtypes = pair.y_true.dtype, pair.y_pred.dtype
    return cast(Iterator[Batch], read_ahead(partial(walk, at_once=AT_ONCE), layout, dtypes, AHEAD))


def _keeper(visit: BatchPlan) -> Keep | None:
    """Return what hands label maps to the probe, fetched only where it wants some."""
    probe = visit.probe
    if probe is None:
        return None

    def keep(batch: Batch, fetch: Callable[[], Any]) -> None:
        if probe.wants(batch.samples):
            true, pred = fetch()
            visit.keep_maps(batch, true, pred, probe)

    return keep
