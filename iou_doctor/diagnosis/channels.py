"""Passes over channels that overlap: their score after repairs, and maps of some samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import Batch, StoredArray
from iou_doctor.arrays.interpretation import Interpretation
from iou_doctor.arrays.layout import Layout, Relation
from iou_doctor.arrays.source import Pair
from iou_doctor.counts.channel_overlaps import ChannelOverlaps
from iou_doctor.counts.channel_sums import ChannelSums, Quantity
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.map_samples import InterpretedProbe
from iou_doctor.diagnosis.moved_samples import move_samples, moves_samples
from iou_doctor.interpret import decode_samples
from iou_doctor.metrics.overlapping import score_areas
from iou_doctor.metrics.score import Score
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


def score_channels(pair: Pair, interpretation: Interpretation, steps: Sequence[Step] = ()) -> Score:
    """Return the score of channels that overlap after some steps of repairs."""
    areas, pixels = [], 0
    for maps in _iterate_repaired(pair, interpretation, steps):
        true, pred = (_flatten(values).astype(bool) for values in (maps.y_true, maps.y_pred))
        areas.append([part.sum(axis=1, dtype=float) for part in (true, pred, true & pred)])
        pixels += true.shape[0] * true.shape[1]
    truth, predicted, both = (np.concatenate(part) for part in zip(*areas, strict=True))
    return score_areas(truth, predicted, both, pixels=pixels)


def sum_channels(pair: Pair, interpretation: Interpretation) -> ChannelSums:
    """Return the areas of the truth and of thresholded predictions, without what is ignored."""
    parts = []
    for maps in _iterate_repaired(pair, interpretation, ()):
        true, pred = (_flatten(values).astype(bool) for values in (maps.y_true, maps.y_pred))
        whole = np.zeros((len(true), true.shape[-1], len(Quantity)), dtype=np.int64)
        whole[..., Quantity.TRUTH] = true.sum(axis=1)
        whole[..., Quantity.ABOVE] = pred.sum(axis=1)
        whole[..., Quantity.TRUTH_ABOVE] = (true & pred).sum(axis=1)
        none = np.zeros(whole.shape[:2], dtype=np.int64)
        parts.append(ChannelSums(maps.samples, whole, np.zeros_like(whole), none))
    found = ChannelSums.merge(parts)
    assert found is not None
    return found


def compare_channels(
    pair: Pair, interpretation: Interpretation, score: Score
) -> tuple[ChannelOverlaps, InterpretedProbe]:
    """Return how the channels overlap, and maps of some samples.

    The label of a pixel in these maps is the sum of 2**k over those of some channels that it has.
    Masks of 0 and 255 are compared as 0 and 1.

    Args:
        pair: the arrays.
        interpretation: how they are understood.
        score: the score of the channels, which knows how much they cover.
    """
    coded = _choose_channels(score)
    layout = interpretation.layout
    sizes = tuple(size or 0 for size in layout.y_true.spatial_shape)
    probe = ProbeBuilder(layout.samples, lambda _: sizes)
    channels = layout.y_true.channels
    both = np.zeros((channels, channels), dtype=np.int64)
    truth, predicted, pixels = both[0].copy(), both[0].copy(), 0
    steps = (Relabel(Side.MASKS, {255: 1}),) if interpretation.ignore_index != 255 else ()
    for maps in _iterate_repaired(pair, interpretation, steps):
        true, pred = (
            values.reshape(-1, channels).astype(np.float64) for values in (maps.y_true, maps.y_pred)
        )
        both += (true.T @ pred).astype(np.int64)
        truth += true.sum(axis=0).astype(np.int64)
        predicted += pred.sum(axis=0).astype(np.int64)
        pixels += len(true)
        if probe.wants(maps.samples):
            codes = (_encode_channels(values[..., coded]) for values in (maps.y_true, maps.y_pred))
            true_codes, pred_codes = ({LabelDecoding.LABELS: code} for code in codes)
            nothing = np.zeros(0, dtype=np.uint8)
            batch = Batch(nothing, nothing, maps.samples)
            probe.add(batch, y_true=true_codes, y_pred=pred_codes)
    sampled = decode_samples(probe.build(), interpretation, CODES)
    overlaps = ChannelOverlaps(both, truth, predicted, pixels)
    return overlaps, replace(sampled, codes=2 ** len(coded))


def _choose_channels(score: Score) -> list[int]:
    """Return the channels whose share of the pixels is the nearest to one half."""
    half = score.pixels.total / 2
    nearest = sorted(score.per_class, key=lambda entry: abs(entry.truth_pixels - half))
    return sorted(entry.id for entry in nearest[:MOST_CODED_CHANNELS])


def _iterate_repaired(
    pair: Pair, interpretation: Interpretation, steps: Sequence[Step]
) -> Iterator[ChannelMaps]:
    """Yield where the channels are 1 or reach the threshold, after the steps.

    The steps with which the pixels pair up come first.
    """
    layout = interpretation.layout
    spatial = len(layout.y_true.spatial)
    moved = move_samples(pair.y_pred, layout.y_pred, steps)
    pair = replace(pair, y_pred=moved)
    for maps in iterate_channels(pair, layout):
        sides: dict[Side, StoredArray] = {Side.MASKS: maps.y_true, Side.PREDICTIONS: maps.y_pred}
        shape = maps.y_true.shape[1:-1]
        fitting = _build_fitting_step(layout, shape)
        for step in (*([fitting] if fitting else []), *steps):
            if isinstance(step, Threshold) or moves_samples(step, spatial):
                continue
            sides[step.side] = step.apply_to(sides[step.side], maps.samples, spatial=spatial)
        yield _threshold(maps.samples, sides, interpretation)


def _threshold(
    samples: NDArray[np.int64], sides: Mapping[Side, StoredArray], interpretation: Interpretation
) -> ChannelMaps:
    """Return where the channels are 1 or reach the threshold; nowhere if they are ignored."""
    scores = sides[Side.PREDICTIONS].astype(np.float32, copy=False)
    above = scores >= np.float32(interpretation.threshold)
    if interpretation.ignore_index not in (None, 0, 1):
        above &= sides[Side.MASKS] != interpretation.ignore_index
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
