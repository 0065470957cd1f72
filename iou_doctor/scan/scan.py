"""Batch -> Stats: one pass over the data.

`scan` walks over the data in windows, derives labels, counts their pairs and measures the
values. Every window gives Stats of its own; their sum is the result.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator
from math import prod
from typing import Any, cast

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import DeviceSource, Pair
from iou_doctor.choices import Device
from iou_doctor.counts.channel_sums import SumsRequest
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.scan.batch_plan import BatchPlan, PixelRepair
from iou_doctor.scan.device import should_use_gpu
from iou_doctor.scan.numba import loader
from iou_doctor.scan.probing import ProbeBuilder
from iou_doctor.scan.threads import map_in_order
from iou_doctor.scan.windows import Window, choose_windows_at_once, iterate_windows, read_batch

PARTS = 256
"""Parts between two merges: tables stay small, and merging does not cost a pass of its own."""


def scan(
    pair: Pair,
    layout: Layout,
    *,
    pairings: Collection[Pairing],
    threshold: float,
    repair: PixelRepair | None = None,
    probe: ProbeBuilder | None = None,
    sums: SumsRequest | None = None,
    progress: Callable[[int, int], object] | None = None,
    jobs: int = 1,
    device: Device = "cpu",
    on_fallback: Callable[[str], object] | None = None,
) -> Stats:
    """Return the Stats of all samples that both arrays have.

    Args:
        pair: the sources.
        layout: what their axes mean.
        pairings: which derived labels to count together.
        threshold: the second cut of `LabelDecoding.BINS`.
        repair: called as `repair(labels, spatial_shape)` where the pixels do not pair up as stored.
        probe: keeps the label maps of some samples as the pass goes by.
        sums: which sums of scores to gather as well; `None`: none.
        progress: called with the samples done and in all, after each window.
        jobs: windows to work on at the same time; the result does not depend on it.
        device: what counts; the result does not depend on it either.
        on_fallback: called with what a GPU was asked for and had to leave to the processor.

    Raises:
        UsageError: a GPU is asked for, and none is there.
        SourceError: a file cannot be read.
        ReadingError: the values are no label maps.
    """
    whole = repair is not None or any(pairing.flat for pairing in pairings)
    visit = BatchPlan(layout, tuple(pairings), threshold, repair, probe, sums, whole)
    born = any(isinstance(source, DeviceSource) for source in (pair.y_true, pair.y_pred))
    if should_use_gpu(device, _values(pair), on_device=born):
        found = _on_gpu(pair, visit, device, progress, on_fallback or _nobody)
        if found is not None:
            return found
    if visit.plain:
        dtypes = pair.y_true.dtype, pair.y_pred.dtype
        loader.KERNELS.request(layout, dtypes, visit.pairings, values=_values(pair))
    parts: list[Stats] = []
    together = choose_windows_at_once(pair, _values(pair), jobs)
    spans = iterate_windows(pair, layout, whole_samples=whole, at_once=together)
    for last, stats in map_in_order(*_work(pair, layout, visit, spans), jobs=jobs):
        parts += stats
        if len(parts) >= PARTS:
            parts = [Stats.merge(parts)]
        if progress:
            progress(last + 1, layout.samples)
    return Stats.merge(parts)


def _on_gpu(
    pair: Pair,
    visit: BatchPlan,
    device: Device,
    progress: Callable[[int, int], object] | None,
    on_fallback: Callable[[str], object],
) -> Stats | None:
    """Return the Stats of a pass on GPUs; `None` where the processor has to do it."""
    if visit.unsupported_by_kernels is not None:
        on_fallback(visit.unsupported_by_kernels)
        return None
    on_gpu = importlib.import_module("iou_doctor.scan.tensorflow.on_device")
    found = on_gpu.scan(
        pair, visit, demanded=device == "gpu", progress=progress, on_fallback=on_fallback
    )
    return cast(Stats | None, found)


def _nobody(_: str) -> None:
    """Is told, and does nothing."""


def _work(
    pair: Pair, layout: Layout, visit: BatchPlan, spans: Iterator[Window]
) -> tuple[Callable[[Any], tuple[int, list[Stats]]], Iterator[Any]]:
    """Return what threads do, and with what: a stream is read by one thread, in order."""

    def from_batch(batch: Batch) -> tuple[int, list[Stats]]:
        return int(batch.samples[-1]), visit.count_parts(batch)

    def from_window(window: Window) -> tuple[int, list[Stats]]:
        return from_batch(read_batch(pair, layout, window))

    if pair.y_true.is_sequential or pair.y_pred.is_sequential:
        return from_batch, (read_batch(pair, layout, window) for window in spans)
    return from_window, spans


def _values(pair: Pair) -> int:
    """Return the values of the larger array, by those of the first image where images differ."""
    sources = (pair.y_true, pair.y_pred)
    return max(prod((source.shape[0] or 1, *source.get_sample_shape(0))) for source in sources)
