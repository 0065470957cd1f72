"""Causes of scores that no ratio of areas can have: above 1 or below 0."""

from __future__ import annotations

from collections.abc import Iterator

from iou_doctor.report.score_lookup import PERCENT, Cause, Condition, PrintedScore

MOST_PLAUSIBLE_SHARE = 2.0
"""Up to this value a Dice score of masks of 255 grows."""
AS_SHARE_BESIDE_PERCENT = 0.4
"""Applied to the prior of these causes if the number is rather a percentage."""
MOST_SEEN = 10.0
"""Above this value it is rarely anything else."""
BATCH_SIZES = (4, 8, 16, 32, 64)
"""Numbers of values that people forget to divide a sum by."""
LEAST_ADDED_MEAN = 0.9
"""The least mean of these values for which the sum shows their number."""
_PRINT_MASKS = "print the distinct values of the masks; use masks > 127"

_SOFT_255 = Cause(
    "masks-0-255",
    "soft sums of 0/255 masks: Dice grows up to 1.99, IoU up to 255",
    _PRINT_MASKS,
    prior=0.7,
)
_IDS = Cause(
    "metric-misreads-arrays",
    "sums of products of class ids, p * t (also in scipy.spatial.distance.dice), which is the"
    " intersection for 0 and 1 only",
    "compare with each class id first, or one-hot encode both arrays",
    prior=0.4,
)
_TOO_FEW = Cause(
    "averaging-gap",
    "a sum over images or batches that is divided by too few, or not at all",
    "divide by the number of values, or use np.mean",
    prior=0.35,
)
_PLUS_1 = Cause(
    "averaging-gap",
    "total / i + 1 without parentheses: a mean plus 1",
    "write total / (i + 1)",
    prior=0.3,
)
_LOGITS = Cause(
    "unargmaxed-logits",
    "logits in soft sums: their areas are no areas",
    "apply sigmoid or softmax first, or argmax",
    prior=0.3,
)
_PERCENT_TWICE = Cause(
    "averaging-gap",
    "a percentage that was multiplied by 100 once more",
    "print the number without multiplying it by 100",
    prior=0.3,
)
_WRAPPED = Cause(
    "counter-overflow",
    "areas counted in uint8, which wrap at 256: the union is the difference of wrapped areas",
    "sum in int64: array.sum(dtype=np.int64)",
    prior=0.5,
)
_PRODUCTS_255 = Cause(
    "masks-0-255",
    "sums of products of 0/255 arrays: IoU falls below 0, to 255² / (510 - 255²) = -1.0079 where"
    " both are 255",
    _PRINT_MASKS,
    prior=0.53,
)
_NOT_BOOLEAN = Cause(
    "metric-misreads-arrays",
    "scipy.spatial.distance.dice of arrays that are not boolean",
    "use (array > 0).ravel(), and 1 - dice for the score",
    prior=0.52,
)
_BATCH = Cause(
    "averaging-gap",
    "a sum over images or batches that is never divided",
    "divide by the number of values, or use np.mean",
    prior=0.45,
)
_LOSS = Cause(
    "metric-misreads-arrays",
    "it is a loss, the score times -1",
    "print the score and not the loss",
    prior=0.55,
)


def list_impossible(printed: PrintedScore) -> Iterator[Condition]:
    """Yield what can give a score above 1 or below 0; nothing for another score."""
    if printed.ranges[0][1] < 0:
        yield from _list_negative(printed)
    if any(low > 1 for low, _ in printed.ranges):
        yield from _list_above_1(printed)


def _list_negative(printed: PrintedScore) -> Iterator[Condition]:
    value = printed.middle
    yield Condition(_WRAPPED, "the arrays or their areas are uint8")
    yield Condition(_PRODUCTS_255, "the masks or the predictions hold 255")
    yield Condition(_LOGITS, "the predictions hold values below 0")
    if value >= -1:
        yield Condition(_NOT_BOOLEAN, "the arrays hold class ids above 1")
        yield Condition(_LOSS, f"the score is {-value:.4f}")


def _list_above_1(printed: PrintedScore) -> Iterator[Condition]:
    share = max(sum(ends) / 2 for ends in printed.ranges)
    is_percentage = printed.middle <= 1
    if is_percentage and share > MOST_PLAUSIBLE_SHARE:
        condition = f"{printed.text} is not a percentage"
        weaker = _SOFT_255.prior * AS_SHARE_BESIDE_PERCENT ** (1 if share <= MOST_SEEN else 2)
        yield Condition(_weaken(_SOFT_255, weaker), condition)
        for size in BATCH_SIZES:
            if LEAST_ADDED_MEAN * size <= share <= size:
                yield Condition(_BATCH, f"{size} values of {share / size:.3f} on average are added")
        return
    yield Condition(_SOFT_255, "the masks hold 255")
    yield Condition(_IDS, "the arrays hold class ids above 1")
    yield Condition(_TOO_FEW, f"{share:.6g} times too few is the sum of the values")
    if 1 < share < MOST_PLAUSIBLE_SHARE:
        yield Condition(_PLUS_1, f"the mean is {share - 1:.4f}")
    if share > PERCENT:
        yield Condition(_PERCENT_TWICE, f"the score is {share / PERCENT:.2f}%")
    yield Condition(_LOGITS, "the predictions are not between 0 and 1")


def _weaken(cause: Cause, prior: float) -> Cause:
    return Cause(cause.name, cause.claim, cause.next_step, prior)
