"""Formulas: scores that follow from a few facts about the data, for any predictions.

Source: arithmetic of the implementations' rules, each run once with the library that it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from iou_doctor.counts.pair_counts import PairCounts
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.record import record
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.label_changes import drop_truth

COMMON_CLASSES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 20, 21, 34, 150, 151)
"""Numbers of classes that are tried if it is unknown: small ones, and those of known data sets."""
SPARSE = "sparse_y_true=False, sparse_y_pred=False"


@record
class Formula:
    """A value that a cause gives for any predictions."""

    cause: Cause
    value: float
    implementation: str


@record
class Facts:
    """The facts about the data that the formulas need."""

    shares: tuple[float, ...]
    """The share of the true pixels of each class."""
    accuracy: float
    """The share of correct pixels; NaN if no pixel counts."""
    softmax_dice: float
    """The Dice score of predictions that are foreground everywhere; NaN if no pixel counts.

    It is 2f / (1 + f) for a class with the share f of an image's pixels, averaged over the classes
    that an image holds, then over the images.
    """


def measure_facts(inputs: MetricInputs) -> Facts:
    """Measure the facts about a pair of arrays.

    Args:
        inputs: the arrays as class ids, correctly interpreted.
    """
    pairs = drop_truth(inputs, inputs.ignore_index).labels
    pairs = pairs.keep_rows((pairs.truth >= 0) & (pairs.truth < inputs.num_classes))
    areas = np.bincount(pairs.truth, weights=pairs.count, minlength=inputs.num_classes)
    right = pairs.count[pairs.truth == pairs.prediction].sum()
    with np.errstate(invalid="ignore"):
        accuracy = float(right / areas.sum())
    shares = areas / max(1.0, areas.sum())
    return Facts(tuple(map(float, shares)), accuracy, _compute_softmax_dice(pairs))


def _compute_softmax_dice(pairs: PairCounts) -> float:
    rows = pairs.relabel(prediction=np.zeros_like)
    if not len(rows.count):
        return float("nan")
    pixels = np.bincount(rows.image, weights=rows.count)[rows.image]
    classes = np.bincount(rows.image)
    dice = np.bincount(rows.image, weights=2 * rows.count / (pixels + rows.count))
    return float((dice[classes > 0] / classes[classes > 0]).mean())


_ONE_HOT = Cause(
    "one-hot-masks",
    "one-hot masks and softmax read as class ids: (C - 1) / 2C",
    f"argmax both, or give the metric {SPARSE}",
    prior=0.9,
)
SMOOTH = Cause(
    "metric-misreads-arrays",
    "a smooth term of 100 over axis -1 (keras-contrib): 1 - errors / 101",
    "sum over the pixels, not over the channels",
    prior=0.05,
)
OLD_SKLEARN = Cause(
    "averaging-gap",
    "pixel accuracy, which scikit-learn's jaccard_similarity_score (before 0.23) returns too",
    "use jaccard_score with average='macro'",
    prior=0.15,
)
_ONE_CHANNEL = "argmax over one channel: everything is class 0"
_CHANNELS = "check the shapes: argmax needs one channel for each class"
_VALUES = "check the largest mask value; use masks > 127"
_SHRUNK = 1 - 2**-23
"""What Keras 3 reports for an IoU of 1: it adds 1e-7 to each denominator, in float32."""
_CONSTANTS = (
    (1.0, "single-channel-softmax", _ONE_CHANNEL, _CHANNELS, 0.3),
    (_SHRUNK, "single-channel-softmax", f"{_ONE_CHANNEL} (Keras 3)", _CHANNELS, 0.3),
    (
        0.0,
        "metric-misreads-arrays",
        "a float sample_weight, truncated to 0 (Keras >= 3.8)",
        "check sample_weight: pass integers, or none",
        0.2,
    ),
    (
        1 / 255,
        "masks-0-255",
        "masks of 255 against predictions of 1 in soft sums: 1 / 255",
        _VALUES,
        0.3,
    ),
    (1 / 510, "masks-0-255", "uint8 products of 0/255 masks that wrap: 1 / 510", _VALUES, 0.1),
)
_DROPPED_255 = Cause(
    "masks-0-255",
    "0/255 masks: 255 is dropped, and no true background is predicted as foreground",
    _VALUES,
    prior=0.25,
)


def list_formulas(
    *,
    num_classes: int | None = None,
    facts: Facts | None = None,
) -> Iterator[Formula]:
    """Yield the formulas with their values.

    Args:
        num_classes: the number of classes, C; `None`: every number in `COMMON_CLASSES`.
        facts: the facts about the data; `None` if there are no arrays.
    """
    for value, name, claim, following, prior in _CONSTANTS:
        yield Formula(Cause(name, claim, following, prior), value, "")
    if facts is None and num_classes in {None, TWO_CLASSES}:  # with arrays it is evaluated exactly
        yield Formula(_DROPPED_255, _SHRUNK, "Keras BinaryIoU (>= 3.15)")
    for classes in (num_classes,) if num_classes else COMMON_CLASSES:
        yield from _list_for_num_classes(classes, known=num_classes is not None)
    if facts is not None:
        yield from _list_for_facts(facts)


def _list_for_num_classes(classes: int, *, known: bool) -> Iterator[Formula]:
    # if the number of classes is unknown, a large one is the less likely explanation
    weight = 1.0 if known else 1 / (1 + classes / 10)
    words = "" if known else f", C = {classes}"
    yield Formula(
        replace(_ONE_HOT, claim=_ONE_HOT.claim + words, prior=_ONE_HOT.prior * weight),
        (classes - 1) / (2 * classes),
        "Keras MeanIoU",
    )
    yield Formula(
        Cause(
            "collapsed-predictions",
            f"one class predicted everywhere, all classes equally frequent: 1 / C²{words}",
            "print the distinct predicted labels",
            prior=0.2 * weight,
        ),
        1 / classes**2,
        "Keras MeanIoU",
    )
    yield Formula(
        Cause(
            "shuffled-samples",
            f"predictions unrelated to the masks, classes equally frequent: 1 / (2C - 1){words}",
            "check that predictions and masks are in the same order",
            prior=0.2 * weight,
        ),
        1 / (2 * classes - 1),
        "Keras MeanIoU",
    )


def _list_for_facts(facts: Facts) -> Iterator[Formula]:
    background = facts.shares[0]
    look = "check whether the predictions are floats; argmax or threshold them"
    yield Formula(
        Cause("unthresholded-sigmoid", "scores cast to 0: half the background's share", look, 0.5),
        background / 2,
        "Keras MeanIoU(2)",
    )
    yield Formula(
        Cause(
            "unthresholded-sigmoid",
            "np.logical_and of raw scores: the share of the foreground",
            look,
            0.1,
        ),
        1 - background,
        "np.logical_and",
    )
    if not np.isnan(facts.softmax_dice):
        yield Formula(
            Cause(
                "unargmaxed-probabilities",
                "softmax into a metric that counts every score except 0 as"
                " foreground: the mean of 2f / (1 + f)",
                look,
                0.2,
            ),
            facts.softmax_dice,
            "MONAI DiceMetric",
        )
    if not np.isnan(facts.accuracy):
        yield Formula(SMOOTH, 1 - (1 - facts.accuracy) / 101, "jaccard_distance")
        yield Formula(OLD_SKLEARN, facts.accuracy, "sklearn jaccard_similarity_score")
