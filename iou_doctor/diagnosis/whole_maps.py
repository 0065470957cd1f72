"""Read whole label maps of a few samples, to see in which order their pixels were filled in.

A run length that is decoded row by row instead of column by column shows only in all pixels of a
map, and the pass keeps fewer of large ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes, Layout, Relation
from iou_doctor.arrays.source import Source
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.map_samples import LabelMaps, Labels
from iou_doctor.diagnosis.passes import Ask
from iou_doctor.diagnosis.questions import OpenArrays, Unanswered
from iou_doctor.interpret.scrambled_scores import agree_by_chance
from iou_doctor.record import record

MOST_SAMPLES = 4
"""Maximum number of samples that are read once more."""
MOST_PIXELS = 2**22
"""Maximum number of values of a sample that are read once more."""


@record
class ReadMaps:
    """What are the whole label maps of a few samples?"""

    layout: Layout
    y_true: Encoding
    y_pred: Encoding
    threshold: float

    def answer(self, arrays: OpenArrays) -> LabelMaps:
        """Return the maps of those that are among some samples."""
        last = self.layout.samples - 1
        spread = np.unique(np.linspace(0, last, MOST_SAMPLES).astype(np.int64))
        samples = arrays.select(spread.tolist())
        true, pred = (
            [_read_labels(source, axes, encoding, self.threshold, index) for index in samples]
            for source, axes, encoding in (
                (arrays.pair.y_true, self.layout.y_true, self.y_true),
                (arrays.pair.y_pred, self.layout.y_pred, self.y_pred),
            )
        )
        return LabelMaps(np.array(samples, dtype=np.int64), tuple(true), tuple(pred))

    def merge(self, answers: Sequence[LabelMaps]) -> LabelMaps:
        """Return the maps of all of them."""
        return LabelMaps.merge(answers)


def keep_whole_maps(ask: Ask, evidence: Evidence) -> Evidence:
    """Return the evidence with whole maps, if these could explain why the arrays do not agree."""
    reading, sampled = evidence.interpretation, evidence.sampled
    if sampled is None or not _may_be_refilled(evidence):
        return evidence
    try:
        whole = ask(ReadMaps(reading.layout, reading.y_true, reading.y_pred, reading.threshold))
    except Unanswered:
        return evidence
    return replace(evidence, sampled=replace(sampled, whole=whole))


def _may_be_refilled(evidence: Evidence) -> bool:
    layout = evidence.interpretation.layout
    shape, sampled = layout.y_true.spatial_shape, evidence.sampled
    if layout.relation is not Relation.EQUAL or len(shape) != 2 or None in shape:
        return False
    height, width = (size or 0 for size in shape)
    sources = evidence.pair.y_true, evidence.pair.y_pred
    channels = max(layout.y_true.channels, layout.y_pred.channels)
    if height == width or prod((height, width, channels)) > MOST_PIXELS:
        return False
    if evidence.pair.model is not None or any(source.is_sequential for source in sources):
        return False
    if layout.y_true.is_colour or layout.y_pred.is_colour or sampled is None:
        return False
    is_kept = bool(sampled.fine.y_true) and sampled.fine.y_true[0].shape == shape
    return not is_kept and agree_by_chance(evidence.pairs)


def _read_labels(
    source: Source, axes: Axes, encoding: Encoding, threshold: float, index: int
) -> Labels:
    """Return the labels of one sample, shape (height, width)."""
    window = (slice(index, index + 1),) if axes.has_sample_axis else ()
    values = axes.arrange(source.read(window))[0]
    if axes.is_dense:
        labels = values.argmax(axis=-1)
    elif encoding.is_thresholded:
        labels = values >= threshold
    else:
        labels = np.nan_to_num(values)
    return np.asarray(labels, dtype=np.int32)
