"""Read whole label maps of a few samples, to see in which order their pixels were filled in.

A run length that is decoded row by row instead of column by column shows only in all pixels of a
map, and the pass keeps fewer of large ones.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from iou_doctor.arrays.interpretation import Encoding
from iou_doctor.arrays.layout import Axes, Relation
from iou_doctor.arrays.source import Source
from iou_doctor.checks.evidence import Evidence
from iou_doctor.counts.map_samples import LabelMaps, Labels
from iou_doctor.interpret.scrambled_scores import agree_by_chance

MOST_SAMPLES = 4
"""Maximum number of samples that are read once more."""
MOST_PIXELS = 2**22
"""Maximum number of values of a sample that are read once more."""


def keep_whole_maps(evidence: Evidence) -> Evidence:
    """Return the evidence with whole maps, if these could explain why the arrays do not agree."""
    layout, sampled = evidence.interpretation.layout, evidence.sampled
    if sampled is None or not _may_be_refilled(evidence):
        return evidence
    samples = np.unique(np.linspace(0, layout.samples - 1, MOST_SAMPLES).astype(np.int64))
    true, pred = (
        [_read_labels(source, axes, encoding, index, evidence) for index in samples.tolist()]
        for source, axes, encoding in (
            (evidence.pair.y_true, layout.y_true, evidence.interpretation.y_true),
            (evidence.pair.y_pred, layout.y_pred, evidence.interpretation.y_pred),
        )
    )
    whole = LabelMaps(samples, tuple(true), tuple(pred))
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
    source: Source, axes: Axes, encoding: Encoding, index: int, evidence: Evidence
) -> Labels:
    """Return the labels of one sample, shape (height, width)."""
    window = (slice(index, index + 1),) if axes.has_sample_axis else ()
    values = axes.arrange(source.read(window))[0]
    if axes.is_dense:
        labels = values.argmax(axis=-1)
    elif encoding.is_thresholded:
        labels = values >= evidence.interpretation.threshold
    else:
        labels = np.nan_to_num(values)
    return np.asarray(labels, dtype=np.int32)
