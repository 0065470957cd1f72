"""The counts from which the contracts are evaluated."""

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
    """All that the contracts are evaluated from: counts, and no arrays.

    It describes what a careful user passes to a library. Libraries that take class ids get the
    argmax of channels, libraries that take scores get channels on the axis where they look for
    them, and libraries that take one-hot masks get these. One channel of scores is passed
    unchanged to the libraries that have a rule for it, and as labels to the others.
    """

    form: PredictionForm
    samples: int
    num_classes: int
    ignore_index: int | None
    labels: PairCounts
    """(truth, prediction) of each image as class ids; a code of no class for NaN and the like."""
    true_dtype: np.dtype[np.generic]
    """The dtype of the label maps of the masks: int64 after an argmax."""
    pred_dtype: np.dtype[np.generic]
    """The dtype of the predictions as they are stored."""
    interpreted: PairCounts | None = None
    """(truth, prediction) as the doctor interprets both arrays; `None`: the same as `labels`."""
    bins: PairCounts | None = None
    """(truth, code of the score's bin) of one channel; see `LabelDecoding.BINS`."""
    exact: PairCounts | None = None
    """(truth, prediction) as `LabelDecoding.EXACT`; `None` if they were not counted so."""
    sums: ChannelSums | None = None
    """The sums of the scores; `None` if they were not counted."""
    flat: Mapping[Pairing, PairCounts] = field(default_factory=dict)
    """The label pairs of metrics that flatten both arrays as they are stored."""
    lengths: Mapping[Pairing, tuple[int | None, int | None]] = field(default_factory=dict)
    """The lengths of masks and predictions for such a metric, if they differ.

    A length is `None` if the images differ in size.
    """
    batch_size: int | None = None
    """Images in one update; `None`: all."""
    threshold: float = 0.5
    """The decision threshold with which the scores were counted."""
    outside_unit: bool = False
    """Whether some score is NaN or outside [0, 1]."""
