"""The pass by machine code: which batches it takes, and when the code is ready.

Loading it takes a good half second, compiling it on a machine's first use many seconds. A thread
does that. The pass waits for a moment, because two threads of Python in each other's way load and
count more slowly than one after the other; then the NumPy reference sets out. Both give the same
Stats, so it does not matter when one follows the other.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record
from iou_doctor.scan.numba.score_tables import encode_scores
from iou_doctor.scan.numba.tables import EncodedLabels, Scratch, count_encoded, encode_labels
from iou_doctor.scan.numpy.values import PlaceFinder

Dtypes = tuple[np.dtype[Any], np.dtype[Any]]

WORTH_LOADING, WIDE_WORTH_LOADING, BYTES_WORTH_LOADING = 2**26, 2**25, 2**27
"""Values of the larger array from which on the kernels are loaded: of scores, of labels where one
array holds more than bytes, which NumPy counts more slowly, and of bytes, which it counts faster.
Below, it is as soon done without them."""
WORTH_COMPILING = 2**28
"""The same for scores where their kernel is not compiled yet: that takes some five seconds."""
PATIENCE = 2.0
"""Seconds to wait for kernels: enough to load them, too little to compile them."""


@record
class KernelCounts:
    """What the kernels made of a batch."""

    tables: dict[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    true_labels: NDArray[Any]
    pred_labels: NDArray[Any]


class KernelLoader:
    """The kernels, once they are loaded and compiled for arrays of some dtypes."""

    def __init__(self) -> None:
        self._ready: dict[object, ModuleType] = {}
        self._asked: set[object] = set()
        self._lock = Lock()

    def request(
        self, layout: Layout, dtypes: Dtypes, pairings: tuple[Pairing, ...], *, values: int
    ) -> None:
        """Load what a pass over so many values needs, if it pays; see `PATIENCE`."""
        if values < _worth_loading(layout, dtypes):
            return
        key = _key(layout, dtypes)
        if not _served(layout, dtypes, pairings) or importlib.util.find_spec("numba") is None:
            return
        asked = key, values >= WORTH_COMPILING
        with self._lock:
            if key in self._ready or asked in self._asked:
                return
            self._asked.add(asked)
        loading = Thread(target=self._load, args=(key, layout, dtypes, values))
        loading.start()
        loading.join(PATIENCE)

    def get(
        self, layout: Layout, dtypes: Dtypes, pairings: tuple[Pairing, ...]
    ) -> ModuleType | None:
        """Return the kernels if they are ready, and can serve such a pass."""
        kernels = self._ready.get(_key(layout, dtypes))
        return kernels if kernels and _served(layout, dtypes, pairings) else None

    def _load(self, key: object, layout: Layout, dtypes: Dtypes, values: int) -> None:
        # ImportError: a Numba that does not fit this NumPy; OSError: no room for its cache
        with suppress(ImportError, OSError):
            kernels = importlib.import_module("iou_doctor.scan.numba.kernels")
            if values < WORTH_COMPILING and not all(map(kernels.is_kept, _slow(kernels, layout))):
                return
            warm_up(kernels, layout, dtypes)
            self._ready[key] = kernels


KERNELS = KernelLoader()
"""Loaded once for all passes."""


def _worth_loading(layout: Layout, dtypes: Dtypes) -> int:
    if layout.y_true.is_per_class or layout.y_pred.is_per_class:
        return WORTH_LOADING
    of_bytes = all(dtype.itemsize == 1 for dtype in dtypes)
    return BYTES_WORTH_LOADING if of_bytes else WIDE_WORTH_LOADING


def warm_up(kernels: ModuleType, layout: Layout, dtypes: Dtypes) -> None:
    """Compile what arrays like these need, by counting a little one."""
    true, pred = (
        np.zeros(_small(axes), dtype=dtype)
        for axes, dtype in zip((layout.y_true, layout.y_pred), dtypes, strict=True)
    )
    batch = Batch(y_true=true, y_pred=pred, samples=np.zeros(1, dtype=np.int64))
    count(kernels, batch, layout, (_pairing(layout),), Scratch())


def _slow(kernels: ModuleType, layout: Layout) -> list[Any]:
    """Return the kernels for arrays like these that take long to compile."""
    sides = [axes for axes in (layout.y_true, layout.y_pred) if axes.is_per_class]
    return [
        kernels.scores_last if axes.has_channels_last else kernels.scores_first for axes in sides
    ]


def _small(axes: Axes) -> tuple[int, ...]:
    sizes = [8] * len(axes.shape)
    if len(axes.spatial) == 1:
        sizes[axes.spatial[0]] = 64
    if axes.has_sample_axis:
        sizes[0] = 1
    if axes.channel is not None:
        sizes[axes.channel] = axes.channels
    return tuple(sizes)


def _pairing(layout: Layout) -> Pairing:
    true, pred = (
        LabelDecoding.ARGMAX if axes.is_per_class else LabelDecoding.LABELS
        for axes in (layout.y_true, layout.y_pred)
    )
    return Pairing(true, pred)


def _key(layout: Layout, dtypes: Dtypes) -> object:
    sides = (layout.y_true, layout.y_pred)
    return dtypes, tuple((axes.is_dense, axes.has_channels_last) for axes in sides)


def _served(layout: Layout, dtypes: Dtypes, pairings: tuple[Pairing, ...]) -> bool:
    """Return whether the kernels know all that a pass asks for."""
    sides = zip((layout.y_true, layout.y_pred), dtypes, strict=True)
    known = all(_known(axes, dtype) for axes, dtype in sides)
    return known and tuple(pairings) == (_pairing(layout),)


def _known(axes: Axes, dtype: np.dtype[Any]) -> bool:
    if axes.is_per_class:
        return dtype.kind == "f" and dtype.itemsize <= 8 and not axes.is_reshaped
    return not axes.is_dense and dtype.kind in "biu"


def count(
    kernels: ModuleType,
    batch: Batch,
    layout: Layout,
    pairings: tuple[Pairing, ...],
    scratch: Scratch,
) -> KernelCounts | None:
    """Return what a batch holds; `None` where the reference has to look at it."""
    true = _side(kernels, batch.y_true, layout.y_true)
    pred = None if true is None else _side(kernels, batch.y_pred, layout.y_pred)
    if true is None or pred is None:
        return None
    counted = count_encoded(
        kernels, y_true=true.coded, y_pred=pred.coded, samples=batch.samples, scratch=scratch
    )
    if counted is None:
        return None
    table, of_labels = counted
    return KernelCounts(
        {pairings[0]: table},
        true.values(batch, of_labels[0]),
        pred.values(batch, of_labels[1]),
        true.coded.labels,
        pred.coded.labels,
    )


@record
class _Side:
    arranged: NDArray[Any]
    coded: EncodedLabels
    counts: ValueCounts | None = None
    """`None`: they are those over the labels."""
    fractional: int | None = None
    """The first pixel with a fraction."""

    def values(self, batch: Batch, of_labels: ValueCounts) -> ValueCounts:
        dense = self.counts is not None
        where = PlaceFinder(batch.samples, batch.first_row, self.arranged, dense)
        step = self.arranged.shape[-1] if dense else 1
        counts = self.counts or of_labels
        first = None if self.fractional is None else where.find_place(self.fractional * step)
        return replace(counts, first=where.find_place(0), first_fractional=first)


def _side(kernels: ModuleType, stored: NDArray[Any], axes: Axes) -> _Side | None:
    arranged = axes.arrange(stored)
    if not axes.is_per_class:
        return _Side(arranged, encode_labels(arranged))
    scores = encode_scores(kernels, arranged)
    return None if scores is None else _Side(arranged, *scores)
