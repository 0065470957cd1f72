"""Faults of class ids, each applied exactly to the counts of label pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.label_changes import (
    drop_truth,
    keep_label,
    relabel,
    reverse,
    rotate,
    shift,
    swap,
)
from iou_doctor.score_search.faults.void_labels import vary_void_labels

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
"""The batch sizes that are tried if the user names none."""
FEWEST_TO_PERMUTE = 3
"""With two classes, `_scale` yields the only other order."""
MOST_SWAPS = 12
"""The maximum number of classes for which every two are swapped: 66 faults."""
VOID = 255
"""The void label that loading code writes, and the foreground of 8-bit masks."""

UNCHANGED = Cause(
    "as-given",
    "the arrays as they are",
    "see which of these printed your number, and compare only numbers of the same kind",
    prior=1.0,
)
AS_CLASS_IDS = Cause(
    "class-ids",
    "class ids taken from the arrays first (argmax, threshold)",
    "check that your code takes class ids in the same way",
    prior=0.9,
)
READS_SCORES = frozenset(
    {"unargmaxed-probabilities", "unthresholded-sigmoid", "single-channel-softmax"}
)
"""The names of faults that predictions which are class ids already rule out."""
CLEARS_MASKS = frozenset({"masks-divided-by-255"})
"""The names of faults that masks of integers with several labels rule out."""
NEEDS_255 = frozenset({"masks-0-255"})
"""The names of faults that masks of 0 and 1 rule out."""
READ_WELL = Cause(
    "mended",
    "the arrays after the repairs of their values, with all pixels in place",
    "run `iou-doctor check` on the pair for the faults",
    prior=0.9,
)
REPAIRED = Cause(
    "mended",
    "the arrays after the repairs that `iou-doctor check` finds",
    "run `iou-doctor check` on the pair for the fault, and `iou-doctor fix` for the repair",
    prior=0.9,
)


def list_faults(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield each fault, and the arrays as they would be with it.

    Args:
        inputs: the arrays as class ids, correctly interpreted.
    """
    yield AS_CLASS_IDS, inputs
    yield from split_into_batches(inputs)
    yield from _collapse(inputs)
    yield from vary_void_labels(inputs)
    yield from _shift(inputs)
    yield from _scale(inputs)
    yield from _exchange_sides(inputs)
    yield from _permute(inputs)


def split_into_batches(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield usual batch sizes, unless the user named one."""
    if inputs.batch_size is not None:
        return
    for size in BATCH_SIZES:
        if size < inputs.samples:
            yield (
                Cause(
                    "averaging-gap",
                    f"averages over batches of {size}",
                    f"run again with --batch-size {size}, or with the size that you use",
                    prior=0.4,
                ),
                replace(inputs, batch_size=size),
            )


def _collapse(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    zero = np.zeros_like
    yield (
        Cause(
            "unargmaxed-probabilities",
            "every prediction is class 0: scores below 1 cast to integers, or a model that has"
            " collapsed",
            "check whether the predictions are floats; argmax or threshold them",
            prior=0.8,
        ),
        relabel(inputs, prediction=zero),
    )
    yield (
        Cause(
            "masks-divided-by-255",
            "every true label is 0: masks divided by 255 and cast, or argmaxed over an axis of size"
            " 1",
            "print the distinct values of the masks as the metric gets them",
            prior=0.3,
        ),
        relabel(inputs, truth=zero),
    )


def _shift(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    ignore, classes = inputs.ignore_index, inputs.num_classes
    for side in ("truth", "prediction"):
        array = "masks" if side == "truth" else "predictions"
        for step in (1, -1):
            change = keep_label(ignore, shift(step))
            cause = Cause(
                "labels-off-by-one",
                f"the {array} are shifted by {step:+d}",
                "compare the smallest and the largest label on both sides",
                prior=0.25,
            )
            yield cause, relabel(inputs, **{side: change})
            if step == 1:
                wider = replace(cause, claim=f"{cause.claim}, with {classes + 1} classes")
                yield wider, replace(relabel(inputs, **{side: change}), num_classes=classes + 1)
    reduced = keep_label(ignore, lambda ids: np.where(ids == 0, VOID, ids - 1))
    cause = Cause(
        "zero-label-reduced",
        "the label 0 of the masks became 255, and all others are one less",
        "search for reduce_zero_label, used on one side or where 0 is a class",
        prior=0.2,
    )
    yield cause, relabel(inputs, truth=reduced)
    yield (
        replace(cause, claim=f"{cause.claim}, 255 ignored"),
        replace(relabel(drop_truth(inputs, ignore), truth=reduced), ignore_index=VOID),
    )


def _scale(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    if inputs.num_classes != TWO_CLASSES:
        return
    bright = keep_label(inputs.ignore_index, lambda ids: ids * VOID)
    invert = keep_label(inputs.ignore_index, lambda ids: 1 - ids)
    yield (
        Cause(
            "masks-0-255",
            "the masks are 0 and 255",
            "check the largest mask value; use masks > 127",
            prior=0.4,
        ),
        relabel(inputs, truth=bright),
    )
    yield (
        Cause(
            "inverted-masks",
            "foreground and background of the masks are swapped",
            "check which of 0 and 1 is the foreground on each side",
            prior=0.15,
        ),
        relabel(inputs, truth=invert),
    )


def _exchange_sides(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    yield (
        Cause(
            "inputs-swapped",
            "masks and predictions are swapped",
            "check the order of the arguments: torch libraries take predictions first",
            prior=0.2,
        ),
        replace(
            inputs,
            labels=inputs.labels.swap_sides(),
            true_dtype=inputs.pred_dtype,
            pred_dtype=inputs.true_dtype,
        ),
    )


def _permute(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the orders of classes that people mix up; for two classes see `_scale`."""
    classes = inputs.num_classes
    cause = Cause(
        "permuted-classes",
        "the classes are in reverse order on one side",
        "compare the lists of class names of both sides",
        prior=0.04,
    )
    if classes < FEWEST_TO_PERMUTE:
        return
    yield cause, relabel(inputs, prediction=reverse(classes))
    for step, ours, theirs in ((1, "last", "first"), (-1, "first", "last")):
        claim = f"the background is the {ours} class of the masks, the {theirs} of the predictions"
        yield replace(cause, claim=claim), relabel(inputs, prediction=rotate(step, classes))
    if classes > MOST_SWAPS:
        return
    for one, other in combinations(range(classes), 2):
        claim = f"classes {one} and {other} are swapped on one side"
        yield (
            replace(cause, claim=claim, prior=0.02),
            relabel(inputs, prediction=swap(one, other)),
        )
