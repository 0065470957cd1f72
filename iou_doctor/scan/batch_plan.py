"""Count each batch: with the native kernels if they support the pass, else with NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout
from iou_doctor.counts.channel_sums import ChannelSums, SumsRequest
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.record import record
from iou_doctor.scan.native.count_batch import KernelCounts, count_batch
from iou_doctor.scan.native.count_labels import Scratch
from iou_doctor.scan.native.library import load_kernels
from iou_doctor.scan.probing import DecodedLabels, ProbeBuilder
from iou_doctor.scan.windows import COUNTED_AT_ONCE, can_split_rows, split_batch

if TYPE_CHECKING:
    from iou_doctor.counts.kind_counts import KindCounts
    from iou_doctor.scan.numpy.side import Side
    from iou_doctor.scan.numpy.values import LabelCounts

IN_TILES = frozenset({LabelDecoding.LABELS, LabelDecoding.ARGMAX})
"""Decodings that NumPy does tile by tile, unless the labels are floats."""
LABELS_AT_ONCE = 2
"""Cache-sized windows of labels that NumPy counts together."""
PixelRepair = Callable[..., NDArray[np.integer]]
"""Brings label maps of predictions, shape (n, *spatial), to the spatial shape of the masks."""


@record
class BatchPlan:
    """What to count in each batch, and how."""

    layout: Layout
    pairings: tuple[Pairing, ...]
    threshold: float
    repair: PixelRepair | None = None
    probe: ProbeBuilder | None = None
    sums: SumsRequest | None = None
    whole_samples: bool = False
    """Whether samples must not be split by rows."""
    samples: range | None = None
    """Which samples to count; `None` for all of them."""
    kinds: bool = False
    """Whether to find the kinds of errors of whole samples too, where the kernels count."""
    scratch: Scratch = field(default_factory=Scratch, compare=False, repr=False)

    @np.errstate(over="ignore", invalid="ignore")  # NaN and Inf are counted instead
    def count_parts(self, batch: Batch) -> list[Stats]:
        """Return the Stats of the parts of a batch, in order."""
        return [self._count_part(part) for part in self.split(batch)]

    def split(self, batch: Batch) -> Iterator[Batch]:
        """Yield the parts of a batch that are counted together, as views."""
        return self._split(batch, COUNTED_AT_ONCE)

    def _split(self, batch: Batch, at_once: int) -> Iterator[Batch]:
        split = can_split_rows(self.layout, whole_samples=self.whole_samples)
        return split_batch(batch, self.layout, split=split, at_once=at_once)

    def _count_part(self, batch: Batch) -> Stats:
        counted = self._count_by_kernels(batch)
        if counted is None:
            return self.count_by_numpy(batch)
        if self.probe:
            own = self.pairings[0]
            true, pred = {own.y_true: counted.true_labels}, {own.y_pred: counted.pred_labels}
            self.keep_maps(batch, true, pred, self.probe)
        return self.make_stats(batch, counted)

    @np.errstate(over="ignore", invalid="ignore")
    def count_by_numpy(self, batch: Batch) -> Stats:
        """Return the Stats of a part that the kernels do not count."""
        pieces = self._split(batch, self._choose_windows_at_once(batch))
        return Stats.merge([self.count_by_reference(piece) for piece in pieces])

    def make_stats(self, batch: Batch, counted: KernelCounts) -> Stats:
        """Return the Stats of a part from what the kernels counted."""
        return Stats(
            samples=_count_samples(batch),
            tables=counted.tables,
            y_true=counted.y_true,
            y_pred=counted.y_pred,
            kinds=self._count_kinds(batch, counted),
        )

    def _choose_windows_at_once(self, batch: Batch) -> int:
        """Return how many cache-sized windows NumPy should count together, in a few MiB.

        Integer labels and the scores of classes need little memory for each pixel, because they
        are counted in tiles. All else is decoded as a whole.
        """
        decodings = {side for pairing in self.pairings for side in (pairing.y_true, pairing.y_pred)}
        if not decodings <= IN_TILES or self.whole_samples or self.sums:
            return 1
        sides = (self.layout.y_true, batch.y_true), (self.layout.y_pred, batch.y_pred)
        if any(values.dtype.kind == "f" and not axes.is_per_class for axes, values in sides):
            return 1
        return max(LABELS_AT_ONCE, *(axes.channels for axes, _ in sides))

    @property
    def kernels_may_count(self) -> bool:
        """Whether the kernels can count everything that the pass asks for."""
        return self.unsupported_by_kernels is None

    @property
    def unsupported_by_kernels(self) -> str | None:
        """What only NumPy can count in this pass, in words; `None` if there is nothing."""
        if self.repair is not None:
            return "pixels that are moved or resized"
        return None if self.sums is None else "sums of scores"

    def _count_by_kernels(self, batch: Batch) -> KernelCounts | None:
        kernels = load_kernels() if self.kernels_may_count else None
        if kernels is None:
            return None
        return count_batch(kernels, batch, self.layout, self.pairings, self.scratch)

    def count_by_reference(self, batch: Batch) -> Stats:
        """Return the Stats of one batch, counted by NumPy, the reference for all back-ends."""
        from iou_doctor.scan.numpy.side import Side  # the kernels count most batches

        true = Side(batch.y_true, self.layout.y_true, batch, self.threshold)
        pred = Side(batch.y_pred, self.layout.y_pred, batch, self.threshold)
        if self.probe:
            self._keep_decoded(batch, true, pred, self.probe)
        tables = {
            pairing: self._count_pairs(batch, true, pred, pairing) for pairing in self.pairings
        }
        true_labels, pred_labels = self._find_labels(tables)
        return Stats(
            samples=_count_samples(batch),
            tables=tables,
            y_true=true.measure(true_labels),
            y_pred=pred.measure(pred_labels),
            sums=self._sum_channels(batch, true, pred, self.sums) if self.sums else None,
        )

    def _find_labels(
        self, tables: Mapping[Pairing, PairCounts]
    ) -> tuple[LabelCounts | None, LabelCounts | None]:
        """Return how often each stored label occurs on either side, if the tables tell."""
        true, pred = None, None
        for pairing, table in tables.items():
            if not pairing.flat and pairing.y_true is LabelDecoding.LABELS:
                true = table.truth, table.count
            if not (pairing.flat or self.repair) and pairing.y_pred is LabelDecoding.LABELS:
                pred = table.prediction, table.count
        return true, pred

    def _count_kinds(self, batch: Batch, counted: KernelCounts) -> KindCounts | None:
        """Return the kinds of errors, if they are asked for and the label maps have any."""
        if not self.kinds:
            return None
        from iou_doctor.scan.count_kinds import count_kinds  # many checks count none

        return count_kinds(batch.samples, counted.true_labels, counted.pred_labels)

    def _sum_channels(
        self, batch: Batch, true: Side, pred: Side, request: SumsRequest
    ) -> ChannelSums:
        from iou_doctor.scan.numpy.sum_channels import sum_channels  # few checks need them

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
            ignore_index=request.ignore_index,
        )

    def _count_pairs(self, batch: Batch, true: Side, pred: Side, pairing: Pairing) -> PairCounts:
        from iou_doctor.scan.numpy.pair_counts import count_pairs

        if pairing.flat:
            y_true, y_pred = true.decode_flat(pairing.y_true), pred.decode_flat(pairing.y_pred)
        else:
            y_true, y_pred = true.decode(pairing.y_true), pred.decode(pairing.y_pred)
            y_pred = self.repair(y_pred, y_true.shape[1:], batch.samples) if self.repair else y_pred
        n, samples = len(batch.samples), batch.samples
        if pairing.y_pred is LabelDecoding.ROUNDED:  # too many codes for rows of their own
            samples = np.zeros_like(samples)
        return count_pairs(
            y_true=y_true.reshape(n, -1), y_pred=y_pred.reshape(n, -1), samples=samples
        )

    def _keep_decoded(self, batch: Batch, true: Side, pred: Side, probe: ProbeBuilder) -> None:
        """Give the decoded label maps of both arrays to the probe."""
        own = [pairing for pairing in self.pairings if pairing.has_maps]
        if not own:
            return
        y_true = {pairing.y_true: true.decode(pairing.y_true) for pairing in own}
        y_pred = {pairing.y_pred: pred.decode(pairing.y_pred) for pairing in own}
        self.keep_maps(batch, y_true, y_pred, probe)

    def keep_maps(
        self, batch: Batch, y_true: DecodedLabels, y_pred: DecodedLabels, probe: ProbeBuilder
    ) -> None:
        """Give label maps, shape (n, *spatial), to the probe after bringing them to one shape."""
        y_true, y_pred = self.fit_maps(batch, y_true, y_pred)
        probe.add(batch, y_true=y_true, y_pred=y_pred)

    def fit_maps(
        self, batch: Batch, y_true: DecodedLabels, y_pred: DecodedLabels
    ) -> tuple[DecodedLabels, DecodedLabels]:
        """Bring label maps, shape (n, *spatial), to one shape."""
        shape = max(*(_get_shape(maps) for maps in (y_true, y_pred)), key=len)
        if self.repair:
            shape = _get_shape(y_true)
            y_pred = {
                key: self.repair(labels, shape[1:], batch.samples) for key, labels in y_pred.items()
            }
        return (
            {key: labels.reshape(shape) for key, labels in y_true.items()},
            {key: labels.reshape(shape) for key, labels in y_pred.items()},
        )


def _get_shape(maps: DecodedLabels) -> tuple[int, ...]:
    return next(iter(maps.values())).shape


def _count_samples(batch: Batch) -> int:
    """Return the number of samples that begin in a batch."""
    return len(batch.samples) if batch.first_row == 0 else 0
