"""Read the label map of one sample of one array: as stored, and after the repairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes
from iou_doctor.arrays.source import Source
from iou_doctor.counts.label_decoding import LabelDecoding, is_no_class
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.interpret.interpretation import are_bins_above
from iou_doctor.pictures.metric_reading import MetricReading
from iou_doctor.record import record
from iou_doctor.repairs.decode_colours import DecodeColours
from iou_doctor.repairs.step import Stage, Step
from iou_doctor.report.gallery import Labels
from iou_doctor.scan.numpy.side import Side as Decoder


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
        )
        decoding = LabelDecoding.BINS if thresholded else LabelDecoding.LABELS
        if dense:
            decoding = LabelDecoding.COLOUR if axes.is_colour else LabelDecoding.ARGMAX
        batch = Batch(values, values, np.zeros(1, np.int64))
        labels: NDArray[np.int64] = (
            Decoder(values, axes, batch, self.threshold).decode(decoding)[0].astype(np.int64)
        )
        if decoding is not LabelDecoding.BINS:
            return labels
        above = are_bins_above(labels, self.threshold).astype(np.int64)
        return np.where(is_no_class(labels), labels, above)

    @property
    def changes_colours(self) -> bool:
        """Whether colours become class ids."""
        return any(isinstance(step, DecodeColours) for step in self.steps)


def _read(source: Source, axes: Axes, sample: int) -> StoredArray:
    """Return one sample with its sample axis, if it has one."""
    window = slice(sample, sample + 1) if axes.has_sample_axis else slice(None)
    return source.read((window,) + (slice(None),) * (len(axes.shape) - 1))
