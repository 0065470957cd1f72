"""Formulas: scores that follow from a few facts about the data, for any predictions.

Source: arithmetic of the implementations' rules, each run once with the library that it names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.formula import TWO_CLASSES, Facts, Formula
from iou_doctor.score_search.faults.stuck_numbers import ALMOST_1, VALUES, list_constants

COMMON_CLASSES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 20, 21, 34, 150, 151)
"""Numbers of classes that are tried if it is unknown: small ones, and those of known data sets."""
MOST_EVEN_CLASSES = 10
"""The most classes that are ever equally frequent, if their number is unknown."""
EVEN_SHARE = 0.005
"""Shares of classes that differ by less than this from 1 / C are equal."""
SPARSE = "sparse_y_true=False, sparse_y_pred=False"


ONE_HOT = Cause(
    "one-hot-masks",
    "one-hot masks and softmax read as class ids: (C - 1) / 2C",
    f"argmax both, or give the metric {SPARSE}",
    prior=0.9,
)
_ONE_RIGHT = Cause(
    "collapsed-predictions",
    "one of C classes has an IoU of 1 and all others have 0 (only the background is predicted, or"
    " the other ids of the masks are no class ids): 1 / C",
    "print the distinct labels of both arrays",
    prior=0.35,
)
_ONE_MISSED = Cause(
    "never-predicted-class",
    "one of C classes is missed altogether, and all others are perfect: (C - 1) / C",
    "print the score of each class",
    prior=0.1,
)
_ONE_EVERYWHERE = Cause(
    "collapsed-predictions",
    "one class predicted everywhere, all classes equally frequent: 1 / C²",
    "print the distinct predicted labels",
    prior=0.1,
)
_UNRELATED = Cause(
    "shuffled-samples",
    "predictions unrelated to the masks, classes equally frequent: 1 / (2C - 1)",
    "check that predictions and masks are in the same order",
    prior=0.1,
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
_DROPPED_255 = Cause(
    "masks-0-255",
    "0/255 masks: 255 is dropped, and no true background is predicted as foreground",
    VALUES,
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
    yield from list_constants(facts)
    if facts is None and num_classes in {None, TWO_CLASSES}:  # with arrays it is evaluated exactly
        yield Formula(_DROPPED_255, ALMOST_1, "Keras BinaryIoU (>= 3.15)")
    for classes in (num_classes,) if num_classes else COMMON_CLASSES:
        yield from _list_for_num_classes(classes, facts, known=num_classes is not None)
    if facts is not None:
        yield from _list_for_facts(facts)


def _list_for_num_classes(classes: int, facts: Facts | None, *, known: bool) -> Iterator[Formula]:
    # if the number of classes is unknown, a large one is the less likely explanation
    weight = 1.0 if known else 1 / (1 + classes / 10)
    words = "" if known else f", C = {classes}"
    channels = facts is None or facts.has_channels
    yield Formula(
        replace(ONE_HOT, claim=ONE_HOT.claim + words, prior=ONE_HOT.prior * weight),
        (classes - 1) / (2 * classes),
        "Keras MeanIoU",
        possible=channels,
    )
    # with arrays, 1 / C is evaluated exactly
    even = facts is None or max(abs(share - 1 / classes) for share in facts.shares) < EVEN_SHARE
    causes = {_ONE_RIGHT: 1 / classes}
    if classes > TWO_CLASSES:
        causes[_ONE_MISSED] = (classes - 1) / classes
    if known or classes <= MOST_EVEN_CLASSES:
        causes |= {_ONE_EVERYWHERE: 1 / classes**2, _UNRELATED: 1 / (2 * classes - 1)}
    for cause, value in causes.items():
        named = replace(cause, claim=cause.claim + words, prior=cause.prior * weight)
        yield Formula(named, value, "Keras MeanIoU", possible=even)


def _list_for_facts(facts: Facts) -> Iterator[Formula]:
    background = facts.shares[0]
    look = "check whether the predictions are floats; argmax or threshold them"
    scores, channels = facts.holds_scores, facts.has_channels
    truncated = "scores cast to 0: half the background's share"
    yield Formula(
        Cause("unthresholded-sigmoid", truncated, look, 0.5),
        background / 2,
        "Keras MeanIoU(2)",
        possible=scores,
    )
    logical = "np.logical_and of raw scores: the share of the foreground"
    yield Formula(
        Cause("unthresholded-sigmoid", logical, look, 0.1),
        1 - background,
        "np.logical_and",
        possible=scores,
    )
    if not math.isnan(facts.softmax_dice):
        softmax = (
            "softmax into a metric that counts every score except 0 as"
            " foreground: the mean of 2f / (1 + f)"
        )
        yield Formula(
            Cause("unargmaxed-probabilities", softmax, look, 0.2),
            facts.softmax_dice,
            "MONAI DiceMetric",
            possible=channels,
        )
    if not math.isnan(facts.accuracy):
        yield Formula(SMOOTH, 1 - (1 - facts.accuracy) / 101, "jaccard_distance")
        yield Formula(OLD_SKLEARN, facts.accuracy, "sklearn jaccard_similarity_score")
