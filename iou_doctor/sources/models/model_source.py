"""A model and its images as a source of predictions, made batch by batch when they are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Assumption
from iou_doctor.arrays.model import ModelFacts, ModelOptions
from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.memory.anywhere import (
    Values,
    alike,
    dtype_of,
    is_tensorflow,
    joined,
    on_host,
    part_of,
    shape_of,
)
from iou_doctor.sources.models.feed import Feed, plan_feed
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.numbers import check_dtype, check_shape, lengths, spans
from iou_doctor.sources.refusals import refusal, refusing

BATCH_VALUES = 2**23
"""Values of the images or the output of one batch: 32 MiB of float32."""
MOST_IMAGES = 32
SAME = 1e-5
"""Outputs this near each other are one: rounding differs by some 1e-7 between batches."""
MEMORY_FULL = {"ResourceExhaustedError", "OutOfMemoryError", "MemoryError"}
"""What TensorFlow, PyTorch and Python raise where no room is left, by name."""


class ModelSource:
    """What a model predicts for each image, made when it is read; the first one tells the shape.

    The last batch is kept: windows within it cost nothing, and no more than it is in memory.
    """

    format = "model"

    def __init__(self, path: str, runner: Runner, images: Source, options: ModelOptions) -> None:
        self.path = path
        self.names, self.is_sequential = images.names, images.is_sequential
        self._images, self._runner = images, runner
        self._feed: Feed = plan_feed(path, runner, images, options)
        self._fixed = runner.input_shape[0] if runner.input_shape else None
        self._batch_size = self._fixed or options.batch_size or 1
        self._lock = Lock()  # of the batch kept, for whoever reads in several threads
        self._kept: tuple[int, Values] | None = None
        self._first: tuple[NDArray[Any], Values] | None = None
        self._halved: int | None = None
        self._images_differ, self._outputs_differ = False, False
        one = self._predicted(0, 1)
        shape = shape_of(one)
        self.dtype: np.dtype[Any] = dtype_of(one)
        check_dtype(path, self.dtype)
        check_shape(path, shape)
        self._follows = self._varying(shape)
        self.shape = self._whole_shape(shape)
        self.chunk_shape = (1,) * len(self.shape)
        if self._fixed is None and options.batch_size is None:
            largest = max(math.prod(shape), math.prod(images.get_sample_shape(0)))
            self._batch_size = min(MOST_IMAGES, max(1, BATCH_VALUES // largest))
        if None in images.shape[1:]:
            self._batch_size = 1  # images of different sizes share no batch

    @property
    def assumed(self) -> tuple[Assumption, ...]:
        """How the images are given to the model, where nobody said so."""
        feed, notes = self._feed, []
        if (feed.scale, feed.offset) == (1.0, 0.0):
            stored = f"{self._images.dtype} as stored"
            notes.append(Assumption("model.input", stored, "no --input-scale was given"))
        if feed.channels_first:
            why = "the model takes channels first, the images have them last"
            notes.append(Assumption("model.input_channels", "1", why))
        return tuple(notes)

    def collect_facts(self) -> ModelFacts:
        """Return what is known of the model by now."""
        return ModelFacts(
            kind=self._runner.kind,
            output_name=self._runner.output_name,
            outputs=dict(self._runner.outputs),
            activation=self._runner.activation,
            constant=self._images_differ and not self._outputs_differ,
            unsafe=self._runner.unsafe,
            halved=self._halved,
        )

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of the output for one image."""
        known = self.shape[1:]
        if None not in known:
            return tuple(n or 0 for n in known)
        sizes = self._images.get_sample_shape(index)
        return tuple(
            n if n is not None else sizes[self._follows[axis] - 1]
            for axis, n in enumerate(known, 1)
        )

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the predictions in `window`; the model runs if they are not those kept.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        start, stop, parts = self._bounds(window)
        out = None
        for done, made, some in self._made(start, stop):
            piece = on_host(made, (some, *parts))
            if len(piece) == stop - start:
                return piece  # a view, where it can be one
            if out is None:
                out = np.empty((stop - start, *piece.shape[1:]), self.dtype)
            out[done - start : done - start + len(piece)] = piece
        return np.empty((0, *lengths(parts)), self.dtype) if out is None else out

    def read_on_device(self, window: tuple[slice, ...]) -> Values:
        """Return the predictions in `window` where the model left them.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        start, stop, parts = self._bounds(window)
        pieces = [part_of(made, (some, *parts)) for _, made, some in self._made(start, stop)]
        return joined(pieces, self.dtype) if pieces else self.read(window)

    def _bounds(self, window: tuple[slice, ...]) -> tuple[int, int, tuple[slice, ...]]:
        """Return the first sample, the one after the last, and the slices of the other axes."""
        start, stop, _ = (window or (slice(None),))[0].indices(self.shape[0] or 0)
        return start, stop, spans(window[1:], self.get_sample_shape(start))

    def _made(self, start: int, stop: int) -> Iterator[tuple[int, Values, slice]]:
        """Yield the samples wanted: the first one's number, a batch, and which of its entries."""
        done = start
        while done < stop:
            with self._lock:
                first, batch = self._batch(done, stop)
            some = slice(done - first, min(stop - first, len(batch)))
            yield done, batch, some
            done += some.stop - some.start

    def _batch(self, start: int, stop: int) -> tuple[int, Values]:
        """Return a batch that holds the sample `start`, and the number of its first sample.

        In order they are made batch by batch. Whoever jumps gets what was asked for: he looks
        here and there, or reads the samples in another order.
        """
        first, kept = self._kept or (-1, ())
        if first <= start < first + len(kept):
            return first, kept
        in_order = start in (0, first + len(kept))
        self._kept = None  # before the next one is made: never two in memory
        del kept
        while True:
            size = self._batch_size if in_order else min(self._batch_size, stop - start)
            try:
                made = self._predicted(start, min(start + size, self.shape[0] or 0))
            except SourceError as error:
                self._halve(error, size)
            else:
                self._kept = (start, made)
                return self._kept

    def _halve(self, error: SourceError, size: int) -> None:
        """Give the model half as many images from now on, if memory was full; else raise."""
        if type(error.__cause__).__name__ not in MEMORY_FULL or self._fixed:
            raise error
        if size == 1:
            raise refusal(
                self.path,
                "the memory does not hold what it computes for one image; use --device"
                " cpu, where there is more, or smaller images",
            ) from error
        self._batch_size = self._halved = size // 2

    def _predicted(self, start: int, stop: int) -> Values:
        images = self._images.read((slice(start, stop),))
        fed = self._feed(images)
        missing = (self._fixed or len(fed)) - len(fed)
        given = np.concatenate([fed, *[fed[-1:]] * missing]) if missing > 0 else fed
        # a model raises whatever its library likes
        with refusing(self.path, Exception, why=self._failed(given)):
            output = self._runner.run(given)
            output = output if is_tensorflow(output) else np.asarray(output)
        shape = shape_of(output)
        if not shape or shape[0] != len(given):
            raise refusal(
                self.path,
                f"{len(given)} images gave an output of shape {shape}; its first axis should"
                " count images",
            )
        output = part_of(output, (slice(0, len(fed)),))
        self._compare(fed, output)
        return self._feed.back(output, images.shape[1:])

    def _failed(self, given: NDArray[Any]) -> str:
        return (
            f"the {self._runner.kind} fails on images of shape {given.shape} and type"
            f" {given.dtype} from `{self._images.path}`; give images like those of training"
        )

    def _compare(self, fed: NDArray[Any], output: Values) -> None:
        """Note whether images differ, and outputs; a difference is looked for only once."""
        if self._first is None:
            self._first = (fed[0].copy(), output[0] if is_tensorflow(output) else output[0].copy())
        image, first = self._first
        if not self._images_differ:
            self._images_differ = image.shape != fed.shape[1:] or bool((fed != image).any())
        if not self._outputs_differ:
            self._outputs_differ = not alike(first, output, within=SAME)

    def _varying(self, one: tuple[int, ...]) -> dict[int, int]:
        """Return, for the axes of the output that vary, the axis of the images they follow."""
        varying = [axis for axis in (1, 2) if None in self._images.shape[axis : axis + 1]]
        if not varying:
            return {}
        size = self._images.get_sample_shape(0)[:2]
        places = [axis for axis in (1, 2) if one[axis : axis + 2] == size]
        if not places:
            raise refusal(
                self.path,
                f"the images differ in size, and an image of {size} gives an output of"
                f" {one[1:]}; give images of one size",
            )
        return {axis - 1 + places[0]: axis for axis in varying}

    def _whole_shape(self, one: tuple[int, ...]) -> tuple[int | None, ...]:
        lengths = (None if axis in self._follows else n for axis, n in enumerate(one))
        return (self._images.shape[0], *list(lengths)[1:])
