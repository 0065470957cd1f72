"""Passes over channels that overlap: their score after repairs, and maps of some samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.counts.channel_overlaps import ChannelOverlaps
from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import InterpretedProbe, Probe
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import OpenArrays, Unanswered
from iou_doctor.interpret import decode_samples
from iou_doctor.metrics import overlapping
from iou_doctor.metrics.score import Score
from iou_doctor.record import record
from iou_doctor.repairs.permute_axes import PermuteAxes
from iou_doctor.repairs.relabel import Relabel
from iou_doctor.repairs.resize_nearest import ResizeNearest
from iou_doctor.repairs.step import Side, Step
from iou_doctor.repairs.swap_height_width import SwapHeightWidth
from iou_doctor.repairs.threshold import Threshold
from iou_doctor.scan.channels import ChannelMaps, iterate_channels
from iou_doctor.scan.probing import ProbeBuilder

MOST_CODED_CHANNELS = 3
"""The most channels whose combinations the maps of samples tell apart. More combinations are rarer,
so that a model seldom gets all their channels right."""
CODES = Pairing(LabelDecoding.LABELS, LabelDecoding.LABELS)


@record
class Reading:
    """How channels that overlap are understood."""

    layout: Layout
    threshold: float
    ignore_index: int | None


@record(eq=False)
class ChannelAreas:
    """The areas of channels in each image."""

    sums: ChannelSums
    """Of the truth and of thresholded predictions, without what is ignored."""
    pixels: int
    """All pixels, each counted once."""


@record
class SumChannels:
    """What are the areas of channels that overlap, after some steps of repairs?"""

    reading: Reading
    steps: tuple[Step, ...] = ()

    def answer(self, arrays: OpenArrays) -> ChannelAreas:
        """Return the areas in some samples."""
        parts, pixels = [_make_no_sums(self.reading.layout.y_true.channels)], 0
        for maps in _iterate_repaired(arrays, self.reading, self.steps):
            true, pred = (_flatten(values).astype(bool) for values in (maps.y_true, maps.y_pred))
            whole = np.zeros((len(true), true.shape[-1], len(Quantity)), dtype=np.int64)
            whole[..., Quantity.TRUTH] = true.sum(axis=1)
            whole[..., Quantity.ABOVE] = pred.sum(axis=1)
            whole[..., Quantity.TRUTH_ABOVE] = (true & pred).sum(axis=1)
            none = np.zeros(whole.shape[:2], dtype=np.int64)
            parts.append(ChannelSums(maps.samples, whole, np.zeros_like(whole), none))
            pixels += true.shape[0] * true.shape[1]
        sums = ChannelSums.merge(parts)
        assert sums is not None
        return ChannelAreas(sums, pixels)

    def merge(self, answers: Sequence[ChannelAreas]) -> ChannelAreas:
        """Return the areas in all samples."""
        sums = ChannelSums.merge(one.sums for one in answers)
        assert sums is not None
        return ChannelAreas(sums, sum(one.pixels for one in answers))


@record
class CompareChannels:
    """How do channels overlap, and what are the maps of some samples?

    The label of a pixel in these maps is the sum of 2**k over those of some channels that it has.
    Masks of 0 and 255 are compared as 0 and 1.
    """

    reading: Reading
    coded: tuple[int, ...]
    """The channels that the maps tell apart."""

    def answer(self, arrays: OpenArrays) -> tuple[ChannelOverlaps, Probe]:
        """Return the overlaps and the maps of some samples."""
        layout = self.reading.layout
        sizes = tuple(size or 0 for size in layout.y_true.spatial_shape)
        probe = ProbeBuilder(layout.samples, lambda _: sizes)
        channels = layout.y_true.channels
        both, pixels = np.zeros((channels, channels), dtype=np.int64), 0
        truth, predicted = both[0].copy(), both[0].copy()
        steps = (Relabel(Side.MASKS, {255: 1}),) if self.reading.ignore_index != 255 else ()
        for maps in _iterate_repaired(arrays, self.reading, steps):
            true, pred = (
                values.reshape(-1, channels).astype(np.float64)
                for values in (maps.y_true, maps.y_pred)
            )
            both += (true.T @ pred).astype(np.int64)
            truth += true.sum(axis=0).astype(np.int64)
            predicted += pred.sum(axis=0).astype(np.int64)
            pixels += len(true)
            if probe.wants(maps.samples):
                self._keep_codes(maps, probe)
        return ChannelOverlaps(both, truth, predicted, pixels), probe.build()

    def merge(
        self, answers: Sequence[tuple[ChannelOverlaps, Probe]]
    ) -> tuple[ChannelOverlaps, Probe]:
        """Return the overlaps and the maps of all samples."""
        overlaps = [one for one, _ in answers]
        names = ("both", "truth", "predicted", "pixels")
        whole = ChannelOverlaps(*(sum(getattr(one, name) for one in overlaps) for name in names))
        return whole, Probe.merge([probe for _, probe in answers])

    def _keep_codes(self, maps: ChannelMaps, probe: ProbeBuilder) -> None:
        """Give the codes of whole samples to the probe."""
        coded = list(self.coded)
        codes = (_encode_channels(values[..., coded]) for values in (maps.y_true, maps.y_pred))
        true_codes, pred_codes = ({LabelDecoding.LABELS: code} for code in codes)
        nothing = np.zeros(0, dtype=np.uint8)
        batch = Batch(nothing, nothing, maps.samples)
        probe.add(batch, y_true=true_codes, y_pred=pred_codes)


def score_channels(ask: Ask, interpretation: Interpretation, steps: Sequence[Step] = ()) -> Score:
    """Return the score of channels that overlap after some steps of repairs."""
    areas = _ask_for_areas(ask, interpretation, steps)
    return overlapping.score_channels(areas.sums, pixels=areas.pixels)


def sum_channels(ask: Ask, interpretation: Interpretation) -> ChannelSums:
    """Return the areas of the truth and of thresholded predictions, without what is ignored."""
    return _ask_for_areas(ask, interpretation, ()).sums


def compare_channels(
    ask: Ask, interpretation: Interpretation, score: Score
) -> tuple[ChannelOverlaps, InterpretedProbe]:
    """Return how the channels overlap, and maps of some samples with codes of channels.

    Args:
        ask: asks the arrays.
        interpretation: how they are understood.
        score: the score of the channels, which knows how much they cover.

    Raises:
        Unanswered: nobody knows.
    """
    coded = _choose_channels(score)
    overlaps, probe = ask(CompareChannels(_read(interpretation), coded))
    sampled = decode_samples(probe, interpretation, CODES)
    return overlaps, replace(sampled, codes=2 ** len(coded))


def _ask_for_areas(ask: Ask, interpretation: Interpretation, steps: Sequence[Step]) -> ChannelAreas:
    """Return the areas of channels; those of no sample if nobody knows them."""
    try:
        return ask(SumChannels(_read(interpretation), tuple(steps)))
    except Unanswered:
        return ChannelAreas(_make_no_sums(interpretation.layout.y_true.channels), 0)


def _make_no_sums(channels: int) -> ChannelSums:
    """Return the sums of no image."""
    none = np.zeros((0, channels, len(Quantity)), dtype=np.int64)
    return ChannelSums(none[:, 0, 0], none, none, none[..., 0])


def _read(interpretation: Interpretation) -> Reading:
    return Reading(interpretation.layout, interpretation.threshold, interpretation.ignore_index)


def _choose_channels(score: Score) -> tuple[int, ...]:
    """Return the channels whose share of the pixels is the nearest to one half."""
    half = score.pixels.total / 2
    nearest = sorted(score.per_class, key=lambda entry: abs(entry.truth_pixels - half))
    return tuple(sorted(entry.id for entry in nearest[:MOST_CODED_CHANNELS]))


def _iterate_repaired(
    arrays: OpenArrays, reading: Reading, steps: Sequence[Step]
) -> Iterator[ChannelMaps]:
    """Yield where the channels are 1 or reach the threshold, after the steps.

    The steps with which the pixels pair up come first.
    """
    layout = reading.layout
    spatial = len(layout.y_true.spatial)
    moved = move_samples(arrays.pair.y_pred, layout.y_pred, steps)
    pair = replace(arrays.pair, y_pred=moved)
    for maps in iterate_channels(pair, layout, arrays.samples):
        sides: dict[Side, StoredArray] = {Side.MASKS: maps.y_true, Side.PREDICTIONS: maps.y_pred}
        shape = maps.y_true.shape[1:-1]
        fitting = _build_fitting_step(layout, shape)
        for step in (*([fitting] if fitting else []), *steps):
            if isinstance(step, Threshold) or moves_samples(step, spatial):
                continue
            sides[step.side] = step.apply_to(sides[step.side], maps.samples, spatial=spatial)
        yield _threshold(maps.samples, sides, reading)


def _threshold(
    samples: NDArray[np.int64], sides: Mapping[Side, StoredArray], reading: Reading
) -> ChannelMaps:
    """Return where the channels are 1 or reach the threshold; nowhere if they are ignored."""
    scores = sides[Side.PREDICTIONS].astype(np.float32, copy=False)
    above = scores >= np.float32(reading.threshold)
    if reading.ignore_index not in (None, 0, 1):
        above &= sides[Side.MASKS] != reading.ignore_index
    return ChannelMaps(samples, sides[Side.MASKS] == 1, above)


def _build_fitting_step(layout: Layout, shape: tuple[int, ...]) -> Step | None:
    """Return the step with which the pixels pair up, if one is needed."""
    if layout.relation is Relation.SWAPPED:
        return SwapHeightWidth(Side.PREDICTIONS)
    if layout.axis_order is not None:
        return PermuteAxes(Side.PREDICTIONS, layout.axis_order)
    is_scaled = layout.relation is Relation.SCALED
    return ResizeNearest(Side.PREDICTIONS, shape) if is_scaled else None


def _flatten(values: StoredArray) -> StoredArray:
    """Return values of shape (n, *spatial, channels) as (n, pixels, channels)."""
    return values.reshape(len(values), -1, values.shape[-1])


def _encode_channels(values: StoredArray) -> NDArray[np.int32]:
    """Return the channels of each pixel as a number, shape (n, *spatial)."""
    return values.astype(np.int32) @ (2 ** np.arange(values.shape[-1], dtype=np.int32))
