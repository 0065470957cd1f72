"""A model and its images as a source of predictions, made batch by batch when they are read."""

from __future__ import annotations

import math
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.layout import Assumption
from iou_doctor.model import ModelFacts, ModelOptions
from iou_doctor.source import Source
from iou_doctor.sources._feed import Feed, plan_feed
from iou_doctor.sources._numbers import check_dtype, check_shape, lengths, native, spans
from iou_doctor.sources._refusal import refusal, refusing
from iou_doctor.sources._runner import Runner

BATCH_VALUES = 2**23
"""Values of the images or the output of one batch: 32 MiB of float32."""
MOST_IMAGES = 32
SAME = 1e-5
"""Outputs this near each other are one: rounding differs by some 1e-7 between batches."""


class ModelSource:
    """What a model predicts for each image, made when it is read; the first one tells the shape.

    The last batch is kept: windows within it cost nothing, and no more than it is in memory.
    """

    format = "model"
    sequential = False

    def __init__(self, path: str, runner: Runner, images: Source, options: ModelOptions) -> None:
        self.path = path
        self.names = images.names
        self._images, self._runner = images, runner
        self._feed: Feed = plan_feed(path, runner, images, options)
        self._fixed = runner.input_shape[0] if runner.input_shape else None
        self._batch_size = self._fixed or options.batch_size or 1
        self._lock = Lock()  # of the batch kept, for whoever reads in several threads
        self._kept: tuple[int, NDArray[Any]] | None = None
        self._first: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._images_differ, self._outputs_differ = False, False
        one = self._predicted(0, 1)
        self.dtype: np.dtype[Any] = native(one.dtype)
        check_dtype(path, self.dtype)
        check_shape(path, one.shape)
        self._follows = self._varying(one)
        self.shape = self._whole_shape(one)
        self.unit = (1,) * len(self.shape)
        if self._fixed is None and options.batch_size is None:
            largest = max(one.size, math.prod(images.sample_shape(0)))
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

    def facts(self) -> ModelFacts:
        """Return what is known of the model by now."""
        return ModelFacts(
            kind=self._runner.kind,
            output_name=self._runner.output_name,
            outputs=dict(self._runner.outputs),
            activation=self._runner.activation,
            constant=self._images_differ and not self._outputs_differ,
            unsafe=self._runner.unsafe,
        )

    def sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of the output for one image."""
        known = self.shape[1:]
        if None not in known:
            return tuple(n or 0 for n in known)
        sizes = self._images.sample_shape(index)
        return tuple(
            n if n is not None else sizes[self._follows[axis] - 1]
            for axis, n in enumerate(known, 1)
        )

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the predictions in `window`; the model runs if they are not those kept.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        count = self.shape[0] or 0
        start, stop, _ = (window or (slice(None),))[0].indices(count)
        parts = spans(window[1:], self.sample_shape(start))
        if stop - start == 1:
            with self._lock:
                return self._batch(start, stop)[0:1, *parts]
        out = np.empty((max(0, stop - start), *lengths(parts)), self.dtype)
        done = start
        while done < stop:
            with self._lock:
                some = self._batch(done, stop)[: stop - done]
            out[done - start : done - start + len(some)] = some[:, *parts]
            done += len(some)
        return out

    def _batch(self, start: int, stop: int) -> NDArray[Any]:
        """Return predictions from `start` on, at least one.

        In order they are made batch by batch. Whoever jumps gets what was asked for: he looks
        here and there, or reads the samples in another order.
        """
        first, kept = self._kept or (-1, np.empty(0))
        if first <= start < first + len(kept):
            return kept[start - first :]
        in_order = start in (0, first + len(kept))
        size = self._batch_size if in_order else min(self._batch_size, stop - start)
        self._kept = None  # before the next one is made: never two in memory
        made = self._predicted(start, min(start + size, self.shape[0] or 0))
        self._kept = (start, made)
        return made

    def _predicted(self, start: int, stop: int) -> NDArray[Any]:
        images = self._images.read((slice(start, stop),))
        fed = self._feed(images)
        missing = (self._fixed or len(fed)) - len(fed)
        given = np.concatenate([fed, *[fed[-1:]] * missing]) if missing > 0 else fed
        # a model raises whatever its library likes
        with refusing(self.path, Exception, why=self._failed(given)):
            output = np.asarray(self._runner.run(given))
        if output.ndim == 0 or len(output) != len(given):
            raise refusal(
                self.path,
                f"{len(given)} images gave an output of shape {output.shape}; its first axis should"
                " count images",
            )
        output = output[: len(fed)]
        self._compare(fed, output)
        return self._feed.back(output, images.shape[1:])

    def _failed(self, given: NDArray[Any]) -> str:
        return (
            f"the {self._runner.kind} fails on images of shape {given.shape} and type"
            f" {given.dtype} from `{self._images.path}`; give images like those of training"
        )

    def _compare(self, fed: NDArray[Any], output: NDArray[Any]) -> None:
        """Note whether images differ, and outputs; a difference is looked for only once."""
        if self._first is None:
            self._first = (fed[0].copy(), output[0].copy())
        image, first = self._first
        if not self._images_differ:
            self._images_differ = image.shape != fed.shape[1:] or bool((fed != image).any())
        if not self._outputs_differ:
            self._outputs_differ = not _alike(first, output)

    def _varying(self, one: NDArray[Any]) -> dict[int, int]:
        """Return, for the axes of the output that vary, the axis of the images they follow."""
        varying = [axis for axis in (1, 2) if None in self._images.shape[axis : axis + 1]]
        if not varying:
            return {}
        size = self._images.sample_shape(0)[:2]
        places = [axis for axis in (1, 2) if one.shape[axis : axis + 2] == size]
        if not places:
            raise refusal(
                self.path,
                f"the images differ in size, and an image of {size} gives an output of"
                f" {one.shape[1:]}; give images of one size",
            )
        return {axis - 1 + places[0]: axis for axis in varying}

    def _whole_shape(self, one: NDArray[Any]) -> tuple[int | None, ...]:
        lengths = (None if axis in self._follows else n for axis, n in enumerate(one.shape))
        return (self._images.shape[0], *list(lengths)[1:])


def _alike(first: NDArray[Any], output: NDArray[Any]) -> bool:
    if output.shape[1:] != first.shape:
        return False
    if output.dtype.kind != "f":
        return bool((output == first).all())
    return bool(np.allclose(output, first, rtol=0, atol=SAME, equal_nan=True))
