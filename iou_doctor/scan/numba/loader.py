"""Load the compiled kernels in the background, and count batches with them once they are ready.

Loading them takes more than half a second, and compiling them on a machine's first use many
seconds. A thread does that. The pass waits for a moment, because loading and counting at the same
time is slower than one after the other. Then NumPy starts to count. Both give the same Stats, so
the kernels can take over at any batch.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray, StoredDtype
from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record
from iou_doctor.scan.numba.score_tables import encode_scores
from iou_doctor.scan.numba.tables import EncodedLabels, Scratch, count_encoded, encode_labels
from iou_doctor.scan.numpy.values import PlaceFinder

Dtypes = tuple[StoredDtype, StoredDtype]
"""The dtypes of masks and predictions."""

WORTH_LOADING = 2**26
"""Values of the larger array from which loading the kernels saves time if there are scores."""
WIDE_WORTH_LOADING = 2**25
"""The same for labels wider than a byte, which NumPy counts more slowly."""
BYTES_WORTH_LOADING = 2**27
"""The same for labels of one byte, which NumPy counts faster."""
WORTH_COMPILING = 2**28
"""Values from which compiling the kernel for scores, about five seconds, saves time."""
PATIENCE = 2.0
"""Seconds to wait for the kernels: enough to load them, too little to compile them."""


@record
class KernelCounts:
    """What the kernels counted in a batch."""

    tables: dict[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    true_labels: NDArray[np.integer]
    pred_labels: NDArray[np.integer]


class KernelLoader:
    """Loads and compiles the kernels for arrays of certain dtypes and layouts."""

    def __init__(self) -> None:
        self._ready: dict[object, ModuleType] = {}
        self._asked: set[object] = set()
        self._lock = Lock()

    def request(
        self, layout: Layout, dtypes: Dtypes, pairings: tuple[Pairing, ...], *, values: int
    ) -> None:
        """Load the kernels for a pass over so many values if that saves time.

        Waits up to `PATIENCE` seconds; the kernels may be ready later.
        """
        if values < _find_loading_threshold(layout, dtypes):
            return
        key = _make_key(layout, dtypes)
        if not _is_supported(layout, dtypes, pairings) or importlib.util.find_spec("numba") is None:
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
        """Return the kernels if they are ready and support such a pass, else `None`."""
        kernels = self._ready.get(_make_key(layout, dtypes))
        return kernels if kernels and _is_supported(layout, dtypes, pairings) else None

    def _load(self, key: object, layout: Layout, dtypes: Dtypes, values: int) -> None:
        # ImportError: a Numba that does not fit this NumPy; OSError: no room for its cache
        with suppress(ImportError, OSError):
            kernels = importlib.import_module("iou_doctor.scan.numba.kernels")
            if values < WORTH_COMPILING and not all(
                map(kernels.is_kept, _list_slow_kernels(kernels, layout))
            ):
                return
            warm_up(kernels, layout, dtypes)
            self._ready[key] = kernels


KERNELS = KernelLoader()
"""The kernels of this process, loaded once for all passes."""


def _find_loading_threshold(layout: Layout, dtypes: Dtypes) -> int:
    if layout.y_true.is_per_class or layout.y_pred.is_per_class:
        return WORTH_LOADING
    of_bytes = all(dtype.itemsize == 1 for dtype in dtypes)
    return BYTES_WORTH_LOADING if of_bytes else WIDE_WORTH_LOADING


def warm_up(kernels: ModuleType, layout: Layout, dtypes: Dtypes) -> None:
    """Compile the kernels for such arrays by counting small ones."""
    true, pred = (
        np.zeros(_choose_sample_shape(axes), dtype=dtype)
        for axes, dtype in zip((layout.y_true, layout.y_pred), dtypes, strict=True)
    )
    batch = Batch(y_true=true, y_pred=pred, samples=np.zeros(1, dtype=np.int64))
    count(kernels, batch, layout, (_choose_pairing(layout),), Scratch())


def _list_slow_kernels(kernels: ModuleType, layout: Layout) -> list[object]:
    """Return the kernels for such arrays that take long to compile."""
    sides = [axes for axes in (layout.y_true, layout.y_pred) if axes.is_per_class]
    return [
        kernels.scores_last if axes.has_channels_last else kernels.scores_first for axes in sides
    ]


def _choose_sample_shape(axes: Axes) -> tuple[int, ...]:
    sizes = [8] * len(axes.shape)
    if len(axes.spatial) == 1:
        sizes[axes.spatial[0]] = 64
    if axes.has_sample_axis:
        sizes[0] = 1
    if axes.channel is not None:
        sizes[axes.channel] = axes.channels
    return tuple(sizes)


def _choose_pairing(layout: Layout) -> Pairing:
    true, pred = (
        LabelDecoding.ARGMAX if axes.is_per_class else LabelDecoding.LABELS
        for axes in (layout.y_true, layout.y_pred)
    )
    return Pairing(true, pred)


def _make_key(layout: Layout, dtypes: Dtypes) -> object:
    sides = (layout.y_true, layout.y_pred)
    return dtypes, tuple((axes.is_dense, axes.has_channels_last) for axes in sides)


def _is_supported(layout: Layout, dtypes: Dtypes, pairings: tuple[Pairing, ...]) -> bool:
    """Return whether the kernels can count all that a pass asks for."""
    sides = zip((layout.y_true, layout.y_pred), dtypes, strict=True)
    known = all(_is_side_supported(axes, dtype) for axes, dtype in sides)
    return known and tuple(pairings) == (_choose_pairing(layout),)


def _is_side_supported(axes: Axes, dtype: StoredDtype) -> bool:
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
    """Return the counts of a batch; `None` if only NumPy can count it."""
    true = _encode_side(kernels, batch.y_true, layout.y_true)
    pred = None if true is None else _encode_side(kernels, batch.y_pred, layout.y_pred)
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
        true.measure(batch, of_labels[0]),
        pred.measure(batch, of_labels[1]),
        true.coded.labels,
        pred.coded.labels,
    )


@record
class _Side:
    arranged: StoredArray
    coded: EncodedLabels
    counts: ValueCounts | None = None
    """The counts over the values; `None` if the values are the labels."""
    fractional: int | None = None
    """The flat index of the first pixel with a fraction; `None` without one."""

    def measure(self, batch: Batch, of_labels: ValueCounts) -> ValueCounts:
        dense = self.counts is not None
        where = PlaceFinder(batch.samples, batch.first_row, self.arranged, dense)
        step = self.arranged.shape[-1] if dense else 1
        counts = self.counts or of_labels
        first = None if self.fractional is None else where.find_place(self.fractional * step)
        return replace(counts, first=where.find_place(0), first_fractional=first)


def _encode_side(kernels: ModuleType, stored: StoredArray, axes: Axes) -> _Side | None:
    arranged = axes.arrange(stored)
    if not axes.is_per_class:
        return _Side(arranged, encode_labels(arranged))
    scores = encode_scores(kernels, arranged)
    return None if scores is None else _Side(arranged, *scores)
