"""Causes that explain a score only if the data have a certain property, and that property."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.report.score_lookup import Cause, Condition, PrintedScore
from iou_doctor.score_search.faults.closed_forms import OLD_SKLEARN, ONE_HOT, SMOOTH
from iou_doctor.score_search.faults.formula import TWO_CLASSES
from iou_doctor.score_search.faults.impossible_scores import list_impossible
from iou_doctor.score_search.faults.stuck_numbers import ONE_CLASS_COUNTED

CITYSCAPES = (0.0035, 0.0065)
"""Mean IoU of train ids in Cityscapes' evaluation script (cityscapesScripts issue 25)."""
ADE20K = (0.0005, 0.001)
"""Mean IoU of ADE20K's 150 classes if the labels are off by one."""
USUAL_CLASSES = {2: 1.0, 21: 0.6, 19: 0.5, 3: 0.4, 4: 0.4, 5: 0.35, 11: 0.3, 12: 0.3, 150: 0.3}
"""Numbers of classes of which the background's share is worked out, and how usual they are."""
USUAL_BACKGROUND = (0.45, 1.0)
"""Shares that the background of common data sets holds."""
MOST_CLASSES_NAMED = 3
LONG_SHOT = 0.1
"""The prior of a cause that the score makes unlikely."""
DRIFT = 0.004
"""How far above (C - 1) / 2C a score lies if some softmax values are saturated."""
MOST_DRIFTING_CLASSES = 6
LARGEST_SMOOTH_SHARE = 1e-4
"""Scores up to this one may be nothing but a smooth term over an area."""
SMALLEST_SHARE = 5e-5
"""Scores up to this one are too small to be a share of the pixels."""
SMOOTH_TERMS = (1.0, 1e-3, 1e-5, 1e-6, 1e-7)
NARROW = 0.04
"""Intervals of shares that are narrower are shown with one digit after the point."""
ALMOST_HALF = 0.02
"""How far above 1/2 a mean of two classes lies if one is nearly perfect and the other is missed."""
_CHECK_PREDICTIONS = "print the distinct predicted labels"
_TRAIN_IDS = Cause(
    "foreign-label-ids",
    "train ids 0..18 scored as Cityscapes' label ids 0..33 give 0.004 to 0.006",
    "convert one side: labelIds and trainIds are different id spaces",
    prior=0.6,
)
_OFF_BY_ONE = Cause(
    "labels-off-by-one",
    "labels that are off by one (reduce_zero_label on one side) give 0.0006 to 0.0008",
    "compare the smallest and the largest label on both sides",
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
    "everything is predicted as background, or the other ids of the masks are no class ids"
    " (palette or grey values): its share of the pixels over the number of classes",
    _CHECK_PREDICTIONS,
    prior=0.3,
)
_HALF = Cause(
    "collapsed-predictions",
    "nearly everything is predicted as background: one class has an IoU of 1, the other of 0",
    _CHECK_PREDICTIONS,
    prior=0.55,
)
_SATURATED = replace(
    ONE_HOT,
    claim="one-hot masks and softmax read as class ids: (C - 1) / 2C, and a little more for pixels"
    " whose softmax is exactly 1",
    prior=0.7,
)
_SMOOTH_ALONE = Cause(
    "foreign-label-ids",
    "no pixel is right, and only the smooth term is left: smooth / (area + smooth)",
    "print the distinct labels of both arrays: no foreground is hit",
    prior=0.6,
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
    found = [*list_impossible(printed), *_list_special(printed, num_classes)]
    found += _list_for_any_classes(printed, num_classes)
    if num_classes in {None, TWO_CLASSES}:
        found += _list_for_two_classes(printed)
    return tuple(sorted(found, key=lambda condition: -condition.cause.prior))


def _list_special(printed: PrintedScore, num_classes: int | None) -> Iterator[Condition]:
    value = printed.middle
    if CITYSCAPES[0] <= value <= CITYSCAPES[1]:
        yield Condition(_TRAIN_IDS, "the data set is Cityscapes")
    if ADE20K[0] <= value <= ADE20K[1] and num_classes in {None, 150, 151}:
        yield Condition(_OFF_BY_ONE, "there are 150 classes, as in ADE20K")
    if 1 - 1 / 101 <= value < 1:
        yield Condition(
            replace(ONE_CLASS_COUNTED, prior=0.4), f"{value:.2%} of that class is found"
        )
    if 1 - 1 / 101 <= value < 1 and printed.is_precise:
        yield Condition(SMOOTH, f"{101 * (1 - value):.2%} of the pixels are wrong")
    if 0 < value <= LARGEST_SMOOTH_SHARE:
        areas = ", or ".join(
            f"{smooth / value:,.0f} pixels with smooth = {smooth:g}"
            for smooth in SMOOTH_TERMS
            if 10 <= smooth / value <= 1e9
        )
        if areas:
            yield Condition(_SMOOTH_ALONE, f"the area is {areas}")
    yield from _list_saturated(value, num_classes)


def _list_saturated(value: float, num_classes: int | None) -> Iterator[Condition]:
    for classes in [num_classes] if num_classes else range(TWO_CLASSES, MOST_DRIFTING_CLASSES):
        stuck = (classes - 1) / (2 * classes)
        if stuck + 5e-5 < value <= stuck + DRIFT:
            yield Condition(
                _SATURATED, f"there are {classes} classes, and the score started at {stuck:.4f}"
            )


def _list_for_any_classes(printed: PrintedScore, num_classes: int | None) -> Iterator[Condition]:
    """Yield the conditions that are possible for any number of classes."""
    value = printed.middle
    if not SMALLEST_SHARE < value < 1:
        return
    if value <= 1 / TWO_CLASSES:
        yield from _list_collapsed(printed, num_classes)
        share = _format_share(printed, 1)
        yield Condition(_TRUTH_0, f"{share} times K of the pixels are predicted as class 0")
    if printed.is_precise:
        yield Condition(_MICRO, f"{2 * value / (1 + value):.2%} of the pixels are correct")
    yield Condition(OLD_SKLEARN, f"{_format_share(printed, 1)} of the pixels are correct")
    if num_classes and 1 / num_classes < value <= 2 / (num_classes + 1):
        yield Condition(
            _SOFTMAX,
            f"the mean of 2f / (1 + f) is {value:.4f}, f each class's share of an image",
        )


def _list_collapsed(printed: PrintedScore, num_classes: int | None) -> Iterator[Condition]:
    """Yield that the background is predicted everywhere, for usual numbers of classes."""
    known = {num_classes: 1.0} if num_classes else USUAL_CLASSES
    low, high = USUAL_BACKGROUND
    fitting = {
        classes: weight
        for classes, weight in known.items()
        if low <= classes * printed.middle <= high + classes * printed.width / 2
    }
    if not fitting:
        share = _format_share(printed, 1)
        yield Condition(
            _COLLAPSED, f"the background holds {share} times K of the pixels, K classes"
        )
        return
    usual = sorted(fitting, key=lambda classes: -fitting[classes])[:MOST_CLASSES_NAMED]
    shares = ", or ".join(
        f"{_format_share(printed, classes)} of the pixels ({classes} classes)" for classes in usual
    )
    prior = max(_COLLAPSED.prior, 0.6 * fitting[usual[0]], 0.55)
    yield Condition(replace(_COLLAPSED, prior=prior), f"the background holds {shares}")


def _list_for_two_classes(printed: PrintedScore) -> Iterator[Condition]:
    """Yield the conditions that are possible for background and foreground only."""
    value = printed.middle
    if not SMALLEST_SHARE < value < 1:
        return
    if value <= 1 / TWO_CLASSES:
        twice = _format_share(printed, TWO_CLASSES)
        likely = 2 * value >= USUAL_BACKGROUND[0]
        sigmoid = _SIGMOID if likely else replace(_SIGMOID, prior=0.2)
        yield Condition(sigmoid, f"the background holds {twice} of the pixels")
        yield Condition(_IGNORED_255, f"{twice} of the true background is predicted as background")
    if 1 / TWO_CLASSES < value <= 1 / TWO_CLASSES + ALMOST_HALF:
        yield Condition(_HALF, f"the foreground's IoU is at least {2 * value - 1:.2%}")
    half = f" or {_format_share(printed, TWO_CLASSES)}" if value <= 1 / TWO_CLASSES else ""
    share = _format_share(printed, 1)
    yield Condition(_RECALL, f"{share}{half} of the true foreground is found")
    yield Condition(_LOGICAL, f"the foreground holds {share} of the pixels")


def _format_share(printed: PrintedScore, factor: int) -> str:
    """Return a multiple of the score as a share of the pixels: an interval if it has few digits."""
    low, high = (min(1.0, max(0.0, factor * end)) for end in printed.ranges[0])
    if printed.is_precise:
        return f"{min(1.0, factor * printed.middle):.2%}"
    return f"{low:.1%} to {high:.1%}" if high - low < NARROW else f"{low:.0%} to {high:.0%}"
