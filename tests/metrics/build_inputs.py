"""Small arrays as the contracts get them, built without the sources and the interpretation."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from metrics.golden import Fixture
from numpy.typing import NDArray

from iou_doctor.counts.channel_sums import ChannelSums
from iou_doctor.counts.label_decoding import LabelDecoding, Pairing
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.scan.numpy import decode_labels as decode
from iou_doctor.scan.numpy.pair_counts import count_pairs
from iou_doctor.scan.numpy.sum_channels import sum_channels

Array = NDArray[Any]
THRESHOLD = 0.5


def build_inputs(
    *,
    y_true: Array,
    y_pred: Array,
    num_classes: int,
    layout: str = "labels",
    ignore_index: int | None = None,
    batch_size: int | None = None,
) -> MetricInputs:
    """Return what a careful user hands to the libraries.

    Args:
        y_true: masks, shape (n, ...): class ids, one-hot where they are like dense predictions.
        y_pred: predictions, shape (n, ...).
        num_classes: how many classes there are.
        layout: of the predictions: labels, channels-last, channels-first or one-channel.
        ignore_index: the void label.
        batch_size: images in one update.
    """
    true, pred, form = arrange(y_true, y_pred, layout)
    ids = pred.argmax(-1) if form is PredictionForm.CHANNELS else decode.decode_labels(pred)
    labels = true.argmax(-1) if true.ndim > ids.ndim else decode.decode_labels(true)
    flat, lengths = _flatten_both(y_true, y_pred)
    return MetricInputs(
        form=form,
        samples=len(y_true),
        num_classes=num_classes,
        ignore_index=ignore_index,
        labels=_count(labels, ids),
        true_dtype=y_true.dtype,
        pred_dtype=y_pred.dtype,
        bins=_count(labels, decode.decode_bins(pred, THRESHOLD))
        if form is PredictionForm.ONE_CHANNEL
        else None,
        sums=_sum_channels(true, labels, pred, form, ignore_index),
        flat=flat,
        lengths=lengths,
        batch_size=batch_size,
        threshold=THRESHOLD,
    )


@cache
def build_fixture_inputs(fixture: Fixture) -> MetricInputs:
    """Return what the libraries get of a recorded fixture, in one batch."""
    return build_inputs(
        y_true=fixture.y_true,
        y_pred=fixture.y_pred,
        num_classes=fixture.num_classes,
        layout=fixture.layout,
        ignore_index=fixture.ignore_index,
    )


def arrange(y_true: Array, y_pred: Array, layout: str) -> tuple[Array, Array, PredictionForm]:
    """Return both arrays with the class axis last, without axes of size 1, and the form."""
    true, pred = y_true, y_pred
    if layout == "channels-first":
        pred = np.moveaxis(pred, 1, -1)
        true = np.moveaxis(true, 1, -1) if true.ndim == pred.ndim else true
    form = {"labels": PredictionForm.LABELS, "one-channel": PredictionForm.ONE_CHANNEL}.get(
        layout, PredictionForm.CHANNELS
    )
    extra = form is not PredictionForm.CHANNELS and pred.ndim == 4
    if (
        true.shape[-1] == 1
        and true.ndim == y_pred.ndim
        and (extra or form is PredictionForm.CHANNELS)
    ):
        true = true[..., 0]
    if extra:
        pred = pred[..., 0]
    return true, pred, form


def _count(true: Array, pred: Array) -> PairCounts:
    n = len(true)
    return count_pairs(y_true=true.reshape(n, -1), y_pred=pred.reshape(n, -1), samples=np.arange(n))


def _sum_channels(
    true: Array, labels: Array, pred: Array, form: PredictionForm, ignore_index: int | None
) -> ChannelSums | None:
    if form is PredictionForm.LABELS:
        return None
    n, one = len(pred), form is PredictionForm.ONE_CHANNEL
    channels = 1 if one else pred.shape[-1]
    dense = true.shape == pred.shape and not one
    return sum_channels(
        y_true=true.reshape(n, -1, channels) if dense else labels.reshape(n, -1),
        y_pred=pred.reshape(n, -1, channels),
        samples=np.arange(n),
        threshold=THRESHOLD,
        one_channel=one,
        ignore_index=None if one else ignore_index,
    )


def _flatten_both(
    y_true: Array, y_pred: Array
) -> tuple[dict[Pairing, PairCounts], dict[Pairing, tuple[int | None, int | None]]]:
    """Return the tables of metrics that flatten, and the lengths where these differ."""
    flat: dict[Pairing, PairCounts] = {}
    lengths: dict[Pairing, tuple[int | None, int | None]] = {}
    for one in (LabelDecoding.LABELS, LabelDecoding.ARGMAX_LAST):
        for other in (LabelDecoding.LABELS, LabelDecoding.ARGMAX_LAST, LabelDecoding.BINS):
            true, pred = _flatten(y_true, one), _flatten(y_pred, other)
            pairing = Pairing(one, other, flat=True)
            if len(true) != len(pred):
                lengths[pairing] = (len(true), len(pred))
            elif len(true) % len(y_true):
                flat[pairing] = _count(true[np.newaxis], pred[np.newaxis])
            else:
                flat[pairing] = _count(true.reshape(len(y_true), -1), pred.reshape(len(y_true), -1))
    return flat, lengths


def _flatten(stored: Array, decoding: LabelDecoding) -> Array:
    match decoding:
        case LabelDecoding.ARGMAX_LAST:
            return decode.argmax_like_keras(stored).ravel()
        case LabelDecoding.BINS:
            return decode.decode_bins(stored, THRESHOLD).ravel()
        case _:
            return decode.decode_truncated(stored).ravel()
