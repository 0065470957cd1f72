"""Batches as a source: one array of each batch of a stream."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import ArrayOrTensor, Window
from iou_doctor.record import record
from iou_doctor.sources.array_checks import get_native_dtype
from iou_doctor.sources.memory.array_or_tensor import (
    concatenate,
    copy_to_host,
    get_shape,
    slice_values,
)
from iou_doctor.sources.memory.stream import Stream
from iou_doctor.sources.source_errors import source_error
from iou_doctor.sources.windows import complete_window, measure_window


@record
class BatchesSource:
    """One array of a stream of batches."""

    stream: Stream
    side: int
    """The index of the array in each batch."""
    format = "batches"
    is_sequential = True
    names = None

    def __post_init__(self) -> None:
        if len({len(form[self.side][1]) for form in self.stream.sample_forms}) > 1:
            raise source_error(
                self.path, "its batches differ in the number of axes; give all of them the same"
            )

    @property
    def path(self) -> str:
        """What the array is called."""
        return self.stream.labels[self.side]

    @property
    def dtype(self) -> StoredDtype:
        """The dtype that holds the values of all batches."""
        dtypes = {form[self.side][0] for form in self.stream.sample_forms}
        return get_native_dtype(np.result_type(*dtypes))

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The number of samples and the shape of one; `None` for axes along which they differ."""
        axes = zip(*(form[self.side][1] for form in self.stream.sample_forms), strict=True)
        lengths = (axis[0] if len(set(axis)) == 1 else None for axis in axes)
        return (self.stream.stops[-1], *lengths)

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """The samples of one batch, which comes as a whole; 1 along all other axes."""
        return (self.stream.sizes[0], *(1 for _ in self.shape[1:]))

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one sample."""
        return self.stream.sample_forms[bisect_right(self.stream.stops, index)][self.side][1]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window` as an array on the host.

        Raises:
            SourceError: the batches differ from those of the first pass.
        """
        pieces = [copy_to_host(values, part) for values, part in self._list_parts(window)]
        if not pieces:
            sample = (1, *self.get_sample_shape(0))
            empty = complete_window((slice(0, 0), *window[1:]), sample)
            return np.zeros(measure_window(empty), self.dtype)
        return np.concatenate(pieces).astype(self.dtype, copy=False)

    def read_on_device(self, window: Window) -> ArrayOrTensor:
        """Return the values in `window`; tensors stay on their device.

        Raises:
            SourceError: the batches differ from those of the first pass.
        """
        pieces = [slice_values(values, part) for values, part in self._list_parts(window)]
        return concatenate(pieces, self.dtype) if pieces else self.read(window)

    def _list_parts(self, window: Window) -> Iterator[tuple[ArrayOrTensor, Window]]:
        """Yield each batch that holds a part of a window, and which part that is."""
        stops = self.stream.stops
        first, last, _ = (window or (slice(None),))[0].indices(stops[-1])
        if first >= last:
            return
        indices = range(bisect_right(stops, first), bisect_right(stops, last - 1) + 1)
        for index, batch in zip(indices, self.stream.get_batches(indices), strict=True):
            start = stops[index] - self.stream.sizes[index]
            samples = slice(max(0, first - start), last - start)
            values = batch[self.side]
            yield values, complete_window((samples, *window[1:]), get_shape(values))
