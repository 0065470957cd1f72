"""Void, the background, and the number of classes: what somebody else may have counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.counts.label_decoding import naive_answer
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.label_changes import drop_truth, map_strays, relabel


def vary_void_labels(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield what becomes of void, the background and the number of classes."""
    classes, ignore = read.num_classes, read.ignore_index
    if ignore is not None:
        yield (
            Cause(
                "void-taken-out",
                f"pixels of the ignore label {ignore} are taken out first",
                "nothing is wrong with that; compare numbers made in the same way",
                prior=0.6,
            ),
            replace(drop_truth(read, ignore), ignore_index=None),
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
                replace(drop_truth(read, ignore), ignore_index=label),
            )
    yield from _map_strays(read)
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


def _map_strays(read: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield void and foreign labels counted as a class."""
    classes = read.num_classes
    strays = [
        label
        for label in read.labels.relabel(truth=naive_answer).truth_counts()
        if not 0 <= label < classes
    ]
    for target, prior in ((0, 0.2), (classes - 1, 0.05), (classes, 0.2)):
        if strays:
            counted = "one more class" if target == classes else f"class {target}"
            yield (
                Cause(
                    "foreign-label-ids",
                    f"labels outside the classes are counted as {counted}",
                    "look at what loading makes of void and unknown ids",
                    prior=prior,
                ),
                replace(
                    relabel(read, truth=map_strays(target, classes)),
                    ignore_index=None,
                    num_classes=max(classes, target + 1),
                ),
            )
