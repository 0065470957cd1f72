"""The arrays as an implementation gets them from a careful user, counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

import numpy as np

from iou_doctor.counts.channel_sums import ChannelSums
from iou_doctor.counts.label_decoding import Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.record import record


class PredictionForm(StrEnum):
    """What the predictions hold for a pixel."""

    LABELS = "labels"
    CHANNELS = "channels"
    ONE_CHANNEL = "one channel"


@record
class MetricInputs:
    """What the contracts look at, and nothing else.

    Libraries that want class ids get the argmax of channels, those that want scores get them with
    the class axis where they look for it, those that want one-hot masks get these. One channel of
    scores goes as it is to the libraries that have a reading for it, and as labels to the others.
    """

    form: PredictionForm
    samples: int
    num_classes: int
    ignore_index: int | None
    labels: PairCounts
    """(truth, prediction) as class ids, each image apart; what is no class as its code."""
    true_dtype: np.dtype[np.generic]
    """Of the label maps: int64 where they are argmaxed."""
    pred_dtype: np.dtype[np.generic]
    volumes: bool = False
    """Whether a sample has another number of spatial axes than two."""
    read: PairCounts | None = None
    """The same as class ids whatever they hold, as the doctor reads them; `None`: `labels`."""
    bins: PairCounts | None = None
    """(truth, `LabelDecoding.BINS`) of one channel."""
    sums: ChannelSums | None = None
    """Sums of the scores; `None` where nobody asked for them."""
    flat: Mapping[Pairing, PairCounts] = field(default_factory=dict)
    """What a metric counts that flattens both arrays as they are stored."""
    lengths: Mapping[Pairing, tuple[int | None, int | None]] = field(default_factory=dict)
    """The lengths of masks and predictions for such a metric, where they differ.

    `None`: images differ in size.
    """
    batch_size: int | None = None
    """Images in one update; `None`: all."""
    threshold: float = 0.5
    """The cut of the scores that were counted."""
    outside_unit: bool = False
    """Whether some predicted value lies outside [0, 1]; NaN does."""
