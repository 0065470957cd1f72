"""A model and its images as a source of predictions, which are computed when they are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from threading import Lock

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import ModelFacts, ModelOptions
from iou_doctor.arrays.source import ArrayOrTensor, Source, Window
from iou_doctor.errors import SourceError
from iou_doctor.sources.array_checks import check_dtype, check_shape
from iou_doctor.sources.memory.array_or_tensor import (
    concatenate,
    copy_to_host,
    get_dtype,
    get_shape,
    slice_values,
)
from iou_doctor.sources.models.batch_predictor import MOST_IMAGES, BatchPredictor
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.source_errors import source_error
from iou_doctor.sources.windows import complete_window, measure_window

BATCH_VALUES = 2**23
"""The maximum number of values of the images or the output of one batch: 32 MiB of float32."""
MEMORY_ERRORS = {"ResourceExhaustedError", "OutOfMemoryError", "MemoryError"}
"""The names of the errors that TensorFlow, PyTorch and Python raise if memory is full."""


class ModelSource:
    """What a model predicts for each image.

    The first image is predicted at once, because its output determines the shape. The last batch is
    kept, so that windows within it are not computed again, and no more than one is in memory.

    Args:
        path: what to call the model.
        runner: the loaded model.
        images: the images, with the samples along their first axis.
        options: how to run the model.

    Raises:
        SourceError: the model does not take these images, or its output is not an array of numbers.
    """

    format = "model"

    def __init__(self, path: str, runner: Runner, images: Source, options: ModelOptions) -> None:
        self.path = path
        self.names, self.is_sequential = images.names, images.is_sequential
        self.stamps = runner.stamps
        self._images = images
        self._predictor = BatchPredictor(path, runner, images, options)
        self._batch_size = self._predictor.fixed_batch_size or options.batch_size or 1
        self._lock = Lock()  # guards the kept batch if several threads read
        self._kept: tuple[int, ArrayOrTensor] | None = None
        """The index of the first sample of the last batch, and that batch."""
        self._halved: int | None = None
        self._begins = {0}
        """Samples with which batches begin, whatever was read before."""
        output = self._predictor.predict(0, 1)
        shape = get_shape(output)
        self.dtype: StoredDtype = get_dtype(output)
        check_dtype(path, self.dtype)
        check_shape(path, shape)
        self._image_axes = self._find_varying_axes(shape)
        self.shape = self._find_whole_shape(shape)
        self.chunk_shape = (1,) * len(self.shape)
        if self._predictor.fixed_batch_size is None and options.batch_size is None:
            largest = max(math.prod(shape), math.prod(images.get_sample_shape(0)))
            self._batch_size = min(MOST_IMAGES, max(1, BATCH_VALUES // largest))
        if None in images.shape[1:]:
            self._batch_size = 1  # images of different sizes cannot share a batch

    @property
    def assumed(self) -> tuple[Assumption, ...]:
        """How the images are passed to the model, as far as the user did not say it."""
        plan, notes = self._predictor.preprocessing, []
        if (plan.scale, plan.offset) == (1.0, 0.0):
            stored = f"{self._images.dtype} as stored"
            notes.append(Assumption("model.input", stored, "no --input-scale was given"))
        if plan.channels_first:
            why = "the model takes channels first, the images have them last"
            notes.append(Assumption("model.input_channels", "1", why))
        return tuple(notes)

    def collect_facts(self) -> ModelFacts:
        """Return what is known of the model so far."""
        runner, plan = self._predictor.runner, self._predictor.preprocessing
        return ModelFacts(
            kind=runner.kind,
            output_name=runner.output_name,
            outputs=dict(runner.outputs),
            activation=runner.activation,
            constant=self._predictor.comparison.is_constant,
            unsafe=runner.unsafe,
            halved=self._halved,
            is_scaled=(plan.scale, plan.offset) != (1.0, 0.0),
            scaling_layer=runner.scaling_layer,
        )

    def get_differences(self) -> tuple[bool, bool]:
        """Return whether the inputs differed so far, and whether the outputs did."""
        comparison = self._predictor.comparison
        return comparison.inputs_differ, comparison.outputs_differ

    @property
    def batch_size(self) -> int:
        """The number of images that the model predicts at once."""
        return self._batch_size

    def begin_at(self, sample: int) -> None:
        """Let a batch begin with a sample, as if all before it had been read in order."""
        self._begins.add(sample)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of the output for one image."""
        shape = self.shape[1:]
        if None not in shape:
            return tuple(n or 0 for n in shape)
        image_shape = self._images.get_sample_shape(index)
        return tuple(
            n if n is not None else image_shape[self._image_axes[axis] - 1]
            for axis, n in enumerate(shape, 1)
        )

    def read(self, window: Window) -> StoredArray:
        """Return the predictions in `window`; the model runs unless they are kept.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        start, stop, parts = self._split_window(window)
        out = None
        for first, batch, entries in self._predict_batches(start, stop):
            piece = copy_to_host(batch, (entries, *parts))
            if len(piece) == stop - start:
                return piece  # a view if possible
            if out is None:
                out = np.empty((stop - start, *piece.shape[1:]), self.dtype)
            out[first - start : first - start + len(piece)] = piece
        return np.empty((0, *measure_window(parts)), self.dtype) if out is None else out

    def read_on_device(self, window: Window) -> ArrayOrTensor:
        """Return the predictions in `window` on the device where they were computed.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        start, stop, parts = self._split_window(window)
        pieces = [
            slice_values(batch, (entries, *parts))
            for _, batch, entries in self._predict_batches(start, stop)
        ]
        return concatenate(pieces, self.dtype) if pieces else self.read(window)

    def _split_window(self, window: Window) -> tuple[int, int, Window]:
        """Return the first sample, the one after the last, and the slices of the other axes."""
        start, stop, _ = (window or (slice(None),))[0].indices(self.shape[0] or 0)
        return start, stop, complete_window(window[1:], self.get_sample_shape(start))

    def _predict_batches(self, start: int, stop: int) -> Iterator[tuple[int, ArrayOrTensor, slice]]:
        """Yield the wanted samples: the first one's index, a batch, and its wanted entries."""
        next_sample = start
        while next_sample < stop:
            with self._lock:
                first, batch = self._get_batch(next_sample, stop)
            entries = slice(next_sample - first, min(stop - first, len(batch)))
            yield next_sample, batch, entries
            next_sample += entries.stop - entries.start

    def _get_batch(self, start: int, stop: int) -> tuple[int, ArrayOrTensor]:
        """Return the index of a batch's first sample, and the batch, which holds sample `start`.

        Full batches are computed if the samples are read in order. Any other read only computes
        what it asks for, because it needs few samples or reads them in another order.
        """
        first, count = -1, 0
        if self._kept is not None:
            first, count = self._kept[0], len(self._kept[1])
            if first <= start < first + count:
                return self._kept
        in_order = start in self._begins or start == first + count
        self._kept = None  # released first, so that two batches are never in memory
        while True:
            size = self._batch_size if in_order else min(self._batch_size, stop - start)
            try:
                batch = self._predictor.predict(start, min(start + size, self.shape[0] or 0))
            except SourceError as error:
                self._halve_batch_size(error, size)
            else:
                self._kept = (start, batch)
                return self._kept

    def _halve_batch_size(self, error: SourceError, size: int) -> None:
        """Halve the batch size if memory was full; raise any other error again."""
        if type(error.__cause__).__name__ not in MEMORY_ERRORS or self._predictor.fixed_batch_size:
            raise error
        if size == 1:
            raise source_error(
                self.path,
                "memory is too small for what it computes for one image; use --device cpu, where"
                " there is more, or smaller images",
            ) from error
        self._batch_size = self._halved = size // 2

    def _find_varying_axes(self, output_shape: tuple[int, ...]) -> dict[int, int]:
        """Return, for each axis of the output whose length varies, the image axis it follows."""
        varying = [axis for axis in (1, 2) if None in self._images.shape[axis : axis + 1]]
        if not varying:
            return {}
        size = self._images.get_sample_shape(0)[:2]
        places = [axis for axis in (1, 2) if output_shape[axis : axis + 2] == size]
        if not places:
            raise source_error(
                self.path,
                f"the images differ in size, and an image of {size} gives an output of"
                f" {output_shape[1:]}; give images of one size",
            )
        return {axis - 1 + places[0]: axis for axis in varying}

    def _find_whole_shape(self, output_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        lengths = [None if axis in self._image_axes else n for axis, n in enumerate(output_shape)]
        return (self._images.shape[0], *lengths[1:])
