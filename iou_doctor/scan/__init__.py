"""Batch -> Stats: one pass over the data.

`scan` walks over the data in windows, derives labels, counts their pairs and measures the
values. Every window gives Stats of its own; their sum is the result.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import field
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.batch import Batch
from iou_doctor.channel_sums import ChannelSums, SumsWanted
from iou_doctor.derivation import Derivation, Pairing
from iou_doctor.layout import Axes, Layout
from iou_doctor.names import Device
from iou_doctor.pair_counts import PairCounts
from iou_doctor.record import record
from iou_doctor.scan import derive, fast
from iou_doctor.scan.coded import Scratch
from iou_doctor.scan.device import wants_gpu
from iou_doctor.scan.pair_counts import count_pairs
from iou_doctor.scan.probing import Derived, ProbeBuilder
from iou_doctor.scan.soft import channel_sums
from iou_doctor.scan.threads import in_order
from iou_doctor.scan.values import argmax_and_sums, measure
from iou_doctor.scan.windows import (
    COUNTED_AT_ONCE,
    Window,
    at_once,
    pieces,
    read,
    split_by_rows,
    walk,
)
from iou_doctor.source import DeviceSource, Pair
from iou_doctor.stats import Stats
from iou_doctor.value_counts import ValueCounts

Mend = Callable[..., NDArray[Any]]
"""Brings the label map of the predictions, (n, *spatial), to the spatial shape of the masks."""
PARTS = 256
"""Parts between two merges: tables stay small, and merging does not cost a pass of its own."""


def scan(
    pair: Pair,
    layout: Layout,
    *,
    pairings: Collection[Pairing],
    threshold: float,
    mend: Mend | None = None,
    probe: ProbeBuilder | None = None,
    sums: SumsWanted | None = None,
    progress: Callable[[int, int], object] | None = None,
    jobs: int = 1,
    device: Device = "cpu",
    left: Callable[[str], object] | None = None,
) -> Stats:
    """Return the Stats of all samples that both arrays have.

    Args:
        pair: the sources.
        layout: what their axes mean.
        pairings: which derived labels to count together.
        threshold: the second cut of `Derivation.BINS`.
        mend: called as `mend(labels, spatial_shape)` where the pixels do not pair up as stored.
        probe: keeps the label maps of some samples as the pass goes by.
        sums: which sums of scores to gather as well; `None`: none.
        progress: called with the samples done and in all, after each window.
        jobs: windows to work on at the same time; the result does not depend on it.
        device: what counts; the result does not depend on it either.
        left: called with what a GPU was asked for and had to leave to the processor.

    Raises:
        UsageError: a GPU is asked for, and none is there.
        SourceError: a file cannot be read.
        ReadingError: the values are no label maps.
    """
    whole = mend is not None or any(pairing.flat for pairing in pairings)
    visit = Visit(layout, tuple(pairings), threshold, mend, probe, sums, whole)
    born = any(isinstance(source, DeviceSource) for source in (pair.y_true, pair.y_pred))
    if wants_gpu(device, _values(pair), born=born):
        found = _on_gpu(pair, visit, device, progress, left or _nobody)
        if found is not None:
            return found
    if visit.plain:
        dtypes = pair.y_true.dtype, pair.y_pred.dtype
        fast.KERNELS.ask(layout, dtypes, visit.pairings, values=_values(pair))
    parts: list[Stats] = []
    together = at_once(pair, _values(pair), jobs)
    spans = walk(pair, layout, whole_samples=whole, at_once=together)
    for last, stats in in_order(*_work(pair, layout, visit, spans), jobs=jobs):
        parts += stats
        if len(parts) >= PARTS:
            parts = [Stats.merge(parts)]
        if progress:
            progress(last + 1, layout.samples)
    return Stats.merge(parts)


def _on_gpu(
    pair: Pair,
    visit: Visit,
    device: Device,
    progress: Callable[[int, int], object] | None,
    left: Callable[[str], object],
) -> Stats | None:
    """Return the Stats of a pass on GPUs; `None` where the processor has to do it."""
    if visit.beyond is not None:
        left(visit.beyond)
        return None
    on_gpu = importlib.import_module("iou_doctor.scan.on_device")
    found = on_gpu.scan(pair, visit, demanded=device == "gpu", progress=progress, left=left)
    return cast(Stats | None, found)


def _nobody(_: str) -> None:
    """Is told, and does nothing."""


def _work(
    pair: Pair, layout: Layout, visit: Visit, spans: Iterator[Window]
) -> tuple[Callable[[Any], tuple[int, list[Stats]]], Iterator[Any]]:
    """Return what threads do, and with what: a stream is read by one thread, in order."""

    def from_batch(batch: Batch) -> tuple[int, list[Stats]]:
        return int(batch.samples[-1]), visit.parts(batch)

    def from_window(window: Window) -> tuple[int, list[Stats]]:
        return from_batch(read(pair, layout, window))

    if pair.y_true.sequential or pair.y_pred.sequential:
        return from_batch, (read(pair, layout, window) for window in spans)
    return from_window, spans


def _values(pair: Pair) -> int:
    """Return the values of the larger array, by those of the first image where images differ."""
    sources = (pair.y_true, pair.y_pred)
    return max(prod((source.shape[0] or 1, *source.sample_shape(0))) for source in sources)


@record
class Visit:
    """What to do with each batch."""

    layout: Layout
    pairings: tuple[Pairing, ...]
    threshold: float
    mend: Mend | None = None
    probe: ProbeBuilder | None = None
    sums: SumsWanted | None = None
    whole_samples: bool = False
    """Never look at some rows of a sample alone."""
    scratch: Scratch = field(default_factory=Scratch, compare=False, repr=False)

    @np.errstate(over="ignore", invalid="ignore")  # NaN and Inf are counted, not complained about
    def parts(self, batch: Batch) -> list[Stats]:
        """Return the Stats of the parts of a batch, in order."""
        split = split_by_rows(self.layout, whole_samples=self.whole_samples)
        some = pieces(batch, self.layout, split=split, at_once=COUNTED_AT_ONCE)
        return [self._of(part, split=split) for part in some]

    def _of(self, batch: Batch, *, split: bool) -> Stats:
        counted = self._by_kernels(batch) if self.plain else None
        if counted is None:
            some = pieces(batch, self.layout, split=split)
            return Stats.merge([self.by_reference(piece) for piece in some])
        if self.probe:
            self.keep_maps(
                batch,
                {self.pairings[0].true: counted.true_labels},
                {self.pairings[0].pred: counted.pred_labels},
                self.probe,
            )
        return Stats(_samples(batch), counted.tables, counted.y_true, counted.y_pred)

    @property
    def plain(self) -> bool:
        """Whether pixels pair up as they are, and only their labels and values are asked for."""
        return self.beyond is None

    @property
    def beyond(self) -> str | None:
        """What only the reference knows of this pass, in words; `None`: nothing."""
        if self.mend is not None:
            return "pixels that are moved or resized"
        return None if self.sums is None else "sums of scores"

    def _by_kernels(self, batch: Batch) -> fast.Counted | None:
        dtypes = batch.y_true.dtype, batch.y_pred.dtype
        kernels = fast.KERNELS.get(self.layout, dtypes, self.pairings)
        if kernels is None:
            return None
        return fast.count(kernels, batch, self.layout, self.pairings, self.scratch)

    def by_reference(self, batch: Batch) -> Stats:
        """Return the Stats of one batch, by NumPy alone."""
        true = _Side(batch.y_true, self.layout.y_true, batch, self.threshold)
        pred = _Side(batch.y_pred, self.layout.y_pred, batch, self.threshold)
        if self.probe:
            self._keep(batch, true, pred, self.probe)
        return Stats(
            samples=_samples(batch),
            tables={pairing: self._table(batch, true, pred, pairing) for pairing in self.pairings},
            y_true=true.values(),
            y_pred=pred.values(),
            sums=self._summed(batch, true, pred, self.sums) if self.sums else None,
        )

    def _summed(self, batch: Batch, true: _Side, pred: _Side, wanted: SumsWanted) -> ChannelSums:
        n, channels = len(batch.samples), self.layout.y_pred.channels
        dense = self.layout.y_true.per_class
        return channel_sums(
            y_true=true.arranged.reshape(n, -1, channels)
            if dense
            else true.arranged.reshape(n, -1),
            y_pred=pred.arranged.reshape(n, -1, channels),
            samples=batch.samples,
            threshold=self.threshold,
            one_channel=channels == 1,
            ignore_index=wanted.ignore_index,
        )

    def _table(self, batch: Batch, true: _Side, pred: _Side, pairing: Pairing) -> PairCounts:
        if pairing.flat:
            y_true, y_pred = true.flat(pairing.true), pred.flat(pairing.pred)
        else:
            y_true, y_pred = true.labels(pairing.true), pred.labels(pairing.pred)
            y_pred = self.mend(y_pred, y_true.shape[1:]) if self.mend else y_pred
        n = len(batch.samples)
        return count_pairs(
            y_true=y_true.reshape(n, -1), y_pred=y_pred.reshape(n, -1), samples=batch.samples
        )

    def _keep(self, batch: Batch, true: _Side, pred: _Side, probe: ProbeBuilder) -> None:
        """Hand the label maps of both sides to the probe, brought to one spatial shape."""
        own = [p for p in self.pairings if not p.flat and p.pred is not Derivation.TENTHS]
        if not own:
            return
        y_true = {pairing.true: true.labels(pairing.true) for pairing in own}
        y_pred = {pairing.pred: pred.labels(pairing.pred) for pairing in own}
        self.keep_maps(batch, y_true, y_pred, probe)

    def keep_maps(
        self, batch: Batch, y_true: Derived, y_pred: Derived, probe: ProbeBuilder
    ) -> None:
        """Hand label maps, shape (n, *spatial), to the probe, brought to one spatial shape."""
        shape = max(*(_shape(maps) for maps in (y_true, y_pred)), key=len)
        if self.mend:
            shape = _shape(y_true)
            y_pred = {key: self.mend(labels, shape[1:]) for key, labels in y_pred.items()}
        probe.add(
            batch,
            y_true={key: labels.reshape(shape) for key, labels in y_true.items()},
            y_pred={key: labels.reshape(shape) for key, labels in y_pred.items()},
        )


def _shape(maps: Derived) -> tuple[int, ...]:
    return next(iter(maps.values())).shape


def _samples(batch: Batch) -> int:
    """Return how many samples begin in a batch."""
    return len(batch.samples) if batch.first_row == 0 else 0


class _Side:
    """One array of a batch; what several pairings need is derived once."""

    def __init__(self, stored: NDArray[Any], axes: Axes, batch: Batch, threshold: float) -> None:
        self._stored, self._batch, self._threshold = stored, batch, threshold
        self._dense = axes.dense
        # float32 holds every float16 exactly and is several times faster to compare
        exact = stored.astype(np.float32) if stored.dtype == np.float16 else stored
        self.arranged = axes.arrange(exact)
        self._ids: NDArray[np.int64] | None = None
        self._sums = ValueCounts()
        if axes.per_class:
            self._ids, self._sums = argmax_and_sums(self.arranged)
        self._known: dict[Derivation, NDArray[Any]] = {}

    def labels(self, derivation: Derivation) -> NDArray[Any]:
        """Return one label for each pixel, shape (n, *spatial)."""
        if derivation is Derivation.ARGMAX and self._ids is not None:
            return self._ids
        if derivation not in self._known:
            self._known[derivation] = self._derive(derivation)
        return self._known[derivation]

    def _derive(self, derivation: Derivation) -> NDArray[Any]:
        match derivation:
            case Derivation.ARGMAX_NAN:
                return derive.argmax_nan(self.arranged, self.labels(Derivation.ARGMAX))
            case Derivation.BINS:
                return derive.bins(self.arranged, self._threshold)
            case Derivation.TENTHS:
                return derive.tenths(self.arranged)
            case Derivation.COLOUR:
                return derive.colours(self.arranged)
            case Derivation.TIMES_255:
                return derive.times_255(self.arranged)
            case _:
                return derive.as_labels(self.arranged)

    def flat(self, derivation: Derivation) -> NDArray[Any]:
        """Return one label for each value, or each row of the last axis, in the order stored."""
        match derivation:
            case Derivation.ARGMAX_LAST:
                return derive.naive_argmax(self._stored)
            case Derivation.BINS:
                return derive.bins(self._stored, self._threshold)
            case _:
                return derive.truncated_labels(self._stored)

    def values(self) -> ValueCounts:
        """Return the counts over all values."""
        return self._sums + measure(
            self.arranged,
            samples=self._batch.samples,
            first_row=self._batch.first_row,
            dense=self._dense,
        )
