"""Faults of class ids, each an exact re-projection of the pair counts: no second pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from iou_doctor.derivation import naive_answer
from iou_doctor.given import Given
from iou_doctor.lookup import Cause
from iou_doctor.stats import PairCounts

Labels = NDArray[np.int64]
Change = Callable[[Labels], Labels]

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
MOST_SWAPS = 12
"""Classes up to which each two are exchanged: 66 hypotheses."""
VOID = 255

AS_GIVEN = Cause(
    "as-given",
    "the arrays as they are",
    "see which of these your number comes from, and compare numbers of one kind only",
    prior=1.0,
)
WELL_READ = Cause(
    "class-ids",
    "class ids taken from the arrays first (argmax, threshold)",
    "compare with the same reading on your side",
    prior=0.9,
)
MENDED = Cause(
    "mended",
    "the arrays after the repairs that `iou-doctor check` finds",
    "run `iou-doctor check` on the pair for the fault, and `iou-doctor fix` for the repair",
    prior=0.9,
)


def what_ifs(read: Given) -> Iterator[tuple[Cause, Given]]:
    """Yield each fault, and the arrays as they would be with it.

    Args:
        read: the arrays as class ids, well read.
    """
    yield WELL_READ, read
    yield from _batches(read)
    yield from _collapsed(read)
    yield from _void(read)
    yield from _shifted(read)
    yield from _scaled(read)
    yield from _exchanged(read)


def _batches(read: Given) -> Iterator[tuple[Cause, Given]]:
    """Yield updates of so many images, where the user did not name their number."""
    if read.batch_size is not None:
        return
    for size in BATCH_SIZES:
        if size < read.samples:
            yield (
                Cause(
                    "averaging-gap",
                    f"averages over batches of {size}",
                    f"ask again with --batch-size {size}, or the size that you use",
                    prior=0.4,
                ),
                replace(read, batch_size=size),
            )


def _collapsed(read: Given) -> Iterator[tuple[Cause, Given]]:
    zero = np.zeros_like
    yield (
        Cause(
            "unargmaxed-probabilities",
            "every prediction is class 0: scores below 1 cast to integers, or a model that has"
            " collapsed",
            "look whether the predictions are floats; argmax or threshold them",
            prior=0.8,
        ),
        _changed(read, prediction=zero),
    )
    yield (
        Cause(
            "masks-divided-by-255",
            "every true label is 0: masks divided by 255 and cast, or argmaxed over an axis of one",
            "look at the distinct values of the masks as the metric gets them",
            prior=0.3,
        ),
        _changed(read, truth=zero),
    )


def _void(read: Given) -> Iterator[tuple[Cause, Given]]:
    classes, ignore = read.num_classes, read.ignore_index
    if ignore is not None:
        yield (
            Cause(
                "void-taken-out",
                f"pixels of the ignore label {ignore} are taken out first",
                "nothing is wrong with that; compare numbers made in the same way",
                prior=0.6,
            ),
            replace(_without(read, ignore), ignore_index=None),
        )
        yield (
            Cause(
                "undeclared-void-label",
                f"the ignore label {ignore} is not declared",
                f"give the metric its ignore label, {ignore}",
                prior=0.5,
            ),
            replace(read, ignore_index=None),
        )
    for label, prior in ((0, 0.35), (classes - 1, 0.05)):
        if ignore != label:
            yield (
                Cause(
                    "ignored-class-in-range",
                    f"class {label} is ignored" + (", the background" if label == 0 else ""),
                    f"look for ignore_index={label} or a dropped class {label}",
                    prior=prior,
                ),
                replace(_without(read, ignore), ignore_index=label),
            )
    yield from _mapped_strays(read)
    yield (
        Cause(
            "num-classes-too-large",
            f"one class more than there are, {classes + 1}",
            "look whether void or a background was counted as a class",
            prior=0.15,
        ),
        replace(read, num_classes=classes + 1),
    )
    if classes > 2:
        yield (
            Cause(
                "label-out-of-range",
                f"one class fewer than there are, {classes - 1}",
                "look at num_classes: the background counts",
                prior=0.1,
            ),
            replace(read, num_classes=classes - 1),
        )


def _mapped_strays(read: Given) -> Iterator[tuple[Cause, Given]]:
    """Yield void and foreign labels counted as a class."""
    classes = read.num_classes
    strays = [
        label
        for label in read.labels.relabel(truth=naive_answer).truth_counts()
        if not 0 <= label < classes
    ]
    for target, prior in ((0, 0.2), (classes - 1, 0.05), (classes, 0.2)):
        if strays:
            counted = "a class of its own" if target == classes else f"class {target}"
            yield (
                Cause(
                    "foreign-label-ids",
                    f"labels outside the classes are counted as {counted}",
                    "look at what loading makes of void and unknown ids",
                    prior=prior,
                ),
                replace(
                    _changed(read, truth=_strays_to(target, classes)),
                    ignore_index=None,
                    num_classes=max(classes, target + 1),
                ),
            )


def _shifted(read: Given) -> Iterator[tuple[Cause, Given]]:
    ignore, classes = read.ignore_index, read.num_classes
    for side in ("truth", "prediction"):
        array = "masks" if side == "truth" else "predictions"
        for step in (1, -1):
            shift = _but(ignore, _plus(step))
            cause = Cause(
                "labels-off-by-one",
                f"the {array} are shifted by {step:+d}",
                "compare the smallest and the largest label on both sides",
                prior=0.25,
            )
            yield cause, _changed(read, **{side: shift})
            if step == 1:
                wider = replace(cause, claim=f"{cause.claim}, with {classes + 1} classes")
                yield wider, replace(_changed(read, **{side: shift}), num_classes=classes + 1)
    reduced = _but(ignore, lambda ids: np.where(ids == 0, VOID, ids - 1))
    cause = Cause(
        "zero-label-reduced",
        "the label 0 of the masks became 255, and all others are one less",
        "look for reduce_zero_label, on one side or where 0 is a class",
        prior=0.2,
    )
    yield cause, _changed(read, truth=reduced)
    yield (
        replace(cause, claim=f"{cause.claim}, 255 ignored"),
        replace(_changed(_without(read, ignore), truth=reduced), ignore_index=VOID),
    )


def _scaled(read: Given) -> Iterator[tuple[Cause, Given]]:
    if read.num_classes != 2:
        return
    bright = _but(read.ignore_index, lambda ids: ids * VOID)
    invert = _but(read.ignore_index, lambda ids: 1 - ids)
    yield (
        Cause(
            "masks-0-255",
            "the masks are 0 and 255",
            "look at the largest mask value; use masks > 127",
            prior=0.4,
        ),
        _changed(read, truth=bright),
    )
    yield (
        Cause(
            "inverted-masks",
            "foreground and background of the masks are exchanged",
            "look which of 0 and 1 is the foreground on each side",
            prior=0.15,
        ),
        _changed(read, truth=invert),
    )


def _exchanged(read: Given) -> Iterator[tuple[Cause, Given]]:
    yield (
        Cause(
            "inputs-swapped",
            "masks and predictions have changed places",
            "look at the order of the arguments: torch libraries take predictions first",
            prior=0.2,
        ),
        replace(
            read,
            labels=PairCounts.from_rows(
                image=read.labels.image,
                truth=read.labels.prediction,
                prediction=read.labels.truth,
                count=read.labels.count,
            ),
            true_dtype=read.pred_dtype,
            pred_dtype=read.true_dtype,
        ),
    )
    if not 2 < read.num_classes <= MOST_SWAPS:
        return
    for one, other in combinations(range(read.num_classes), 2):
        yield (
            Cause(
                "permuted-classes",
                f"classes {one} and {other} are exchanged on one side",
                "compare the lists of class names of both sides",
                prior=0.02,
            ),
            _changed(read, prediction=_swap(one, other)),
        )


def _plus(step: int) -> Change:
    return lambda ids: ids + step


def _strays_to(target: int, classes: int) -> Change:
    return lambda ids: np.where((ids >= 0) & (ids < classes), ids, target)


def _swap(one: int, other: int) -> Change:
    def swapped(ids: Labels) -> Labels:
        return np.where(ids == one, other, np.where(ids == other, one, ids))

    return swapped


def _but(ignore: int | None, change: Change) -> Change:
    """Return the change that leaves the ignore label as it is."""
    if ignore is None:
        return change
    return lambda ids: np.where(ids == ignore, ids, change(ids))


def _without(read: Given, label: int | None) -> Given:
    """Return the arrays without the pixels whose truth is a label."""
    if label is None:
        return read
    return replace(read, labels=read.labels.where(read.labels.truth != label))


def _changed(
    read: Given, *, truth: Change | None = None, prediction: Change | None = None
) -> Given:
    """Return the arrays with the ids of one side changed."""
    labels = read.labels.relabel(truth=naive_answer, prediction=naive_answer)
    return replace(read, labels=labels.relabel(truth=truth, prediction=prediction))
