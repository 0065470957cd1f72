"""Explain why an implementation and the doctor differ on the same arrays, choice by choice."""

from __future__ import annotations

from dataclasses import replace

from iou_doctor.counts.label_decoding import is_no_class
from iou_doctor.metrics.definition import (
    Absent,
    Average,
    Choices,
    Contract,
    Floats,
    Group,
    Ignored,
    Stray,
)
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm

REFERENCE = Choices(
    floats=Floats.READ,
    stray_truth=Stray.DROPPED,
    stray_prediction=Stray.OTHER_SIDE,
    ignored=Ignored.CLASS_LEAVES,
    absent=Absent.SKIPPED,
    single_precision=False,
)
"""The doctor's own choices."""
VISIBLE_DIFFERENCE = 5e-5
"""Half a unit of the fourth decimal: people compare scores with four decimals."""
WITHOUT_CLASS = "pixels without a prediction (NaN, all zeros) get a class"
WORDS = {
    "sharding": "evaluated by {}",
    "ratio": "{}",
    "average": "{}",
    "group": "a ratio for {}",
    "averages_batches": "averaged over batches",
    "absent": "an absent class: {}",
    "background": "without class 0",
    "ignored": "the ignore label: {}",
    "floats": "scores are {}",
    "sigmoid": "sigmoid: {}",
    "threshold_is_foreground": "a score at the threshold is background",
    "stray_truth": "mask labels outside the classes: {}",
    "stray_prediction": "predicted labels outside the classes: {}",
    "smooth": "{} added to numerator and denominator",
    "target_class_ids": "{} alone",
}
"""The choices that can change a value, in words, the most important first."""


def explain_difference(contract: Contract, inputs: MetricInputs, value: float) -> tuple[str, ...]:
    """Return the choices by which a contract's value differs from the doctor's, in words.

    A choice is a reason if the value changes when this choice alone is replaced by the doctor's.
    If only several choices together change the value, the most important one is returned.

    Args:
        contract: the implementation.
        inputs: the arrays.
        value: what it reports for them.
    """
    choices = contract.choices
    differing = [
        name
        for name in WORDS
        if name not in _find_idle_choices(inputs)
        and getattr(choices, name) != getattr(REFERENCE, name)
    ]
    moving = [name for name in differing if _changes_value(contract, inputs, value, name)]
    if not moving and contract.pairing is not None:
        moving = ["floats"]  # it differs since it reads the arrays as they are stored
    if not moving and _has_pixels_without_class(inputs):
        return (WITHOUT_CLASS,)
    return tuple(_describe_choice(name, choices) for name in moving or differing[:1])


def _has_pixels_without_class(inputs: MetricInputs) -> bool:
    """Return whether there are channels without a largest one, for instance NaN."""
    return inputs.form is PredictionForm.CHANNELS and is_no_class(inputs.labels.prediction_span[0])


def _find_idle_choices(inputs: MetricInputs) -> frozenset[str]:
    """Return the choices that make no difference for these arrays."""
    pairs, classes = inputs.labels, inputs.num_classes
    idle = set() if inputs.ignore_index is not None else {"ignored"}
    if inputs.form is PredictionForm.LABELS:
        idle |= {"floats", "sigmoid", "threshold_is_foreground"}
    for side, (low, high) in (("truth", pairs.truth_span), ("prediction", pairs.prediction_span)):
        if low >= 0 and high < classes:
            idle.add(f"stray_{side}")
    return frozenset(idle)


def _changes_value(contract: Contract, inputs: MetricInputs, value: float, name: str) -> bool:
    choices = replace(contract.choices, **{name: getattr(REFERENCE, name)})
    if choices.average is Average.PAIRS and choices.group is Group.DATA_SET:
        choices = replace(choices, average=Average.CLASSES)
    other = evaluate(replace(contract, choices=choices), inputs)
    return other.value is None or abs(other.value - value) > VISIBLE_DIFFERENCE


def _describe_choice(name: str, choices: Choices) -> str:
    value = getattr(choices, name)
    if name == "target_class_ids":
        ids = ", ".join(map(str, value or ()))
        value = f"class {ids}" if len(value or ()) == 1 else f"the classes {ids}"
    return WORDS[name].format(value)
