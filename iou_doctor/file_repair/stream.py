"""Repair one array batch by batch, so that it never has to fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.file_repair.storage_axes import StoredAxes
from iou_doctor.file_repair.writers.destinations import Destination
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.record import record
from iou_doctor.repairs.arrange import Arrange
from iou_doctor.repairs.step import Side, Step
from iou_doctor.scan.windows import iterate_samples
from iou_doctor.sources.files.file_series import FileSeries

Progress = Callable[[int, int], object]
"""Called now and then with the number of samples done and the number of all samples."""


@record
class RepairStream:
    """One array, the steps that repair it, and where the copy goes."""

    side: Side
    source: Source
    axes: Axes
    steps: tuple[Step, ...]
    stored_axes: StoredAxes
    destination: Destination
    unflattened: tuple[int, ...] | None
    """The spatial shape in which to apply the steps if the stored one is flattened."""
    templates: tuple[str, ...] = ()
    """For each file of the copy, the one whose header, tags or attributes it gets; may be empty."""
    stems: tuple[str, ...] = ()
    """The names of the copies in a folder; empty if they are those of the source."""

    def open_output(self, progress: Progress | None) -> OutputArray:
        """Return the repaired array; each batch is read and repaired when the writer asks for it.

        The shape and dtype are those of a repaired sample of zeros.
        """
        sizes = tuple(length or 0 for length in self.source.shape)
        zero = np.zeros((), self.source.dtype)
        first = (1, *self._moved_source.get_sample_shape(0)) if self.axes.has_sample_axis else sizes
        sample = self._repair(np.broadcast_to(zero, first), 0)
        shape: tuple[int | None, ...] = sample.shape
        if self.stored_axes.sample:
            inner = (None,) * (sample.ndim - 1) if None in self.source.shape else sample.shape[1:]
            shape = (self._moved_source.shape[0], *inner)
        # the images of a reordered folder keep their names, because names pair them with the masks
        stems = (self.stems or self.source.names or ()) if self.destination.is_folder else ()
        batches = self._repair_batches(progress)
        name = self.destination.name
        if name is None and isinstance(self.source, FileSeries):
            name = self.source.array_name
        return OutputArray(
            batches,
            shape,
            sample.dtype,
            name,
            tuple(stems),
            self.templates,
            keeps_values=all(step.moves_pixels or isinstance(step, Arrange) for step in self.steps),
        )

    @property
    def _moved_source(self) -> Source:
        return move_samples(self.source, self.axes, self.steps)

    def _repair_batches(self, progress: Progress | None) -> Iterator[StoredArray]:
        done = 0
        for stored in iterate_samples(self._moved_source, self.axes):
            yield self._repair(stored, done)
            done += len(stored) if self.axes.has_sample_axis else 1
            if progress:
                progress(done, self.axes.samples)

    def _repair(self, stored: StoredArray, first: int) -> StoredArray:
        """Return some samples repaired; `first` is the number of the first one."""
        values = self.axes.arrange(stored)
        samples = np.arange(first, first + len(values))
        spatial = len(self.axes.spatial)
        if self.unflattened:
            values = values.reshape(len(values), *self.unflattened, *values.shape[2:])
            spatial = len(self.unflattened)
        for step in self.steps:
            if not moves_samples(step, len(self.axes.spatial)):  # the source has moved them
                values = step.apply_to(values, samples, spatial=spatial)
        if self.unflattened:
            values = values.reshape(len(values), -1, *values.shape[1 + spatial :])
        return self.stored_axes.restore(values)
