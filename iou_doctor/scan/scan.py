"""One pass over the data.

`scan` reads the data window by window, decodes labels, counts their pairs and measures the
values. The Stats of all windows are merged into the result.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from math import prod

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.arrays.source import DeviceSource, Pair
from iou_doctor.choices import Device
from iou_doctor.counts.channel_sums import SumsRequest
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.stats import Stats
from iou_doctor.scan.ahead import count_ahead
from iou_doctor.scan.batch_plan import BatchPlan, PixelRepair
from iou_doctor.scan.device import should_use_gpu
from iou_doctor.scan.native.library import load_kernels
from iou_doctor.scan.probing import ProbeBuilder
from iou_doctor.scan.threads import map_in_order
from iou_doctor.scan.windows import (
    Window,
    choose_helpers,
    choose_jobs,
    choose_windows_at_once,
    iterate_windows,
    read_batch,
)

KINDS_COST = 16
"""How many times as long a pixel takes at least if the kinds of errors are counted too."""
PARTS, GROUPS = 8, 32
"""Parts that are merged while they are in the cache and others count, and groups of them that are
merged together."""


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
    samples: range | None = None,
    kinds: bool = False,
    meanwhile: Callable[[], object] | None = None,
) -> Stats:
    """Return the Stats of all samples that both arrays have, or of some of them.

    Args:
        pair: the sources.
        layout: what their axes mean.
        pairings: which decoded labels to count together.
        threshold: the threshold of `LabelDecoding.BINS`.
        repair: called as `repair(labels, spatial_shape)` for predictions whose pixels do not
            match those of the masks as stored.
        probe: keeps the label maps of some samples.
        sums: which sums of scores to gather too; `None` for none.
        progress: called with the number of samples done and in total, after each window.
        jobs: the number of threads; the result does not depend on it.
        device: where to count; the result does not depend on it either.
        on_fallback: called with what a GPU cannot count, so that the CPU does, in words.
        samples: which samples to count; `None` for all of them.
        kinds: whether to find the kinds of errors too, where the kernels count.
        meanwhile: what this thread may do while other threads count; it may also not be called.

    Raises:
        UsageError: the device is `gpu`, and no GPU is visible.
        SourceError: a file cannot be read.
        ReadingError: the values are not label maps.
    """
    whole = bool(repair or kinds) or any(pairing.flat for pairing in pairings)
    plan = BatchPlan(layout, tuple(pairings), threshold, repair, probe, sums, whole, samples, kinds)
    on_device = any(isinstance(source, DeviceSource) for source in (pair.y_true, pair.y_pred))
    if should_use_gpu(device, _count_values(pair), on_device=on_device):
        found = _count_on_gpu(pair, plan, device, progress, on_fallback or _ignore)
        if found is not None:
            return found
    values, kernels = _count_values(pair), load_kernels() if plan.kernels_may_count else None
    helpers = 0
    if kernels and not kinds:
        helpers = choose_helpers(pair, layout, values, jobs, may_wait=meanwhile is None)
    if kernels:
        jobs = choose_jobs(pair, values * (KINDS_COST if kinds else 1), jobs)
    together = choose_windows_at_once(pair, values, max(jobs, helpers + 1))
    windows = iterate_windows(pair, layout, whole_samples=whole, at_once=together, samples=samples)
    if kernels and helpers:
        batches = (read_batch(pair, layout, window) for window in windows)
        counted = count_ahead(kernels, plan, batches, helpers, meanwhile)
    else:
        counted = _count_batches(pair, layout, plan, windows, jobs)
    return _merge(counted, layout.samples, progress)


def _merge(
    counted: Generator[tuple[int, list[Stats]], None, None],
    samples: int,
    progress: Callable[[int, int], object] | None,
) -> Stats:
    """Return the Stats of all parts."""
    groups: list[Stats] = []
    parts: list[Stats] = []
    with closing(counted):  # after an error, threads end now and not when it is forgotten
        for last, stats in counted:
            parts += stats
            if len(parts) >= PARTS:
                groups.append(Stats.merge(parts))
                parts = []
            if len(groups) >= GROUPS:
                groups = [Stats.merge(groups)]
            if progress:
                progress(last + 1, samples)
    return Stats.merge([*groups, *parts])


def _count_on_gpu(
    pair: Pair,
    plan: BatchPlan,
    device: Device,
    progress: Callable[[int, int], object] | None,
    on_fallback: Callable[[str], object],
) -> Stats | None:
    """Return the Stats of a pass on GPUs; `None` if the CPU has to count."""
    unsupported = plan.unsupported_by_kernels or ("kinds of errors" if plan.kinds else None)
    if unsupported is not None:
        on_fallback(unsupported)
        return None
    from iou_doctor.scan.tensorflow import on_device  # imports TensorFlow

    return on_device.scan(
        pair, plan, demanded=device == "gpu", progress=progress, on_fallback=on_fallback
    )


def _ignore(_: str) -> None:
    """Do nothing with a notice that nobody asked for."""


def _count_batches(
    pair: Pair, layout: Layout, plan: BatchPlan, windows: Iterator[Window], jobs: int
) -> Generator[tuple[int, list[Stats]], None, None]:
    """Yield the last sample and the Stats of each batch, in order.

    Threads read their own batches, except from a stream, which is read in order by one thread.
    """

    def count(batch: Batch) -> tuple[int, list[Stats]]:
        return int(batch.samples[-1]), plan.count_parts(batch)

    def read_and_count(window: Window) -> tuple[int, list[Stats]]:
        return count(read_batch(pair, layout, window))

    if pair.y_true.is_sequential or pair.y_pred.is_sequential:
        batches = (read_batch(pair, layout, window) for window in windows)
        return map_in_order(count, batches, jobs=jobs)
    return map_in_order(read_and_count, windows, jobs=jobs)


def _count_values(pair: Pair) -> int:
    """Return the number of values of the larger array, estimated from the first image."""
    sources = (pair.y_true, pair.y_pred)
    return max(prod((source.shape[0] or 1, *source.get_sample_shape(0))) for source in sources)
