"""Count a batch with the native kernels, if they support it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray, StoredDtype
from iou_doctor.arrays.layout import Axes, Layout
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.value_counts import ValueCounts
from iou_doctor.record import record
from iou_doctor.scan.native.count_labels import (
    EncodedLabels,
    PreparedLabels,
    Scratch,
    count_in_turns,
    encode_labels,
    measure_counts,
    prepare_labels,
)
from iou_doctor.scan.native.library import Kernels, load_kernels
from iou_doctor.scan.numpy.values import PlaceFinder

LabelMaps = dict[LabelDecoding, NDArray[np.integer]]
"""Label maps by decoding, shape (n, *spatial) each."""


@record
class KernelCounts:
    """What the kernels counted in a batch."""

    tables: dict[Pairing, PairCounts]
    y_true: ValueCounts
    y_pred: ValueCounts
    true_labels: NDArray[np.integer]
    pred_labels: NDArray[np.integer]


@record
class PreparedBatch:
    """A batch that the kernels can count."""

    batch: Batch
    pairing: Pairing
    y_true: _Side
    y_pred: _Side
    labels: PreparedLabels

    def name_maps(self) -> tuple[LabelMaps, LabelMaps]:
        """Return the label maps of either side, by decoding."""
        true, pred = self.y_true.coded.labels, self.y_pred.coded.labels
        return {self.pairing.y_true: true}, {self.pairing.y_pred: pred}


def count_batch(
    kernels: Kernels,
    batch: Batch,
    layout: Layout,
    pairings: tuple[Pairing, ...],
    scratch: Scratch,
) -> KernelCounts | None:
    """Return the counts of a batch; `None` if only NumPy can count it."""
    prepared = prepare_batch(kernels, batch, layout, pairings, scratch)
    if prepared is None:
        return None
    parts = count_in_turns(kernels, prepared.labels, scratch)
    return None if parts is None else make_counts(prepared, parts)


def prepare_batch(
    kernels: Kernels,
    batch: Batch,
    layout: Layout,
    pairings: tuple[Pairing, ...],
    scratch: Scratch,
) -> PreparedBatch | None:
    """Return a batch whose labels are still to be counted; `None` if only NumPy can count it."""
    if not _is_supported(batch, layout, pairings):
        return None
    true = _encode_side(kernels, batch.y_true, layout.y_true)
    pred = None if true is None else _encode_side(kernels, batch.y_pred, layout.y_pred)
    if true is None or pred is None:
        return None
    labels = prepare_labels(
        y_true=true.coded, y_pred=pred.coded, samples=batch.samples, scratch=scratch
    )
    return PreparedBatch(batch, pairings[0], true, pred, labels)


def make_counts(prepared: PreparedBatch, parts: list[PairCounts]) -> KernelCounts | None:
    """Return the counts of a batch; `None` if only NumPy can count it.

    Args:
        prepared: the batch, whose labels have been counted.
        parts: the tables of some images each.
    """
    measured = measure_counts(prepared.labels, parts)
    if measured is None:
        return None
    (table, of_labels), true, pred = measured, prepared.y_true, prepared.y_pred
    return KernelCounts(
        {prepared.pairing: table},
        true.measure(prepared.batch, of_labels[0]),
        pred.measure(prepared.batch, of_labels[1]),
        true.coded.labels,
        pred.coded.labels,
    )


def _is_supported(batch: Batch, layout: Layout, pairings: tuple[Pairing, ...]) -> bool:
    """Return whether the kernels can count all that a pass asks for."""
    known = _is_side_supported(layout.y_true, batch.y_true.dtype) and _is_side_supported(
        layout.y_pred, batch.y_pred.dtype
    )
    return known and batch.y_true.size > 0 and tuple(pairings) == (_choose_pairing(layout),)


def _is_side_supported(axes: Axes, dtype: StoredDtype) -> bool:
    if not dtype.isnative:
        return False
    if axes.is_per_class:
        return dtype.kind == "f" and dtype.itemsize <= 8 and not axes.is_reshaped
    return not axes.is_dense and dtype.kind in "biu"


def _choose_pairing(layout: Layout) -> Pairing:
    true, pred = (
        LabelDecoding.ARGMAX if axes.is_per_class else LabelDecoding.LABELS
        for axes in (layout.y_true, layout.y_pred)
    )
    return Pairing(true, pred)


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


def encode_scores(stored: StoredArray, axes: Axes) -> NDArray[np.integer] | None:
    """Return the class with the largest score of each pixel; `None` if only NumPy can find it.

    Args:
        stored: the scores as stored.
        axes: what their axes mean.
    """
    kernels = load_kernels()
    if kernels is None or not stored.size or not _is_side_supported(axes, stored.dtype):
        return None
    side = _encode_side(kernels, stored, axes)
    return None if side is None else side.coded.labels


def _encode_side(kernels: Kernels, stored: StoredArray, axes: Axes) -> _Side | None:
    arranged = axes.arrange(stored)
    if not axes.is_per_class:
        return _Side(arranged, encode_labels(arranged))
    from iou_doctor.scan.native.measure_scores import measure_scores  # labels do not need it

    scores = measure_scores(kernels, arranged)
    return None if scores is None else _Side(arranged, *scores)
