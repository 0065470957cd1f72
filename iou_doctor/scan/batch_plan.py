"""What is done with each batch: by the compiled kernels where they serve, else by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.counts.channel_sums import ChannelSums, SumsRequest
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.record import record
from iou_doctor.scan.numba import loader
from iou_doctor.scan.numba.tables import Scratch
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.scan.numpy.side import Side
from iou_doctor.scan.numpy.sum_channels import sum_channels
from iou_doctor.scan.probing import DecodedLabels, ProbeBuilder
from iou_doctor.scan.windows import COUNTED_AT_ONCE, can_split_rows, split_batch

PixelRepair = Callable[..., NDArray[Any]]
"""Brings the label map of the predictions, (n, *spatial), to the spatial shape of the masks."""


@record
class BatchPlan:
    """What to do with each batch."""

    layout: Layout
    pairings: tuple[Pairing, ...]
    threshold: float
    repair: PixelRepair | None = None
    probe: ProbeBuilder | None = None
    sums: SumsRequest | None = None
    whole_samples: bool = False
    """Never look at some rows of a sample alone."""
    scratch: Scratch = field(default_factory=Scratch, compare=False, repr=False)

    @np.errstate(over="ignore", invalid="ignore")  # NaN and Inf are counted, not complained about
    def count_parts(self, batch: Batch) -> list[Stats]:
        """Return the Stats of the parts of a batch, in order."""
        split = can_split_rows(self.layout, whole_samples=self.whole_samples)
        some = split_batch(batch, self.layout, split=split, at_once=COUNTED_AT_ONCE)
        return [self._of(part, split=split) for part in some]

    def _of(self, batch: Batch, *, split: bool) -> Stats:
        counted = self._by_kernels(batch) if self.plain else None
        if counted is None:
            some = split_batch(batch, self.layout, split=split)
            return Stats.merge([self.count_by_reference(piece) for piece in some])
        if self.probe:
            self.keep_maps(
                batch,
                {self.pairings[0].y_true: counted.true_labels},
                {self.pairings[0].y_pred: counted.pred_labels},
                self.probe,
            )
        return Stats(_samples(batch), counted.tables, counted.y_true, counted.y_pred)

    @property
    def plain(self) -> bool:
        """Whether pixels pair up as they are, and only their labels and values are asked for."""
        return self.unsupported_by_kernels is None

    @property
    def unsupported_by_kernels(self) -> str | None:
        """What only the reference knows of this pass, in words; `None`: nothing."""
        if self.repair is not None:
            return "pixels that are moved or resized"
        return None if self.sums is None else "sums of scores"

    def _by_kernels(self, batch: Batch) -> loader.KernelCounts | None:
        dtypes = batch.y_true.dtype, batch.y_pred.dtype
        kernels = loader.KERNELS.get(self.layout, dtypes, self.pairings)
        if kernels is None:
            return None
        return loader.count(kernels, batch, self.layout, self.pairings, self.scratch)

    def count_by_reference(self, batch: Batch) -> Stats:
        """Return the Stats of one batch, by NumPy alone."""
        true = Side(batch.y_true, self.layout.y_true, batch, self.threshold)
        pred = Side(batch.y_pred, self.layout.y_pred, batch, self.threshold)
        if self.probe:
            self._keep(batch, true, pred, self.probe)
        return Stats(
            samples=_samples(batch),
            tables={pairing: self._table(batch, true, pred, pairing) for pairing in self.pairings},
            y_true=true.measure(),
            y_pred=pred.measure(),
            sums=self._summed(batch, true, pred, self.sums) if self.sums else None,
        )

    def _summed(self, batch: Batch, true: Side, pred: Side, wanted: SumsRequest) -> ChannelSums:
        n, channels = len(batch.samples), self.layout.y_pred.channels
        dense = self.layout.y_true.is_per_class
        return sum_channels(
            y_true=true.arranged.reshape(n, -1, channels)
            if dense
            else true.arranged.reshape(n, -1),
            y_pred=pred.arranged.reshape(n, -1, channels),
            samples=batch.samples,
            threshold=self.threshold,
            one_channel=channels == 1,
            ignore_index=wanted.ignore_index,
        )

    def _table(self, batch: Batch, true: Side, pred: Side, pairing: Pairing) -> PairCounts:
        if pairing.flat:
            y_true, y_pred = true.decode_flat(pairing.y_true), pred.decode_flat(pairing.y_pred)
        else:
            y_true, y_pred = true.decode(pairing.y_true), pred.decode(pairing.y_pred)
            y_pred = self.repair(y_pred, y_true.shape[1:]) if self.repair else y_pred
        n = len(batch.samples)
        return count_pairs(
            y_true=y_true.reshape(n, -1), y_pred=y_pred.reshape(n, -1), samples=batch.samples
        )

    def _keep(self, batch: Batch, true: Side, pred: Side, probe: ProbeBuilder) -> None:
        """Hand the label maps of both sides to the probe, brought to one spatial shape."""
        own = [p for p in self.pairings if not p.flat and p.y_pred is not LabelDecoding.TENTHS]
        if not own:
            return
        y_true = {pairing.y_true: true.decode(pairing.y_true) for pairing in own}
        y_pred = {pairing.y_pred: pred.decode(pairing.y_pred) for pairing in own}
        self.keep_maps(batch, y_true, y_pred, probe)

    def keep_maps(
        self, batch: Batch, y_true: DecodedLabels, y_pred: DecodedLabels, probe: ProbeBuilder
    ) -> None:
        """Hand label maps, shape (n, *spatial), to the probe, brought to one spatial shape."""
        shape = max(*(_shape(maps) for maps in (y_true, y_pred)), key=len)
        if self.repair:
            shape = _shape(y_true)
            y_pred = {key: self.repair(labels, shape[1:]) for key, labels in y_pred.items()}
        probe.add(
            batch,
            y_true={key: labels.reshape(shape) for key, labels in y_true.items()},
            y_pred={key: labels.reshape(shape) for key, labels in y_pred.items()},
        )


def _shape(maps: DecodedLabels) -> tuple[int, ...]:
    return next(iter(maps.values())).shape


def _samples(batch: Batch) -> int:
    """Return how many samples begin in a batch."""
    return len(batch.samples) if batch.first_row == 0 else 0
