"""Run the pass over a pair, and more passes to score repairs that move pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.choices import Device
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.map_samples import Probe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.interpret import is_same_storage_order
from iou_doctor.record import record
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.step import Move, Side, Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.scan.batch_plan import PixelRepair
from iou_doctor.scan.probing import ProbeBuilder
from iou_doctor.scan.scan import scan


@record
class ScanSettings:
    """Where to count, and on how many threads."""

    jobs: int = 1
    """Number of threads."""
    device: Device = "cpu"
    fallbacks: dict[str, None] = field(default_factory=dict)
    """The parts that the processor counted although a GPU was asked for, in order."""

    def note_fallback(self, part: str) -> None:
        """Record a part that the processor counts although a GPU was asked for."""
        if self.device == "gpu":
            self.fallbacks[part] = None


@record
class Counts:
    """What a pass gathered."""

    plan: CountPlan
    """The plan that was carried out, the second one if there were two passes."""
    stats: Stats
    samples: Probe
    """The label maps of some samples."""


def count(
    pair: Pair,
    plan: CountPlan,
    settings: ScanSettings,
    progress: Callable[[int, int], object] | None = None,
) -> Counts:
    """Carry out a plan: one pass over the arrays, and the second one that it provides for.

    Args:
        pair: the arrays.
        plan: what to count.
        settings: where to count.
        progress: called now and then with the number of samples done and in total.
    """
    counts = Passes(pair, plan, settings).count(progress)
    if plan.second is not None and is_same_storage_order(plan.layout, counts.stats):
        return count(pair, plan.second, settings, progress)
    return counts


@record
class Passes:
    """Passes over the same arrays."""

    pair: Pair
    plan: CountPlan
    settings: ScanSettings = field(default_factory=ScanSettings)

    @property
    def layout(self) -> Layout:
        """What the axes mean."""
        return self.plan.layout

    def count(self, progress: Callable[[int, int], object] | None = None) -> Counts:
        """Return all counts, and the maps of some samples."""
        probe = ProbeBuilder(self.layout.samples, self._measure_sample, self.layout.mismatched)
        stats = scan(
            self.pair,
            self.layout,
            pairings=self.plan.pairings,
            threshold=self.plan.threshold,
            repair=self._build_repair(()),
            probe=probe,
            sums=self.plan.sums,
            progress=progress,
            jobs=self.settings.jobs,
            device=self.settings.device,
            on_fallback=self.settings.note_fallback,
        )
        return Counts(self.plan, stats, probe.build())

    def recount(self, pairing: Pairing, steps: Sequence[Step]) -> PairCounts:
        """Return the counts of one pairing after steps that move pixels or samples."""
        moved = move_samples(self.pair.y_pred, self.layout.y_pred, steps)
        pair = replace(self.pair, y_pred=moved)
        stats = scan(
            pair,
            self.layout,
            pairings=[pairing],
            threshold=self.plan.threshold,
            repair=self._build_repair(steps),
            jobs=self.settings.jobs,
        )
        self.settings.note_fallback("arrays that a repair moves")
        return stats.tables[pairing]

    def _measure_sample(self, sample: int) -> tuple[int, ...]:
        """Return the spatial shape of a sample, that of the side whose pixels are not flattened."""
        sides = ((self.pair.y_true, self.layout.y_true), (self.pair.y_pred, self.layout.y_pred))
        source, axes = max(sides, key=lambda side: len(side[1].spatial))
        inner = source.get_sample_shape(sample if axes.has_sample_axis else 0)
        sizes = (source.shape[0] or 0, *inner)
        return tuple(sizes[axis] for axis in axes.spatial)

    def _build_repair(self, steps: Sequence[Step]) -> PixelRepair | None:
        """Return a function that fits predicted label maps to the masks and applies the steps."""
        relation, order = self.layout.relation, self.layout.axis_order
        inner = len(self.layout.y_pred.spatial)
        moving = [
            step.turn_predictions() if isinstance(step, SwapHeightWidth) else step
            for step in steps
            if isinstance(step, Move) and not moves_samples(step, inner)
        ]
        fits = relation not in {Relation.SWAPPED, Relation.PERMUTED, Relation.SCALED}
        if fits and not moving:
            return None

        def repair(
            labels: NDArray[np.integer], shape: tuple[int, ...], samples: NDArray[np.int64]
        ) -> NDArray[np.integer]:
            if relation is Relation.FLATTENED and len(shape) > 1:
                labels = labels.reshape(len(labels), *shape)
            spatial = labels.ndim - 1
            if relation is Relation.SWAPPED:
                labels = SwapHeightWidth(Side.PREDICTIONS).apply(labels, spatial=spatial)
            if order is not None:
                labels = PermuteAxes(Side.PREDICTIONS, order).apply(labels, spatial=spatial)
            if relation is Relation.SCALED:
                labels = ResizeNearest(Side.PREDICTIONS, shape).apply(labels, spatial=spatial)
            for step in moving:
                labels = step.apply_to(labels, samples, spatial=spatial)
            return labels

        return repair
