"""Batches that something hands out one after the other: a `tf.data` dataset, a data loader.

Nobody says beforehand how many samples will come, or of which sizes. So the batches are walked
through once to be counted, and again to be read: they must come again, the same and in the same
order. A generator cannot do that and is refused; a dataset that shuffles or draws anew each time
is found out by comparing. In memory are the first one, where a small look is taken again and
again, and those of the window that is being read.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.memory.anywhere import (
    Values,
    dtype_of,
    joined,
    on_host,
    part_of,
    shape_of,
    thinned,
)
from iou_doctor.sources.memory.tensor import array_of, values_of
from iou_doctor.sources.numbers import check_dtype, check_shape, lengths, native, spans
from iou_doctor.sources.refusals import refusal

PAIR = 2
TRUTH = "y_true"
Batch = tuple[Values, ...]
Mark = int | NDArray[np.float64]
MARKED = 256
"""Values of each batch of predictions that are kept to know it again."""
CLOSE, ALIKE = 1e-2, 0.95
"""How close they must come, and how many of them: rounding passes, other values do not."""


class Stream:
    """Iterates over batches of one or of two arrays, again and again.

    Args:
        batches: gives the same batches each time it is iterated over.
        labels: what to call the arrays: one for batches of one array, two for pairs of arrays.

    Raises:
        SourceError: they cannot be iterated over twice, or a batch is not as the others are.
    """

    def __init__(self, batches: Iterable[Any], labels: tuple[str, ...]) -> None:
        self._batches, self.labels = batches, labels
        if hasattr(batches, "__next__"):
            raise refusal(
                " and ".join(labels),
                "a generator can be read once only, and the doctor looks twice; give a dataset, a"
                " data loader, or the arrays",
            )
        self._marks: list[list[Mark]] = []
        """For each batch, what it is known by when it comes again."""
        self._first: Batch = ()
        self.sizes: list[int] = []
        """Samples in each batch."""
        self.forms: list[tuple[tuple[np.dtype[Any], tuple[int, ...]], ...]] = []
        """For each batch, dtype and shape of one sample of each array."""
        for batch in self._walk():
            self._first = self._first or batch
            self.sizes.append(len(batch[0]))
            self.forms.append(tuple((dtype_of(part), shape_of(part)[1:]) for part in batch))
        if not self.sizes:
            raise refusal(" and ".join(labels), "it gives no batch; give at least one sample")
        self.stops = list(accumulate(self.sizes))
        self._rest: Iterator[Batch] = iter(())
        self._next = len(self.sizes)
        """Number of the batch that `_rest` gives next."""
        self._held = {0: self._first}

    def batches(self, numbers: range) -> list[Batch]:
        """Return some batches; going back to one that is no longer held means starting anew."""
        # the other array of a pair is read from the same ones, after this one
        held = {number: self._held[number] for number in numbers if number in self._held}
        self._held = {0: self._first, **held}
        for number in numbers:
            if number not in self._held:
                self._held[number] = self._forward_to(number)
        return [self._held[number] for number in numbers]

    def _forward_to(self, number: int) -> Batch:
        if number < self._next:
            self._rest, self._next = self._walk(), 0
        batch: Batch | None = None
        while self._next <= number:
            batch = next(self._rest, None)
            self._next += 1
        if batch is None or len(batch[0]) != self.sizes[number]:
            raise self._changed()
        return batch

    def _walk(self) -> Iterator[Batch]:
        for number, element in enumerate(self._batches):
            batch = self._arrays(element)
            marks = [_mark(a, label) for a, label in zip(batch, self.labels, strict=True)]
            if number == len(self._marks):
                self._marks.append(marks)
            if not all(map(_same, self._marks[number], marks)):
                raise self._changed()
            yield batch

    def _arrays(self, element: Any) -> Batch:
        if len(self.labels) == 1:
            if isinstance(element, tuple):
                raise refusal(
                    self.labels[0],
                    f"each batch is a tuple of {len(element)} and no array; take one of them, by"
                    " `dataset.map(lambda image, mask: image)` for instance",
                )
            parts: Sequence[Any] = (element,)
        elif isinstance(element, (tuple, list)) and len(element) == PAIR:
            parts = element
        else:
            raise refusal(
                " and ".join(self.labels), "each element must be a pair (y_true, y_pred) of batches"
            )
        # masks are told apart by every bit, so they come to the host; predictions may stay away
        batch = tuple(
            array_of(part, label) if label == TRUTH else values_of(part, label)
            for part, label in zip(parts, self.labels, strict=True)
        )
        for values, label in zip(batch, self.labels, strict=True):
            check_dtype(label, dtype_of(values))
            check_shape(label, shape_of(values))
        if len({len(values) for values in batch}) > 1:
            counts = " and ".join(str(len(values)) for values in batch)
            raise refusal(" and ".join(self.labels), f"a batch has {counts} samples; pair them up")
        return batch

    def _changed(self) -> SourceError:
        return refusal(
            " and ".join(self.labels),
            "it gives other batches each time; take out what draws anew, or pass"
            " reshuffle_each_iteration=False",
        )


def _mark(values: Values, label: str) -> Mark:
    """Return what tells whether values come again: masks to the bit, predictions nearly.

    A network on a GPU does not give the same bits twice.
    """
    if label == TRUTH:
        return zlib.crc32(np.ascontiguousarray(values).data)
    return thinned(values, MARKED)


def _same(one: Mark, other: Mark) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return one == other
    if one.shape != other.shape:
        return False
    return bool(np.isclose(one, other, rtol=CLOSE, atol=CLOSE, equal_nan=True).mean() >= ALIKE)


@record
class BatchesSource:
    """One array of a stream of batches."""

    stream: Stream
    side: int
    """Which array of each batch."""
    format = "batches"
    is_sequential = True
    names = None

    def __post_init__(self) -> None:
        if len({len(form[self.side][1]) for form in self.stream.forms}) > 1:
            raise refusal(self.path, "its batches differ in the number of axes; make them alike")

    @property
    def path(self) -> str:
        """What the array is called."""
        return self.stream.labels[self.side]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype that holds the values of all batches."""
        return native(np.result_type(*{form[self.side][0] for form in self.stream.forms}))

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Samples, and the shape of one; `None` where they differ."""
        sizes = zip(*(form[self.side][1] for form in self.stream.forms), strict=True)
        alike = (axis[0] if len(set(axis)) == 1 else None for axis in sizes)
        return (self.stream.stops[-1], *alike)

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """A batch comes as a whole."""
        return (self.stream.sizes[0], *(1 for _ in self.shape[1:]))

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one sample."""
        return self.stream.forms[bisect_right(self.stream.stops, index)][self.side][1]

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`.

        Raises:
            SourceError: the batches are no longer what they were.
        """
        pieces = [on_host(values, some) for values, some in self._parts(window)]
        if not pieces:
            shape = lengths(spans((slice(0, 0), *window[1:]), (1, *self.get_sample_shape(0))))
            return np.zeros(shape, self.dtype)
        return np.concatenate(pieces).astype(self.dtype, copy=False)

    def read_on_device(self, window: tuple[slice, ...]) -> Values:
        """Return the values in `window`, as tensors where that is how they were given.

        Raises:
            SourceError: the batches are no longer what they were.
        """
        pieces = [part_of(values, some) for values, some in self._parts(window)]
        return joined(pieces, self.dtype) if pieces else self.read(window)

    def _parts(self, window: tuple[slice, ...]) -> Iterator[tuple[Values, tuple[slice, ...]]]:
        """Yield each batch that has some of a window, and which part of it."""
        stops = self.stream.stops
        first, last, _ = (window or (slice(None),))[0].indices(stops[-1])
        if first >= last:
            return
        numbers = range(bisect_right(stops, first), bisect_right(stops, last - 1) + 1)
        for number, batch in zip(numbers, self.stream.batches(numbers), strict=True):
            start = stops[number] - self.stream.sizes[number]
            some = slice(max(0, first - start), last - start)
            values = batch[self.side]
            yield values, spans((some, *window[1:]), shape_of(values))
