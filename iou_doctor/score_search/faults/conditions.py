"""Causes that explain a score only if the data have a certain property, and that property."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.report.score_lookup import Cause, Condition, PrintedScore
from iou_doctor.score_search.faults.closed_forms import OLD_SKLEARN, SMOOTH

CITYSCAPES = (0.0035, 0.0065)
"""Mean IoU of train ids in Cityscapes' evaluation script (cityscapesScripts issue 25)."""
_CHECK_PREDICTIONS = "print the distinct predicted labels"
_SOFT_255 = Cause(
    "masks-0-255",
    "soft sums of 0/255 masks give more than 1",
    "print the distinct values of the masks",
    prior=0.6,
)
_TRAIN_IDS = Cause(
    "foreign-label-ids",
    "train ids 0..18 scored as Cityscapes' label ids 0..33 give 0.004 to 0.006",
    "convert one side: labelIds and trainIds are different id spaces",
    prior=0.6,
)
_SIGMOID = Cause(
    "unthresholded-sigmoid",
    "one sigmoid channel cast to 0 by MeanIoU(2): half the background's share of the pixels",
    "threshold the scores, or use BinaryIoU",
    prior=0.5,
)
_COLLAPSED = Cause(
    "collapsed-predictions",
    "background predicted everywhere, K classes in the masks: the background's share / K",
    _CHECK_PREDICTIONS,
    prior=0.3,
)
_RECALL = Cause(
    "ignored-class-in-range",
    "the background is ignored in a task of two classes: recall, or recall / 2 in a mean",
    "search for ignore_class=0 or ignore_index=0",
    prior=0.25,
)
_MICRO = Cause(
    "averaging-gap",
    "micro IoU: accuracy / (2 - accuracy)",
    "compare with the macro mean",
    prior=0.2,
)
_TRUTH_0 = Cause(
    "masks-divided-by-255",
    "every true label is 0 (masks divided by 255 and cast, or argmaxed over an axis of size 1),"
    " K classes are predicted",
    "print the distinct values of the masks as the metric gets them",
    prior=0.15,
)
_IGNORED_255 = Cause(
    "masks-0-255",
    "0/255 masks into BinaryIoU (Keras >= 3.15), which drops 255: specificity / 2",
    "check the largest mask value; use masks > 127",
    prior=0.15,
)
_LOGICAL = Cause(
    "unthresholded-sigmoid",
    "np.logical_and and np.logical_or of raw scores: the foreground's share of the pixels",
    "threshold the scores",
    prior=0.1,
)
_SOFTMAX = Cause(
    "unargmaxed-probabilities",
    "softmax into MONAI DiceMetric (>= 1.2), which counts every score except 0 as foreground:"
    " the masks alone decide, from 1 / C to 2 / (C + 1) if each image holds all classes",
    "argmax the softmax, then make it one-hot",
    prior=0.1,
)


def list_conditions(
    printed: PrintedScore, *, num_classes: int | None = None
) -> tuple[Condition, ...]:
    """Return the causes that fit a score, each with the property that the data need for it.

    Args:
        printed: the score.
        num_classes: the number of classes, if it is known.

    Returns:
        the conditions, the most common cause first.
    """
    found = [*_list_special(printed), *_list_for_any_classes(printed.middle, num_classes)]
    if num_classes in {None, TWO_CLASSES}:
        found += _list_for_two_classes(printed.middle)
    return tuple(sorted(found, key=lambda condition: -condition.cause.prior))


def _list_special(printed: PrintedScore) -> Iterator[Condition]:
    low, high = CITYSCAPES
    if len(printed.ranges) > 1:
        yield Condition(_SOFT_255, f"{printed.text} is not a percentage")
    if low <= printed.middle <= high:
        yield Condition(_TRAIN_IDS, "the data set is Cityscapes")
    if 1 - 1 / 101 <= printed.middle < 1:
        yield Condition(SMOOTH, f"{101 * (1 - printed.middle):.2%} of the pixels are wrong")


def _list_for_any_classes(value: float, num_classes: int | None) -> Iterator[Condition]:
    """Yield the conditions that are possible for any number of classes."""
    if not 0 < value < 1:
        return
    if value <= 1 / TWO_CLASSES:
        yield Condition(_COLLAPSED, f"the background holds {value:.2%} times K of the pixels")
        yield Condition(_TRUTH_0, f"{value:.2%} times K of the pixels are predicted as class 0")
    yield Condition(_MICRO, f"{2 * value / (1 + value):.2%} of the pixels are correct")
    yield Condition(OLD_SKLEARN, f"{value:.2%} of the pixels are correct")
    if num_classes and 1 / num_classes < value <= 2 / (num_classes + 1):
        yield Condition(
            _SOFTMAX,
            f"the mean of 2f / (1 + f) is {value:.4f}, f each class's share of an image",
        )


def _list_for_two_classes(value: float) -> Iterator[Condition]:
    """Yield the conditions that are possible for background and foreground only."""
    if 0 < value <= 1 / TWO_CLASSES:
        yield Condition(_SIGMOID, f"the background holds {2 * value:.2%} of the pixels")
        yield Condition(
            _IGNORED_255, f"{2 * value:.2%} of the true background is predicted as background"
        )
    if 0 < value < 1:
        half = f" or {2 * value:.2%}" if value <= 1 / TWO_CLASSES else ""
        yield Condition(_RECALL, f"{value:.2%}{half} of the true foreground is found")
        yield Condition(_LOGICAL, f"the foreground holds {value:.2%} of the pixels")
