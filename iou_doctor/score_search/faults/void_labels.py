"""Faults of void labels, of the background and of the number of classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.counts.label_decoding import decode_no_class
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.report.score_lookup import Cause
from iou_doctor.score_search.faults.label_changes import drop_truth, map_strays, relabel


def vary_void_labels(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield each fault, and the arrays as they would be with it."""
    yield from _remove_or_count_void(inputs)
    yield from _ignore_a_class(inputs)
    yield from _delete_rows_and_columns(inputs)
    yield from _map_strays(inputs)
    yield from _change_num_classes(inputs)


def _remove_or_count_void(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the arrays without the pixels of the ignore label, and with the label undeclared."""
    ignore = inputs.ignore_index
    if ignore is None:
        return
    yield (
        Cause(
            "void-taken-out",
            f"pixels of the ignore label {ignore} are removed first",
            "this is not a fault; compare only numbers that are computed in the same way",
            prior=0.6,
        ),
        replace(drop_truth(inputs, ignore), ignore_index=None),
    )
    yield (
        Cause(
            "undeclared-void-label",
            f"the ignore label {ignore} is not declared",
            f"give the metric its ignore label, {ignore}",
            prior=0.5,
        ),
        replace(inputs, ignore_index=None),
    )


def _ignore_a_class(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the arrays with the background or the last class as the ignore label."""
    for label, prior in ((0, 0.35), (inputs.num_classes - 1, 0.05)):
        if inputs.ignore_index != label:
            yield (
                Cause(
                    "ignored-class-in-range",
                    f"class {label} is ignored" + (", the background" if label == 0 else ""),
                    f"search for ignore_index={label}, or for code that drops class {label}",
                    prior=prior,
                ),
                replace(drop_truth(inputs, inputs.ignore_index), ignore_index=label),
            )


def _delete_rows_and_columns(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the arrays without the row and the column of a class in the confusion matrix."""
    ignore, last = inputs.ignore_index, inputs.num_classes - 1
    labels = dict.fromkeys([0, last] if ignore is None else [ignore, 0, last])
    for label in (label for label in labels if 0 <= label <= last):
        pairs = inputs.labels
        kept = pairs.keep_rows((pairs.truth != label) & (pairs.prediction != label))
        yield (
            Cause(
                "ignored-class-in-range",
                f"row and column of class {label} are deleted from the confusion matrix, so that"
                f" pixels mistaken for class {label} count neither as false alarms nor as misses",
                f"leave class {label} out of the mean only; its row and column have to stay",
                prior=0.5 if label == ignore else 0.2,
            ),
            replace(inputs, labels=kept, ignore_index=None),
        )


def _change_num_classes(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the arrays with one class more, and with one class fewer."""
    classes = inputs.num_classes
    yield (
        Cause(
            "num-classes-too-large",
            f"num_classes is one too large, {classes + 1}",
            "check whether void or the background was counted as one class more",
            prior=0.15,
        ),
        replace(inputs, num_classes=classes + 1),
    )
    if classes > TWO_CLASSES:
        yield (
            Cause(
                "label-out-of-range",
                f"num_classes is one too small, {classes - 1}",
                "check num_classes: the background counts as a class",
                prior=0.1,
            ),
            replace(inputs, num_classes=classes - 1),
        )


def _map_strays(inputs: MetricInputs) -> Iterator[tuple[Cause, MetricInputs]]:
    """Yield the arrays with void and unknown labels counted as a class."""
    classes = inputs.num_classes
    strays = [
        label
        for label in inputs.labels.relabel(truth=decode_no_class).count_truths()
        if not 0 <= label < classes
    ]
    for target, prior in ((0, 0.2), (classes - 1, 0.05), (classes, 0.2)):
        if strays:
            counted = "one more class" if target == classes else f"class {target}"
            yield (
                Cause(
                    "foreign-label-ids",
                    f"labels outside the classes are counted as {counted}",
                    "check what your loading code does with void and unknown ids",
                    prior=prior,
                ),
                replace(
                    relabel(inputs, truth=map_strays(target, classes)),
                    ignore_index=None,
                    num_classes=max(classes, target + 1),
                ),
            )
