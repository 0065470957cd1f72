"""Batches that come one after the other, for instance from a `tf.data` dataset or a data loader.

Their number and the sizes of their samples are unknown beforehand. So they are iterated over once
to be counted, and again to be read, and must then be the same in the same order. Generators cannot
be iterated over twice and are refused. Shuffled or augmented datasets are recognised by comparing
the batches of both passes. Two kinds of batches are held in memory: the first one, whose first
samples are read several times, and those of the window that is being read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.errors import SourceError
from iou_doctor.sources.array_checks import check_dtype, check_shape
from iou_doctor.sources.memory.array_or_tensor import (
    get_dtype,
    get_shape,
    pick_evenly,
)
from iou_doctor.sources.memory.tensor import convert_to_numbers, keep_or_convert
from iou_doctor.sources.memory.unbatched import is_unbatched
from iou_doctor.sources.source_errors import source_error

Batch = tuple[ArrayOrTensor, ...]
"""The arrays of one batch: one, or masks and predictions."""
Fingerprint = int | NDArray[np.float64]
"""A fingerprint of a batch: a checksum of masks, or some values of predictions."""

TRUTH = "y_true"
"""The label of masks, whose values must be repeated exactly."""
FINGERPRINT_VALUES = 256
"""The number of values of each batch of predictions that are kept to recognise it."""
FINGERPRINT_TOLERANCE = 1e-2
"""Relative and absolute difference of two such values that counts as rounding."""
LEAST_EQUAL_VALUES = 0.95
"""Share of them that must be equal: another batch has other values nearly everywhere."""


class Stream:
    """Batches of one or of two arrays, which can be iterated over several times.

    Args:
        batches: gives the same batches each time it is iterated over.
        labels: what to call the arrays: one for batches of one array, two for pairs of arrays.

    Raises:
        SourceError: they cannot be iterated over twice, or a batch has an unexpected form.
    """

    def __init__(self, batches: Iterable[object], labels: tuple[str, ...]) -> None:
        self._iterable, self.labels = batches, labels
        if hasattr(batches, "__next__"):
            raise self._make_error(
                "a generator can be iterated over only once, and iou-doctor reads twice; give a"
                " dataset, a data loader, or the arrays",
            )
        if is_unbatched(batches):
            raise self._make_error(
                "its elements are single samples; give batches of them, `dataset.batch(8)`"
            )
        self._fingerprints: list[list[Fingerprint]] = []
        self._first: Batch = ()
        self.sizes: list[int] = []
        """The number of samples in each batch."""
        self.sample_forms: list[tuple[tuple[StoredDtype, tuple[int, ...]], ...]] = []
        """For each batch, the dtype and shape of one sample of each array."""
        for batch in self._iterate():
            self._first = self._first or batch
            self.sizes.append(len(batch[0]))
            self.sample_forms.append(tuple((get_dtype(a), get_shape(a)[1:]) for a in batch))
        if not self.sizes:
            raise self._make_error("it gives no batch; give at least one sample")
        self.stops = list(accumulate(self.sizes))
        """For each batch, the index of the sample after its last one."""
        self._rest: Iterator[Batch] = iter(())
        self._next = len(self.sizes)
        """The index of the batch that `_rest` gives next."""
        self._held = {0: self._first}

    def get_batches(self, indices: range) -> list[Batch]:
        """Return some batches. Going back to one that is no longer held starts a new pass.

        Raises:
            SourceError: the batches differ from those of the first pass.
        """
        # the other array of a pair is read from the same batches next, so they are kept
        held = {index: self._held[index] for index in indices if index in self._held}
        self._held = {0: self._first, **held}
        for index in indices:
            if index not in self._held:
                self._held[index] = self._advance_to(index)
        return [self._held[index] for index in indices]

    def _advance_to(self, index: int) -> Batch:
        if index < self._next:
            self._rest, self._next = self._iterate(), 0
        batch: Batch | None = None
        while self._next <= index:
            batch = next(self._rest, None)
            self._next += 1
        if batch is None or len(batch[0]) != self.sizes[index]:
            raise self._changed_error()
        return batch

    def _iterate(self) -> Iterator[Batch]:
        for index, element in enumerate(self._iterable):
            batch = self._convert(element)
            fingerprints = [
                _take_fingerprint(array, label)
                for array, label in zip(batch, self.labels, strict=True)
            ]
            if index == len(self._fingerprints):
                self._fingerprints.append(fingerprints)
            if not all(map(_is_same_fingerprint, self._fingerprints[index], fingerprints)):
                raise self._changed_error()
            yield batch

    def _convert(self, element: object) -> Batch:
        """Return the arrays of one batch.

        Masks are compared exactly, so they come to the host. Predictions may stay on a device.
        """
        batch = tuple(
            convert_to_numbers(part, label) if label == TRUTH else keep_or_convert(part, label)
            for part, label in zip(self._split(element), self.labels, strict=True)
        )
        for array, label in zip(batch, self.labels, strict=True):
            check_dtype(label, get_dtype(array))
            check_shape(label, get_shape(array))
        if len({len(array) for array in batch}) > 1:
            counts = " and ".join(str(len(array)) for array in batch)
            raise self._make_error(
                f"a batch has {counts} samples; give as many masks as predictions"
            )
        return batch

    def _split(self, element: object) -> Sequence[object]:
        """Return one part of a batch for each label."""
        if len(self.labels) == 1:
            if isinstance(element, tuple):
                raise self._make_error(
                    f"each batch is a tuple of {len(element)} and not an array; take one of them,"
                    " for instance by `dataset.map(lambda image, mask: image)`",
                )
            return (element,)
        if isinstance(element, (tuple, list)) and len(element) == len(self.labels):
            return element
        raise self._make_error("each element must be a pair (y_true, y_pred) of batches")

    def _make_error(self, why: str) -> SourceError:
        return source_error(" and ".join(self.labels), why)

    def _changed_error(self) -> SourceError:
        return self._make_error(
            "it gives other batches each time; remove random augmentation, and shuffle with"
            " reshuffle_each_iteration=False or not at all"
        )


def _take_fingerprint(values: ArrayOrTensor, label: str) -> Fingerprint:
    """Return a checksum of masks, or some values of predictions.

    Predictions are not repeated exactly, because a network on a GPU rounds differently each time.
    """
    if label == TRUTH:
        return zlib.crc32(np.ascontiguousarray(values).data)
    return pick_evenly(values, FINGERPRINT_VALUES)


def _is_same_fingerprint(one: Fingerprint, other: Fingerprint) -> bool:
    if isinstance(one, int) or isinstance(other, int):
        return one == other
    if one.shape != other.shape:
        return False
    tolerance = FINGERPRINT_TOLERANCE
    close = np.isclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    return bool(close.mean() >= LEAST_EQUAL_VALUES)
