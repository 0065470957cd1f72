"""One array on its way to its mended copy, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.file_repair.storage_axes import StoredAxes
from iou_doctor.file_repair.writers import Destination, Output
from iou_doctor.record import record
from iou_doctor.repairs.reorder import Reorder
from iou_doctor.repairs.step import Side, Step
from iou_doctor.scan.windows import parts
from iou_doctor.sources.reordered import ReorderedSource

Progress = Callable[[int, int], object]


@record
class RepairStream:
    """The steps on one side, and where the result goes."""

    side: Side
    source: Source
    axes: Axes
    steps: tuple[Step, ...]
    form: StoredAxes
    destination: Destination
    unflattened: tuple[int, ...] | None
    """The spatial shape that steps are made in, where the stored one is flattened."""

    def output(self, progress: Progress | None) -> Output:
        """Return the mended array, which is made as it is asked for."""
        sizes = tuple(length or 0 for length in self.source.shape)
        nothing = np.zeros((), self.source.dtype)
        first = (1, *self.source.get_sample_shape(0)) if self.axes.has_sample_axis else sizes
        sample = self._mended(np.broadcast_to(nothing, first))
        shape: tuple[int | None, ...] = sample.shape
        if self.form.sample:
            inner = (None,) * (sample.ndim - 1) if None in self.source.shape else sample.shape[1:]
            shape = (self._entries.shape[0], *inner)
        # places of a reordered folder keep their names: these pair them with the masks
        stems = self.source.names or () if self.destination.is_folder else ()
        return Output(
            self._batches(progress), shape, sample.dtype, self.destination.name, tuple(stems)
        )

    @property
    def _entries(self) -> Source:
        orders = [step.order for step in self.steps if isinstance(step, Reorder)]
        return ReorderedSource(self.source, orders[0]) if orders else self.source

    def _batches(self, progress: Progress | None) -> Iterator[NDArray[Any]]:
        done = 0
        for stored in parts(self._entries, self.axes):
            yield self._mended(stored)
            done += len(stored) if self.axes.has_sample_axis else 1
            if progress:
                progress(done, self.axes.samples)

    def _mended(self, stored: NDArray[Any]) -> NDArray[Any]:
        values = self.axes.arrange(stored)
        spatial = len(self.axes.spatial)
        if self.unflattened:
            values = values.reshape(len(values), *self.unflattened, *values.shape[2:])
            spatial = len(self.unflattened)
        for step in self.steps:
            if not isinstance(step, Reorder):
                values = step.apply(values, spatial=spatial)
        if self.unflattened:
            values = values.reshape(len(values), -1, *values.shape[1 + spatial :])
        return self.form.restore(values)
