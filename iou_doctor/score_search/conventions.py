"""Definitions of a score that scripts use and no library has: they are tried by `why` alone.

Each is a contract like those in `metrics/libraries/plain.py`. Together they are every usual way to
form groups of pixels, to choose the classes and to count a class that is absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Ratio,
    Stray,
)
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.inputs import MetricInputs
from iou_doctor.record import record

PLAIN = Choices(
    floats=Floats.READ,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
    single_precision=False,
)
"""The choices of `metrics/libraries/plain.py`: the doctor's own conventions."""
_RATIOS = {
    Ratio.IOU: "IoU",
    Ratio.DICE: "Dice",
    Ratio.RECALL: "recall",
    Ratio.PRECISION: "precision",
}
_MEANS = (Ratio.IOU, Ratio.DICE)
"""The ratios that are averaged over images and batches."""
_ABSENT = {
    Absent.SKIPPED: "absent left out",
    Absent.ONE: "absent as 1",
    Absent.ZERO: "absent as 0",
    Absent.SKIPPED_UNLABELLED: "left out where it is not in the masks",
    Absent.SKIPPED_MISSED: "left out where none of it is found",
}
_RULES = {
    **{(absent, 0.0): words for absent, words in _ABSENT.items()},
    (Absent.ONE, 1.0): "smooth = 1",
}
"""What happens to a class that is absent, and what is added to numerator and denominator."""
MOST_CLASSES = 40
"""The maximum number of classes of which each is tried alone, and left out."""


@record
class _Scope:
    """A way to form groups of pixels, and how their ratios become one number."""

    words: str
    group: Group
    average: Average
    of_batches: bool = False

    def apply_to(self, choices: Choices) -> Choices:
        """Return the choices with this scope; class 1 alone stays alone."""
        alone = choices.average is Average.FOREGROUND
        return replace(
            choices,
            group=self.group,
            average=choices.average if alone else self.average,
            averages_batches=self.of_batches,
        )


_DATA_SET = _Scope("", Group.DATA_SET, Average.CLASSES)
_POOLED = _Scope("", Group.DATA_SET, Average.POOLED)
_EACH_IMAGE = _Scope(" of each image", Group.IMAGE, Average.CLASSES)
_EACH_BATCH = _Scope(" of each batch", Group.DATA_SET, Average.CLASSES, of_batches=True)
_OVER_IMAGES = (
    _EACH_IMAGE,
    _Scope(" of all pairs of image and class", Group.IMAGE, Average.PAIRS),
    _Scope(" of each class's mean over images", Group.IMAGE, Average.CLASS_MEANS),
)
_OVER_BATCHES = (
    _EACH_BATCH,
    _Scope(" of all pairs of batch and class", Group.BATCH, Average.PAIRS),
    _Scope(" of each class's mean over batches", Group.BATCH, Average.CLASS_MEANS),
)


def list_conventions(inputs: MetricInputs) -> Iterator[Contract]:
    """Yield the definitions that can differ for such arrays."""
    if inputs.batch_size == 1:
        return  # a batch is an image
    if inputs.batch_size is None:
        yield from _list_data_set_conventions(inputs)
    yield from _list_group_conventions(inputs)


def _list_group_conventions(inputs: MetricInputs) -> Iterator[Contract]:
    by_batch = inputs.batch_size is not None
    scopes = _OVER_BATCHES if by_batch else _OVER_IMAGES
    for ratio, (rule, words) in product(_MEANS, _RULES.items()):
        name = _RATIOS[ratio]
        absent, smooth = rule
        choices = replace(PLAIN, ratio=ratio, absent=absent, smooth=smooth)
        alone = replace(choices, average=Average.FOREGROUND)
        yield _build(f"{name} of class 1{scopes[0].words} ({words})", alone, scopes[0])
        for scope, background in product(scopes, _list_backgrounds(inputs)):
            but = "" if background else " but class 0"
            chosen = replace(choices, background=background)
            yield _build(f"mean {name}{but}{scope.words} ({words})", chosen, scope)


def _list_backgrounds(inputs: MetricInputs) -> tuple[bool, ...]:
    """Return whether class 0 is in the mean; of two classes, class 1 alone is tried already."""
    return (True,) if inputs.num_classes == TWO_CLASSES else (True, False)


def _list_data_set_conventions(inputs: MetricInputs) -> Iterator[Contract]:
    for ratio, name in _RATIOS.items():
        base = replace(PLAIN, ratio=ratio)
        rules = (Absent.ONE, Absent.ZERO, Absent.SKIPPED_UNLABELLED)
        for absent, background in product(rules, _list_backgrounds(inputs)):
            but = "" if background else " but class 0"
            chosen = replace(base, absent=absent, background=background)
            yield _build(f"mean {name}{but} ({_ABSENT[absent]})", chosen, _DATA_SET)
        if inputs.num_classes > TWO_CLASSES:
            without = replace(base, background=False)
            yield _build(f"{name} of all classes but 0 pooled", without, _POOLED)
        if inputs.num_classes <= MOST_CLASSES:
            yield from _list_single_classes(base, name, inputs.num_classes)


def _list_single_classes(base: Choices, name: str, num_classes: int) -> Iterator[Contract]:
    """Yield each class alone, the mean without it, and that without the first and the last one."""
    classes = range(num_classes)
    if num_classes > TWO_CLASSES + 1:
        inner = replace(base, target_class_ids=tuple(classes[1:-1]))
        yield _build(f"mean {name} without classes 0 and {classes[-1]}", inner, _DATA_SET)
    for label in classes:
        alone = replace(base, target_class_ids=(label,))
        yield _build(f"{name} of class {label}", alone, _DATA_SET)
        if num_classes > TWO_CLASSES:
            others = tuple(other for other in classes if other != label)
            last = ", the last" if label == classes[-1] else ""
            short = f"mean {name} without class {label}{last}"
            yield _build(short, replace(base, target_class_ids=others), _DATA_SET)


def _build(short: str, choices: Choices, scope: _Scope) -> Contract:
    return Contract(
        name=f"plain[{short}]",
        library="by definition",
        versions="",
        call="",
        choices=scope.apply_to(choices),
        short=short,
    )
