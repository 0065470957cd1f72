"""Run the pass over a pair, and more passes to score repairs that move pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.map_samples import Probe
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.counts.stats import Stats
from iou_doctor.diagnosis.count_plan import CountPlan
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.diagnosis.questions import Answer, OpenArrays, Question
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
class Counts:
    """What a pass gathered."""

    plan: CountPlan
    """The plan that was carried out, the second one if there were two passes."""
    stats: Stats
    samples: Probe
    """The label maps of some samples."""


def count(ask: Ask, plan: CountPlan) -> Counts:
    """Carry out a plan: one pass over the arrays, and the second one that it provides for.

    Args:
        ask: asks the arrays.
        plan: what to count.
    """
    counts = ask(CountArrays(replace(plan, second=None)))
    if plan.second is not None and is_same_storage_order(plan.layout, counts.stats):
        return count(ask, plan.second)
    return counts


class Ask(Protocol):
    """Asks the arrays."""

    def __call__(self, question: Question[Answer], /) -> Answer:
        """Return the answer for all samples."""


@record
class CountArrays:
    """What are all counts, and the maps of some samples?"""

    plan: CountPlan

    def answer(self, arrays: OpenArrays) -> Counts:
        """Return the counts of some samples."""
        layout, settings = self.plan.layout, arrays.settings
        probe = ProbeBuilder(
            layout.samples, _choose_measure(arrays.pair, layout), layout.mismatched
        )
        stats = scan(
            arrays.pair,
            layout,
            pairings=self.plan.pairings,
            threshold=self.plan.threshold,
            repair=build_repair(layout, ()),
            probe=probe,
            sums=self.plan.sums,
            progress=arrays.progress,
            jobs=settings.jobs,
            device=settings.device,
            on_fallback=settings.note_fallback,
            samples=arrays.samples,
            kinds=self.plan.kinds,
            meanwhile=arrays.meanwhile,
        )
        return Counts(self.plan, stats, probe.build())

    def merge(self, answers: Sequence[Counts]) -> Counts:
        """Return the counts of all samples."""
        stats = Stats.merge([one.stats for one in answers])
        return Counts(self.plan, stats, Probe.merge([one.samples for one in answers]))


@record
class RecountPairs:
    """What are the counts of one pairing after steps that move pixels or samples?"""

    plan: CountPlan
    """How the arrays were counted before."""
    pairing: Pairing
    steps: tuple[Step, ...] = ()

    def answer(self, arrays: OpenArrays) -> PairCounts:
        """Return the counts of some samples."""
        layout, settings = self.plan.layout, arrays.settings
        moved = move_samples(arrays.pair.y_pred, layout.y_pred, self.steps)
        stats = scan(
            replace(arrays.pair, y_pred=moved),
            layout,
            pairings=[self.pairing],
            threshold=self.plan.threshold,
            repair=build_repair(layout, self.steps),
            jobs=settings.jobs,
            samples=arrays.samples,
        )
        settings.note_fallback("arrays that a repair moves")
        return stats.tables.get(self.pairing, PairCounts.merge([]))  # none for no sample

    def merge(self, answers: Sequence[PairCounts]) -> PairCounts:
        """Return the counts of all samples."""
        return PairCounts.merge(answers)


def _choose_measure(pair: Pair, layout: Layout) -> Callable[[int], tuple[int, ...]]:
    """Return a function that returns the spatial shape of a sample; see `measure_sample`."""
    if None in (*layout.y_true.spatial_shape, *layout.y_pred.spatial_shape):
        return partial(measure_sample, pair, layout)
    shape = measure_sample(pair, layout, 0)  # that of all samples
    return lambda _: shape


def measure_sample(pair: Pair, layout: Layout, sample: int) -> tuple[int, ...]:
    """Return the spatial shape of a sample, that of the side whose pixels are not flattened."""
    sides = ((pair.y_true, layout.y_true), (pair.y_pred, layout.y_pred))
    source, axes = max(sides, key=lambda side: len(side[1].spatial))
    inner = source.get_sample_shape(sample if axes.has_sample_axis else 0)
    sizes = (source.shape[0] or 0, *inner)
    return tuple(sizes[axis] for axis in axes.spatial)


def build_repair(layout: Layout, steps: Sequence[Step]) -> PixelRepair | None:
    """Return a function that fits predicted label maps to the masks and applies the steps."""
    relation, order = layout.relation, layout.axis_order
    inner = len(layout.y_pred.spatial)
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
