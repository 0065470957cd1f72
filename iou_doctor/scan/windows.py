"""Split the data into windows that fit the cache, and read them in order."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import cast

import numpy as np

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import DeviceSource, Pair, Source, is_a_view
from iou_doctor.record import record

WINDOW_VALUES = 2**18
"""Values of the larger array in one window: 1 MiB of float32, within the cache of one core."""
WINDOWS_AT_ONCE = 16
"""Cache-sized windows that a thread reads together, since every read has a fixed cost."""
MOST_AT_ONCE = 256
"""The maximum number of cache-sized windows that are read together if reading them takes no memory.
"""
COUNTED_AT_ONCE = 64
"""Cache-sized windows that the kernels count together. Unusual layouts are copied, which takes
memory."""
SHARES = 8
"""The number of batches for each of several threads before batches are made larger. With fewer,
some threads would finish long before others.
"""
WORTH_THREADS = 2**25
"""Values of the larger array from which threads save time if the native kernels count and reading
takes no memory. With fewer, they lose as much time as they wait for each other."""
WORTH_A_HELPER = 2**21
"""Values of the larger array from which it saves time that one thread counts while another one does
something else."""
LARGEST_WINDOW = 2**24
"""The largest chunk of a compressed file, in values, that is read at once to unpack it once."""


@record
class Window:
    """Some whole samples, or some rows of one."""

    samples: slice
    rows: slice | None = None
    """Rows along the first spatial axis; `None` for whole samples."""


def can_split_rows(layout: Layout, *, whole_samples: bool) -> bool:
    """Return whether rows of both arrays can be compared without the rest of their sample."""
    reshaped = layout.y_true.is_reshaped or layout.y_pred.is_reshaped
    return not whole_samples and not reshaped and layout.relation is Relation.EQUAL


def iterate_batches(
    pair: Pair,
    layout: Layout,
    *,
    whole_samples: bool,
    at_once: int = 1,
    keep_on_device: bool = False,
    samples: range | None = None,
) -> Iterator[Batch]:
    """Yield the data in order, each sample once.

    Args:
        pair: the sources.
        layout: what their axes mean.
        whole_samples: whether samples must not be split by rows.
        at_once: the number of cache-sized windows in a batch.
        keep_on_device: leave tensors on their device instead of copying them to the host.
        samples: which samples to read; `None` for all of them.
    """
    windows = iterate_windows(
        pair, layout, whole_samples=whole_samples, at_once=at_once, samples=samples
    )
    for window in windows:
        yield read_batch(pair, layout, window, keep_on_device=keep_on_device)


def iterate_windows(
    pair: Pair,
    layout: Layout,
    *,
    whole_samples: bool,
    at_once: int = 1,
    samples: range | None = None,
) -> Iterator[Window]:
    """Yield the windows of `iterate_batches` without reading them."""
    split = can_split_rows(layout, whole_samples=whole_samples)
    some = range(layout.samples) if samples is None else samples
    return _iterate_windows(pair, layout, some, split=split, most=at_once * WINDOW_VALUES)


def choose_jobs(pair: Pair, values: int, most: int) -> int:
    """Return the number of threads that count the fastest.

    Args:
        pair: the sources.
        values: the number of values of the larger array.
        most: the number of threads that may be used.
    """
    sources = (pair.y_true, pair.y_pred)
    return 1 if values < WORTH_THREADS and all(map(is_a_view, sources)) else most


def choose_helpers(pair: Pair, layout: Layout, values: int, most: int, *, may_wait: bool) -> int:
    """Return the number of threads that should count label maps besides the one that asks.

    Args:
        pair: the sources.
        layout: what their axes mean.
        values: the number of values of the larger array.
        most: the number of threads that may be used.
        may_wait: whether the thread that asks has nothing else to do.
    """
    if most == 1 or values < (WORTH_THREADS if may_wait else WORTH_A_HELPER):
        return 0
    for source, axes in ((pair.y_true, layout.y_true), (pair.y_pred, layout.y_pred)):
        if axes.is_dense or not is_a_view(source):
            return 0
        first = axes.arrange(source.read(_make_slices(axes, slice(0, 2), slice(None))))
        if first.dtype.kind not in "biu" or not first.flags.c_contiguous:  # the latter is copied
            return 0
    return 1 if values < WORTH_THREADS else most - 1


def choose_windows_at_once(pair: Pair, values: int, jobs: int) -> int:
    """Return how many cache-sized windows a thread should read together.

    Args:
        pair: the sources.
        values: the number of values of the larger array.
        jobs: the number of threads.
    """
    sources = (pair.y_true, pair.y_pred)
    if not all(map(is_a_view, sources)):
        return WINDOWS_AT_ONCE
    shares = SHARES * jobs if jobs > 1 else 1
    share = max(WINDOWS_AT_ONCE, min(MOST_AT_ONCE, values // WINDOW_VALUES // shares))
    image = ceil(max(prod(source.get_sample_shape(0)) for source in sources) / WINDOW_VALUES)
    return image if share < image <= COUNTED_AT_ONCE else share  # parts of images take longer


def read_batch(
    pair: Pair, layout: Layout, window: Window, *, keep_on_device: bool = False
) -> Batch:
    """Return the values of both arrays in a window."""
    return Batch(
        y_true=_read(pair.y_true, layout.y_true, window, keep_on_device=keep_on_device),
        y_pred=_read(pair.y_pred, layout.y_pred, window, keep_on_device=keep_on_device),
        samples=np.arange(window.samples.start, window.samples.stop, dtype=np.int64),
        first_row=window.rows.start if window.rows else 0,
    )


def split_batch(batch: Batch, layout: Layout, *, split: bool, at_once: int = 1) -> Iterator[Batch]:
    """Yield the parts of a batch, as views.

    Args:
        batch: the batch.
        layout: what the axes mean.
        split: whether samples may be split by rows.
        at_once: the number of cache-sized windows in a part.
    """
    most = at_once * WINDOW_VALUES
    samples = len(batch.samples)
    size = max(batch.y_true.size, batch.y_pred.size) // samples
    step = max(1, most // max(1, size))
    rows = batch.y_true.shape[layout.y_true.spatial[0]]
    height = max(1, most * rows // max(1, size)) if split else rows
    for first in range(0, samples, step):
        some = slice(first, first + step)
        for top in range(0, rows, height if step == 1 else rows):
            span = slice(top, top + height) if step == 1 and height < rows else slice(None)
            yield Batch(
                y_true=batch.y_true[_make_slices(layout.y_true, some, span)],
                y_pred=batch.y_pred[_make_slices(layout.y_pred, some, span)],
                samples=batch.samples[some],
                first_row=batch.first_row + (span.start or 0),
            )


def iterate_samples(source: Source, axes: Axes, some: range | None = None) -> Iterator[StoredArray]:
    """Yield an array in order, some whole samples at a time, or single ones if sizes differ.

    Args:
        source: the array.
        axes: what its axes mean.
        some: which samples to read; `None` for all of them.
    """
    layout = Layout(axes, axes, Relation.EQUAL)
    pair, samples = Pair(source, source), range(layout.samples) if some is None else some
    for window in _iterate_windows(pair, layout, samples, split=False, most=WINDOW_VALUES):
        yield _read(source, axes, window)


def _iterate_windows(
    pair: Pair, layout: Layout, some: range, *, split: bool, most: int
) -> Iterator[Window]:
    """Yield the windows of some consecutive samples."""
    one_by_one = None in layout.y_true.shape or None in layout.y_pred.shape
    left_out = frozenset(layout.mismatched)
    step = 1 if one_by_one else _choose_samples_at_once(pair, layout, most)
    for first in range(some.start, some.stop, step):
        if first in left_out:
            continue
        samples = slice(first, min(first + step, some.stop))
        size = _count_sample_values(pair, layout, first)
        if step > 1 or not split or size <= most:
            yield Window(samples)
        else:
            rows = _find_sizes(pair.y_true, layout.y_true, first)[layout.y_true.spatial[0]]
            height = _choose_rows_at_once(pair, layout, rows, size, most)
            for start in range(0, rows, height):
                yield Window(samples, slice(start, min(start + height, rows)))


def _choose_samples_at_once(pair: Pair, layout: Layout, most: int) -> int:
    size = max(1, _count_sample_values(pair, layout, 0))
    fitting = max(1, most // size)
    chunk = max(
        (source.chunk_shape[0] if axes.has_sample_axis else 1)
        for source, axes in ((pair.y_true, layout.y_true), (pair.y_pred, layout.y_pred))
    )
    if chunk <= 1 or chunk * size > LARGEST_WINDOW:
        return fitting
    return max(1, round(fitting / chunk)) * chunk


def _choose_rows_at_once(pair: Pair, layout: Layout, rows: int, size: int, most: int) -> int:
    fitting = max(1, most * rows // size)
    chunk = max(
        source.chunk_shape[axes.spatial[0]]
        for source, axes in ((pair.y_true, layout.y_true), (pair.y_pred, layout.y_pred))
    )
    if chunk <= 1 or chunk * size > LARGEST_WINDOW * rows:
        return fitting
    return max(1, round(fitting / chunk)) * chunk


def _count_sample_values(pair: Pair, layout: Layout, index: int) -> int:
    return max(
        prod(_find_sizes(pair.y_true, layout.y_true, index)[layout.y_true.has_sample_axis :]),
        prod(_find_sizes(pair.y_pred, layout.y_pred, index)[layout.y_pred.has_sample_axis :]),
    )


def _find_sizes(source: Source, axes: Axes, index: int) -> tuple[int, ...]:
    """Return the lengths of the axes, for image `index` if images differ in size."""
    if axes.has_sample_axis:
        return axes.samples, *source.get_sample_shape(index)
    return source.shape[0] or 0, *source.get_sample_shape(0)


def _read(
    source: Source, axes: Axes, window: Window, *, keep_on_device: bool = False
) -> StoredArray:
    slices = _make_slices(axes, window.samples, window.rows or slice(None))
    if keep_on_device and isinstance(source, DeviceSource):
        # only the TensorFlow back-end asks for tensors, and it takes both
        return cast(StoredArray, source.read_on_device(slices))
    return source.read(slices)


def _make_slices(axes: Axes, samples: slice, rows: slice) -> tuple[slice, ...]:
    slices = [slice(None)] * len(axes.shape)
    slices[axes.spatial[0]] = rows
    if axes.has_sample_axis:
        slices[0] = samples
    return tuple(slices)
