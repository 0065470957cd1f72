"""Keep the label maps of all samples in memory, and count them after many steps one by one.

`why` tries dozens of ways in which pixels get out of place. To read and decode the arrays for each
of them takes many times as long as to move and to count one byte for each pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from iou_doctor import interpret
from iou_doctor.counts.integer_storage import narrow_ints
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.diagnosis.questions import Arrays, OpenArrays
from iou_doctor.diagnosis.recounter import Recounter
from iou_doctor.diagnosis.what_if import Recount
from iou_doctor.record import record
from iou_doctor.repairs.step import Move, Step
from iou_doctor.scan.label_maps import Labels, MapReader
from iou_doctor.scan.native.count_labels import Scratch, count_labels, encode_labels
from iou_doctor.scan.native.library import load_kernels
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.score_search.pixel_moves import KeepEvery

MOST_PIXELS = 2**25
"""The most pixels that are kept, a byte or a few for each. Larger arrays are read again for each
step, and there are only a few steps for them."""
Count = Callable[[Sequence[Step]], PairCounts]
"""Counts the label pairs after some steps."""


@record(eq=False)
class _Maps:
    """The label maps of all samples, which have one size."""

    y_true: Labels
    y_pred: Labels

    def count(self, step: Move, scratch: Scratch) -> PairCounts:
        """Return the table of label pairs after a step that moves predictions."""
        spatial = self.y_pred.ndim - 1
        if isinstance(step, KeepEvery):  # a mark for the pixels left out would not fit into a byte
            y_true = step.select(self.y_true, spatial=spatial)
            moved = step.select(self.y_pred, spatial=spatial)
        else:
            y_true, moved = self.y_true, step.apply(self.y_pred, spatial=spatial)
        return _count(y_true, moved, scratch)


def keep_maps(recount: Recount, arrays: Arrays, *, pixels: int) -> Count:
    """Return a function that counts after steps like `recount`, and reads the arrays only once.

    Args:
        recount: counts the label pairs again after steps.
        arrays: the arrays. Their pixels pair up as they are stored.
        pixels: how many they have.
    """
    if pixels > MOST_PIXELS:
        return recount
    if isinstance(recount, Recounter) and isinstance(arrays, OpenArrays):
        return _KeptMaps(recount, arrays)
    return recount


class _KeptMaps:
    """Counts after one step on maps that are read on first use."""

    def __init__(self, recount: Recounter, arrays: OpenArrays) -> None:
        self._recount, self._arrays = recount, arrays
        self._maps: list[_Maps] | None = None
        self._scratch = Scratch()

    def __call__(self, steps: Sequence[Step]) -> PairCounts:
        """Return the label pairs after these steps."""
        if self._maps is None:
            self._maps = self._read()
        if not self._maps or len(steps) != 1 or not isinstance(steps[0], Move):
            return self._recount(steps)
        table = self._maps[0].count(steps[0], self._scratch)
        self._arrays.settings.note_fallback("arrays that a repair moves")
        reading = self._recount.interpretation
        pairing = interpret.choose_doctor_pairing(reading)
        return interpret.decode_doctor_labels(table, reading, pairing)

    def _read(self) -> list[_Maps]:
        """Return the maps; none if they differ in size."""
        plan, arrays = self._recount.plan, self._arrays
        pairing = interpret.choose_doctor_pairing(self._recount.interpretation)
        reader = MapReader(arrays.pair, plan.layout, pairing, plan.threshold)
        parts = list(reader.map(_narrow, jobs=arrays.settings.jobs, samples=arrays.samples))
        if len({labels.shape[1:] for part in parts for labels in part}) != 1:
            return []
        y_true, y_pred = (np.concatenate(side) for side in zip(*parts, strict=True))
        return [_Maps(y_true, y_pred)]


def _count(y_true: Labels, y_pred: Labels, scratch: Scratch) -> PairCounts:
    """Return the table of the label pairs of maps of one size."""
    if not y_true.size:
        return PairCounts.merge([])
    samples = np.arange(len(y_true), dtype=np.int64)
    kernels = load_kernels()
    if kernels is not None:
        counted = count_labels(
            kernels,
            y_true=encode_labels(y_true),
            y_pred=encode_labels(y_pred),
            samples=samples,
            scratch=scratch,
        )
        if counted is not None:
            return counted[0]
    flat = (len(samples), -1)
    return count_pairs(y_true=y_true.reshape(flat), y_pred=y_pred.reshape(flat), samples=samples)


def _narrow(_: NDArray[np.int64], y_true: Labels, y_pred: Labels) -> tuple[Labels, Labels]:
    """Return the labels of some samples, in as few bytes as hold them."""
    return _copy(y_true), _copy(y_pred)


def _copy(labels: Labels) -> Labels:
    narrow = narrow_ints(labels.view(np.uint8) if labels.dtype == np.bool_ else labels)
    return narrow.copy() if narrow is labels else narrow
