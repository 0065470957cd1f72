"""Read the label map of one sample of one array: as stored, and after the repairs."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.pairings import choose_dense_decoding
from iou_doctor.arrays.source import Source
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.errors import ReadingError
from iou_doctor.interpret.interpretation import are_bins_above
from iou_doctor.pictures.metric_reading import MetricReading
from iou_doctor.record import record
from iou_doctor.repairs.step import Stage, Step
from iou_doctor.report.gallery import Labels
from iou_doctor.scan.numpy.side import Side as Decoder

MOST_VALUES = 2**27
"""The maximum number of values of a sample that is shown: 512 MiB of float32."""


@record
class SideReader:
    """One array, and how to read a sample of it."""

    source: Source
    axes: Axes
    encoding: Encoding
    threshold: float
    """The score that divides two classes, as iou-doctor reads the array."""
    reading: MetricReading
    steps: tuple[Step, ...]
    """The repairs, in the order in which `fix` applies them."""
    unflattened: tuple[int, ...] | None
    """The spatial shape of the other array if the pixels of this one are flattened."""

    def read_given(self, sample: int) -> Labels:
        """Return the labels as the metric reads them if it can, shape (*spatial)."""
        axes = replace(self.axes, is_reshaped=False)
        values = self._unflatten(axes.arrange(_read(self.source, axes, sample)))
        if values.ndim == self._spatial + 1:
            read = self.reading.decode(values)
            if read is not None:
                first: Labels = read[0]
                return first
        return self._decode(values, thresholded=self.encoding.is_thresholded)

    def read_repaired(self, sample: int) -> Labels:
        """Return the labels after the repairs, shape (*spatial)."""
        source = move_samples(self.source, self.axes, self.steps)
        values = self._unflatten(self.axes.arrange(_read(source, self.axes, sample)))
        samples, scored = np.array([sample]), self.encoding.is_thresholded
        for step in self.steps:
            if step.stage is Stage.ENCODE or moves_samples(step, len(self.axes.spatial)):
                continue
            values = step.apply_to(values, samples, spatial=self._spatial)
            scored = scored and step.stage is not Stage.DECODE
        return self._decode(values, thresholded=scored)

    @property
    def _spatial(self) -> int:
        return len(self.unflattened or self.axes.spatial)

    def _unflatten(self, values: StoredArray) -> StoredArray:
        if self.unflattened is None:
            return values
        return values.reshape(len(values), *self.unflattened, *values.shape[2:])

    def _decode(self, values: StoredArray, *, thresholded: bool) -> Labels:
        """Return the labels of one sample, shape (1, *spatial[, C]), as the score counts them."""
        dense = values.ndim > self._spatial + 1
        axes = Axes(
            shape=values.shape,
            has_sample_axis=True,
            spatial=tuple(range(1, self._spatial + 1)),
            channel=values.ndim - 1 if dense else None,
            is_colour=dense and self.axes.is_colour,
            is_unit_colour=dense and self.axes.is_unit_colour,
        )
        decoding = LabelDecoding.BINS if thresholded else LabelDecoding.LABELS
        if dense:
            decoding = choose_dense_decoding(axes)
        batch = Batch(values, values, np.zeros(1, np.int64))
        labels: Labels = Decoder(values, axes, batch, self.threshold).decode(decoding)[0]
        if decoding is not LabelDecoding.BINS:
            return labels
        return np.where(is_no_class(labels), labels, are_bins_above(labels, self.threshold))


def _read(source: Source, axes: Axes, sample: int) -> StoredArray:
    """Return one sample with its sample axis, if it has one.

    Raises:
        ReadingError: it has too many values for a picture.
    """
    shape = source.get_sample_shape(sample if axes.has_sample_axis else 0)
    size = prod(shape) * (1 if axes.has_sample_axis else source.shape[0] or 0)
    if size > MOST_VALUES:
        raise ReadingError(f"it has {size:,} values, and pictures are made of {MOST_VALUES:,}")
    window = slice(sample, sample + 1) if axes.has_sample_axis else slice(None)
    return source.read((window,) + (slice(None),) * (len(axes.shape) - 1))
