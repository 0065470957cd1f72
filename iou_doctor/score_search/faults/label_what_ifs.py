"""Faults of class ids, each an exact re-projection of the pair counts: no second pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

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
FEWEST_TO_PERMUTE = 2
MOST_SWAPS = 12
"""Classes up to which each two are exchanged: 66 hypotheses."""
VOID = 255

UNCHANGED = Cause(
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
REPAIRED = Cause(
    "mended",
    "the arrays after the repairs that `iou-doctor check` finds",
    "run `iou-doctor check` on the pair for the fault, and `iou-doctor fix` for the repair",
    prior=0.9,
)


def list_what_ifs(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield each fault, and the arrays as they would be with it.

    Args:
        read: the arrays as class ids, well read.
    """
    yield WELL_READ, read
    yield from _split_into_batches(read)
    yield from _collapse(read)
    yield from vary_void_labels(read)
    yield from _shift(read)
    yield from _scale(read)
    yield from _exchange_sides(read)
    yield from _permute(read)


def _split_into_batches(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
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


def _collapse(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    zero = np.zeros_like
    yield (
        Cause(
            "unargmaxed-probabilities",
            "every prediction is class 0: scores below 1 cast to integers, or a model that has"
            " collapsed",
            "look whether the predictions are floats; argmax or threshold them",
            prior=0.8,
        ),
        relabel(read, prediction=zero),
    )
    yield (
        Cause(
            "masks-divided-by-255",
            "every true label is 0: masks divided by 255 and cast, or argmaxed over an axis of one",
            "look at the distinct values of the masks as the metric gets them",
            prior=0.3,
        ),
        relabel(read, truth=zero),
    )


def _shift(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    ignore, classes = read.ignore_index, read.num_classes
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
            yield cause, relabel(read, **{side: change})
            if step == 1:
                wider = replace(cause, claim=f"{cause.claim}, with {classes + 1} classes")
                yield wider, replace(relabel(read, **{side: change}), num_classes=classes + 1)
    reduced = keep_label(ignore, lambda ids: np.where(ids == 0, VOID, ids - 1))
    cause = Cause(
        "zero-label-reduced",
        "the label 0 of the masks became 255, and all others are one less",
        "look for reduce_zero_label, on one side or where 0 is a class",
        prior=0.2,
    )
    yield cause, relabel(read, truth=reduced)
    yield (
        replace(cause, claim=f"{cause.claim}, 255 ignored"),
        replace(relabel(drop_truth(read, ignore), truth=reduced), ignore_index=VOID),
    )


def _scale(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    if read.num_classes != 2:
        return
    bright = keep_label(read.ignore_index, lambda ids: ids * VOID)
    invert = keep_label(read.ignore_index, lambda ids: 1 - ids)
    yield (
        Cause(
            "masks-0-255",
            "the masks are 0 and 255",
            "look at the largest mask value; use masks > 127",
            prior=0.4,
        ),
        relabel(read, truth=bright),
    )
    yield (
        Cause(
            "inverted-masks",
            "foreground and background of the masks are exchanged",
            "look which of 0 and 1 is the foreground on each side",
            prior=0.15,
        ),
        relabel(read, truth=invert),
    )


def _exchange_sides(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    yield (
        Cause(
            "inputs-swapped",
            "masks and predictions have changed places",
            "look at the order of the arguments: torch libraries take predictions first",
            prior=0.2,
        ),
        replace(
            read,
            labels=read.labels.swapped(),
            true_dtype=read.pred_dtype,
            pred_dtype=read.true_dtype,
        ),
    )


def _permute(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the orders of classes that people mix up; of two classes see `_scaled`."""
    classes = read.num_classes
    cause = Cause(
        "permuted-classes",
        "the classes stand in the opposite order on one side",
        "compare the lists of class names of both sides",
        prior=0.04,
    )
    if classes <= FEWEST_TO_PERMUTE:
        return
    yield cause, relabel(read, prediction=reverse(classes))
    for step, ours, theirs in ((1, "last", "first"), (-1, "first", "last")):
        claim = f"the background is the {ours} class of the masks, the {theirs} of the predictions"
        yield replace(cause, claim=claim), relabel(read, prediction=rotate(step, classes))
    if classes > MOST_SWAPS:
        return
    for one, other in combinations(range(classes), 2):
        claim = f"classes {one} and {other} are exchanged on one side"
        yield (
            replace(cause, claim=claim, prior=0.02),
            relabel(read, prediction=swap(one, other)),
        )
