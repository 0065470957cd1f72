"""Numbers that follow from a few facts about the data, with no look at the predictions.

Source: arithmetic of the implementations' rules, each run once with the library that it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from iou_doctor.lookup import Cause, Condition, Printed

MOST_CLASSES = 256
COMMON_CLASSES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 20, 21, 34, 150, 151)
CITYSCAPES = (0.0035, 0.0065)
"""What people report who feed train ids to its evaluation script (issue 25 of it)."""
SPARSE = "sparse_y_true=False, sparse_y_pred=False"


@dataclass(frozen=True)
class Formula:
    """A value that a cause gives, whatever the predictions are."""

    cause: Cause
    value: float
    implementation: str


_ONE_HOT = Cause(
    "one-hot-masks",
    "one-hot masks and softmax read as class ids: (C - 1) / 2C",
    f"argmax both, or give the metric {SPARSE}",
    prior=0.9,
)
_SMOOTH = Cause(
    "metric-misreads-arrays",
    "a smooth term of 100 over axis -1 (keras-contrib): 1 - errors / 101",
    "sum over the pixels, not over the channels",
    prior=0.05,
)
_SOFT_255 = Cause(
    "masks-0-255",
    "soft sums of 0/255 masks give more than 1",
    "look at the masks' values",
    prior=0.3,
)
_ONE_CHANNEL = "argmax over one channel: everything is class 0"
_CONSTANTS = (
    (1.0, "single-channel-softmax", _ONE_CHANNEL, 0.3),
    (1 - 2**-23, "single-channel-softmax", f"{_ONE_CHANNEL} (Keras 3)", 0.3),
    (0.0, "metric-misreads-arrays", "a float sample_weight, truncated to 0 (Keras >= 3.8)", 0.2),
    (1 / 255, "masks-0-255", "masks of 255 against predictions of 1 in soft sums: 1 / 255", 0.3),
    (1 / 510, "masks-0-255", "uint8 products of 0/255 masks that wrap: 1 / 510", 0.1),
)


def formulas(
    *,
    num_classes: int | None = None,
    shares: tuple[float, ...] | None = None,
    accuracy: float | None = None,
) -> Iterator[Formula]:
    """Yield the closed forms.

    Args:
        num_classes: C; `None`: each number of classes that is common.
        shares: the share of the true pixels of each class; `None` where it is not known.
        accuracy: the share of right pixels; `None` where it is not known.
    """
    for value, name, claim, prior in _CONSTANTS:
        yield Formula(Cause(name, claim, "look at the arrays' shapes and values", prior), value, "")
    for classes in (num_classes,) if num_classes else COMMON_CLASSES:
        yield from _of_classes(classes, known=num_classes is not None)
    if shares is not None:
        yield from _of_shares(shares, accuracy)


def _of_classes(classes: int, *, known: bool) -> Iterator[Formula]:
    # a rare number of classes is less of an explanation than the one that was named
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
            "look at the distinct predicted labels",
            prior=0.2 * weight,
        ),
        1 / classes**2,
        "Keras MeanIoU",
    )
    yield Formula(
        Cause(
            "shuffled-samples",
            f"predictions that have nothing to do with the masks, classes equally frequent:"
            f" 1 / (2C - 1){words}",
            "look whether predictions and masks are in the same order",
            prior=0.2 * weight,
        ),
        1 / (2 * classes - 1),
        "Keras MeanIoU",
    )


def _of_shares(shares: tuple[float, ...], accuracy: float | None) -> Iterator[Formula]:
    background, present = shares[0], sum(share > 0 for share in shares)
    look = "look whether the predictions are floats; argmax or threshold them"
    yield Formula(
        Cause("unthresholded-sigmoid", "scores cast to 0: half the background's share", look, 0.5),
        background / 2,
        "Keras MeanIoU(2)",
    )
    yield Formula(
        Cause(
            "unargmaxed-probabilities",
            "softmax into a metric that takes every score but 0 for"
            " foreground: the mean of 2f / (1 + f)",
            look,
            0.2,
        ),
        sum(2 * share / (1 + share) for share in shares if share > 0) / max(present, 1),
        "MONAI DiceMetric",
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
    if accuracy is not None:
        yield Formula(
            _SMOOTH,
            1 - (1 - accuracy) / 101,
            "jaccard_distance",
        )


def conditions(printed: Printed) -> Iterator[Condition]:
    """Yield the causes that fit any number, and what the data would have to be like."""
    value = printed.middle
    low, high = CITYSCAPES
    if len(printed.ranges) > 1:
        yield Condition(
            _SOFT_255,
            f"{printed.text} is no percentage",
        )
    if low <= value <= high:
        yield Condition(
            Cause(
                "foreign-label-ids",
                "train ids 0..18 scored as Cityscapes' label ids 0..33 give 0.004 to 0.006",
                "convert one side: labelIds and trainIds are two id spaces",
                0.5,
            ),
            "the data are Cityscapes",
        )
    if 0 < value <= 0.5:
        yield Condition(
            Cause(
                "unthresholded-sigmoid",
                "one sigmoid channel cast to 0 by MeanIoU(2): f0 / 2",
                "threshold the scores, or use BinaryIoU",
                0.5,
            ),
            f"the background holds {2 * value:.2%} of the pixels",
        )
    if 1 - 1 / 101 <= value < 1:
        yield Condition(
            _SMOOTH,
            f"{101 * (1 - value):.2%} of the pixels are wrong",
        )
    if 0 < value < 1:
        yield Condition(
            Cause(
                "collapsed-predictions",
                "all background, K classes in the masks: f0 / K",
                "look at the distinct predicted labels",
                0.3,
            ),
            f"the background holds {value:.2%} times K of the pixels",
        )
        yield Condition(
            Cause(
                "averaging-gap",
                "micro IoU: accuracy / (2 - accuracy)",
                "compare with the macro mean",
                0.2,
            ),
            f"{2 * value / (1 + value):.2%} of the pixels are right",
        )
