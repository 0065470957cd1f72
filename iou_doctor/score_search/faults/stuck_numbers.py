"""Numbers that scores get stuck at, whatever the model does.

Source: public threads, and each implementation run once with the fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.formula import Facts, Formula

ALMOST_1 = 1 - 2**-23
"""What Keras 3 reports for an IoU of 1: it adds 1e-7 to each denominator, in float32."""
SINGLE_1 = 1 - 2**-24
"""The largest number below 1 in float32."""
_CHANNELS = "check the shapes: argmax needs one channel for each class"
VALUES = "check the largest mask value; use masks > 127"

ONE_CLASS_COUNTED = Cause(
    "mostly-ignored",
    "only one class is counted: everything else is ignored or outside the classes (0/255 masks"
    " with an ignore label of 255), or the masks hold one class",
    "print the distinct labels of both arrays, and how many pixels the metric counts",
    prior=0.6,
)
_SAME_ARRAY = Cause(
    "suspicious-perfect-score",
    "the same array is passed as masks and as predictions, or both are read from one folder",
    "compare the two arrays: they must not be equal",
    prior=0.5,
)
_BOTH_ZERO = Cause(
    "masks-divided-by-255",
    "both arrays are 0 after a cast to integers: masks divided by 255, and scores below 1",
    "print the distinct values of both arrays as the metric gets them",
    prior=0.4,
)
_ONE_CHANNEL = Cause(
    "single-channel-softmax",
    "argmax over one channel: everything is class 0",
    _CHANNELS,
    prior=0.3,
)
_EMPTY_AS_1 = Cause(
    "absent-class",
    "the class is in neither array, and its ratio of 0 / 0 counts as 1",
    "check that the masks hold the class; leave images without it out of the mean",
    prior=0.2,
)
_NOTHING_HIT = Cause(
    "foreign-label-ids",
    "no pixel is right: the two arrays use different labels (0 and 255 against 0 and 1, or ids"
    " that are off by one), or the class is never predicted",
    "print the distinct labels of both arrays",
    prior=0.6,
)
_NOTHING_COUNTED = Cause(
    "mostly-ignored",
    "the metric has counted nothing: every pixel is ignored, or it was reset or never updated",
    "print how many pixels the metric counts",
    prior=0.4,
)
_ADDED_BOOLS = Cause(
    "metric-misreads-arrays",
    "boolean arrays are added and compared with 2: True + True is True",
    "use np.logical_and for the intersection",
    prior=0.25,
)
_FLOAT_WEIGHT = Cause(
    "metric-misreads-arrays",
    "a float sample_weight, truncated to 0 (Keras >= 3.8)",
    "check sample_weight: pass integers, or none",
    prior=0.2,
)
_WHOLE_DIVISION = Cause(
    "metric-misreads-arrays",
    "the ratio is divided as integers, or printed with too few digits",
    "use / and not //, and print more digits",
    prior=0.15,
)
_PRODUCTS_255 = "sums of products of 0/255 arrays, IoU"
_STOPPED = Cause("counter-overflow", "", "count in int64", prior=0.6)
_SOFT_255 = "masks of 255 against predictions of 1 in soft sums"


def list_constants(facts: Facts | None) -> Iterator[Formula]:
    """Yield values that causes give for any data.

    Args:
        facts: the facts about the data; `None` if there are no arrays.
    """
    if facts is None:
        yield from _list_without_arrays()
    one_channel = facts is None or facts.has_one_channel
    yield Formula(_ONE_CHANNEL, 1.0, "", possible=one_channel)
    yield Formula(_ONE_CHANNEL, ALMOST_1, "Keras 3", possible=one_channel)
    yield Formula(_FLOAT_WEIGHT, 0.0, "", possible=facts is None)
    bright = facts is None or facts.holds_255
    for value, claim, prior in (
        (1 / 255, f"{_SOFT_255}: 1 / 255", 0.3),
        (255.0, f"{_SOFT_255}, IoU: 255", 0.5),
        (510 / 256, f"{_SOFT_255}, Dice: 510 / 256", 0.5),
        (
            255**2 / (510 - 255**2),
            "sums of products of 0/255 arrays, IoU: 255² / (510 - 255²)",
            0.5,
        ),
        (1 / 510, "uint8 products of 0/255 masks that wrap: 1 / 510", 0.1),
    ):
        yield Formula(Cause("masks-0-255", claim, VALUES, prior), value, "", possible=bright)


def _list_without_arrays() -> Iterator[Formula]:
    for cause in (ONE_CLASS_COUNTED, _SAME_ARRAY, _BOTH_ZERO, _EMPTY_AS_1):
        yield Formula(cause, 1.0, "")
    yield Formula(ONE_CLASS_COUNTED, SINGLE_1, "")
    for limit, dtype in ((2**24, "float32"), (2**11, "float16")):
        claim = f"a counter of pixels in {dtype}, which stops at {limit:,}"
        yield Formula(replace(_STOPPED, claim=claim), float(limit), "")
    for cause in (_NOTHING_HIT, _NOTHING_COUNTED, _ADDED_BOOLS, _WHOLE_DIVISION):
        yield Formula(cause, 0.0, "")
