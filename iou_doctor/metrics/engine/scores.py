"""From scores to areas: one channel compared with a threshold, or sums of unchanged scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.channel_sums import ChannelSums, Quantity, has_only_0_and_255
from iou_doctor.counts.label_decoding import decode_no_class, is_no_class
from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.definition import (
    Choices,
    Floats,
    Ignored,
    Ratio,
    Sigmoid,
    Stray,
)
from iou_doctor.metrics.engine.areas import Areas, sum_areas
from iou_doctor.metrics.engine.class_ids import answer_naively, build_score_error
from iou_doctor.metrics.engine.ignored_pixels import drop_ignored
from iou_doctor.metrics.engine.labels import clear_class, count_pairs
from iou_doctor.metrics.engine.library_errors import LabelError, LibraryError, NotEvaluated
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

ABOVE_ONE = 9
"""`LabelDecoding.BINS` codes of scores above 1 start here."""


def sum_scores(inputs: MetricInputs, choices: Choices) -> Areas:
    """Return sums of scores as areas.

    Raises:
        NotEvaluated: a statistic is missing.
        LibraryError: the library would raise for a label of the masks.
    """
    sums, labels = inputs.sums, inputs.labels.truth
    if sums is None:
        raise NotEvaluated("it needs sums of the scores: use --contracts all")
    if choices.sigmoid is Sigmoid.BY_UPDATE:
        _check_channels(inputs, sums)
    if inputs.form is PredictionForm.CHANNELS and choices.stray_truth is Stray.RAISES:
        truth = decode_no_class(labels)
        if ((truth < 0) | (truth >= inputs.num_classes)).any():
            raise LibraryError("RuntimeError: a label of the masks has no channel")
    names = {
        Floats.SOFT: (Quantity.TRUTH, Quantity.SCORE, Quantity.PRODUCT),
        Floats.SQUARED: (Quantity.TRUTH_SQUARED, Quantity.SCORE_SQUARED, Quantity.PRODUCT),
        Floats.NON_ZERO: (Quantity.TRUTH, Quantity.NON_ZERO, Quantity.TRUTH_NON_ZERO),
        Floats.ABOVE: (Quantity.TRUTH, Quantity.ABOVE, Quantity.TRUTH_ABOVE),
    }
    found = Areas.of(sums.compute_total(name) for name in names[choices.floats])
    if inputs.form is PredictionForm.ONE_CHANNEL:
        return found
    match choices.ignored:
        case Ignored.CLASS_CLEARED:
            return clear_class(found, inputs.ignore_index)
        case Ignored.INSIDE_ONLY:  # no pixel of that truth is left
            return replace(found, truth=clear_class(found, inputs.ignore_index).truth)
        case _:
            return found


def _check_channels(inputs: MetricInputs, sums: ChannelSums) -> None:
    """Check the arrays of a library that applies a sigmoid to logits.

    Source: torchmetrics 1.9.0, `_multilabel_stat_scores_tensor_validation`.

    Raises:
        NotEvaluated: the sigmoid of the scores was not compared with the threshold.
        LibraryError: there are other channels than declared, or the masks do not hold 0 and 1.
    """
    channels = sums.whole.shape[1]
    if channels != inputs.num_classes:
        raise LibraryError(
            "ValueError: Expected both `target.shape[1]` and `preds.shape[1]` to be equal to"
            f" `num_labels`={inputs.num_classes} but got {channels}"
        )
    squared, truth = (
        sums.compute_total(quantity).sum() for quantity in (Quantity.TRUTH_SQUARED, Quantity.TRUTH)
    )
    if squared > truth:
        values = (
            "the following values in `target`: [0, 255]"
            if has_only_0_and_255(sums)
            else "other values in `target`"
        )
        raise LibraryError(
            f"RuntimeError: Detected {values} but expected only the following values [0, 1]."
        )
    is_half = inputs.threshold == 0  # a sigmoid turns 0 into the usual threshold
    if inputs.outside_unit and not is_half:
        raise NotEvaluated("it applies a sigmoid to updates with scores outside [0, 1]")


def count_exact_ones(inputs: MetricInputs) -> Areas:
    """Return the areas where one channel counts as foreground if it is exactly 1."""
    pairs = inputs.labels.replace(truth=decode_no_class(inputs.labels.truth))
    ones = pairs.replace(
        truth=(pairs.truth == 1).astype(np.int64),
        prediction=(pairs.prediction == 1).astype(np.int64),
    )
    return sum_areas(ones, images=inputs.samples, classes=2).select_classes([1])


def _count_not_0(inputs: MetricInputs) -> Areas:
    """Return the areas where every value but 0 is foreground, NaN included."""
    bins = _require_bins(inputs)
    codes = bins.prediction
    not_0 = is_no_class(codes) | (codes // 3 % 3 != 1)
    pairs = bins.replace(
        truth=(bins.truth != 0).astype(np.int64), prediction=not_0.astype(np.int64)
    )
    return sum_areas(pairs, images=inputs.samples, classes=2).select_classes([1])


def _require_bins(inputs: MetricInputs) -> PairCounts:
    if inputs.bins is None:
        raise NotEvaluated("the scores were not compared with the threshold")
    return inputs.bins.replace(truth=decode_no_class(inputs.bins.truth))


def _count_all_foreground(inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas where argmax over one channel has made every pixel foreground.

    The labels of the masks are used as numbers: IoU joins the two sides bit by bit, Dice
    multiplies them. Source: torchmetrics 1.9.0, `segmentation.MeanIoU` and `DiceScore`.
    """
    pairs = answer_naively(inputs.labels)
    size = np.zeros(inputs.samples, dtype=np.int64)
    bright, odd = size.copy(), size.copy()
    np.add.at(size, pairs.image, pairs.count)
    np.add.at(bright, pairs.image, pairs.truth * pairs.count)
    np.add.at(odd, pairs.image, (pairs.truth & 1) * pairs.count)
    right = bright if choices.ratio is Ratio.DICE else odd
    return Areas.of(part[:, np.newaxis] for part in (bright, size, right))


def _compare_with_labels(inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of a library that compares scores with labels, and counts both by histogram.

    A score is right only if it equals the label. The histogram over [0, 1] has two bins, divided
    at 0.5. NaN and values outside [0, 1] are in neither. Source: mmsegmentation 1.2.2 and evaluate
    0.4.6, `intersect_and_union`.
    """
    bins = _require_bins(inputs)
    exact = inputs.labels.replace(truth=decode_no_class(inputs.labels.truth))
    bins, exact = (drop_ignored(pairs, inputs, choices) for pairs in (bins, exact))
    codes = bins.prediction
    inside = ~is_no_class(codes) & (codes // 3 % 3 >= 1) & (codes < ABOVE_ONE)
    histogram = np.where(inside, (codes % 3 >= 1).astype(np.int64), -1)
    truth = np.where((bins.truth >= 0) & (bins.truth <= 1), bins.truth, -1)
    both = bins.replace(truth=truth, prediction=histogram)
    found = sum_areas(both, images=inputs.samples, classes=inputs.num_classes)
    hits = exact.keep_rows(
        (exact.truth == exact.prediction) & (exact.truth >= 0) & (exact.truth <= 1)
    )
    right = sum_areas(hits, images=inputs.samples, classes=inputs.num_classes).intersection
    return Areas(found.truth, found.predicted, right)


def _apply_threshold(inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of the foreground, the scores from the threshold on; one column.

    Raises:
        LabelError: the masks hold another label than 0 and 1, and the library refuses it.
        NotEvaluated: the scores were not compared with the threshold.
    """
    bins = drop_ignored(_require_bins(inputs), inputs, choices)
    truth = bins.truth
    odd = (truth < 0) | (truth > 1)
    if choices.stray_truth is Stray.RAISES and odd.any():
        raise LabelError(int(truth[odd][0]), "masks", 2, truth)
    codes = bins.prediction
    cut = codes % 3
    if choices.sigmoid is Sigmoid.BY_UPDATE:
        cut = np.where(_find_logit_updates(bins, inputs)[bins.image], codes // 3 % 3, cut)
    above = cut >= 1 if choices.threshold_is_foreground else cut == 2
    above &= ~is_no_class(codes)
    true = (truth >= inputs.threshold).astype(np.int64)
    pairs = bins.replace(truth=true, prediction=above.astype(np.int64))
    return sum_areas(pairs, images=inputs.samples, classes=2).select_classes([1])


def _find_logit_updates(bins: PairCounts, inputs: MetricInputs) -> NDArray[np.bool_]:
    """Return for each image whether its update holds a value outside [0, 1], or a NaN."""
    codes = bins.prediction
    outside = is_no_class(codes) | (codes // 3 % 3 == 0) | (codes >= ABOVE_ONE)
    size = inputs.batch_size or max(1, inputs.samples)
    updates = np.zeros(inputs.samples // size + 1, dtype=bool)
    updates[bins.image[outside] // size] = True
    return updates[np.arange(inputs.samples) // size]


def count_one_channel(inputs: MetricInputs, choices: Choices) -> Areas:
    """Return the areas of one channel of scores.

    Raises:
        LibraryError: the library would raise.
        NotEvaluated: a statistic is missing.
    """
    match choices.floats:
        case Floats.REFUSED:
            raise build_score_error(inputs)
        case Floats.TRUNCATED:
            return count_pairs(answer_naively(inputs.labels), inputs, choices)
        case Floats.ALL_FOREGROUND:
            return _count_all_foreground(inputs, choices)
        case Floats.COMPARED:
            return _compare_with_labels(inputs, choices)
        case Floats.NOT_0:
            return _count_not_0(inputs)
        case Floats.EXACT:
            return count_pairs(inputs.labels, inputs, choices)
        case _:
            return _apply_threshold(inputs, choices)
