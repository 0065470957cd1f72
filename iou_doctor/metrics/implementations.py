"""Compute what each implementation reports for the same arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iou_doctor.metrics.definition import Contract, Ignored
from iou_doctor.metrics.engine.cells import counts_in_bytes
from iou_doctor.metrics.engine.class_ids import TWO_CLASSES
from iou_doctor.metrics.engine.compare import VISIBLE_DIFFERENCE, explain_difference
from iou_doctor.metrics.engine.evaluate import evaluate
from iou_doctor.metrics.inputs import MetricInputs, PredictionForm
from iou_doctor.metrics.libraries import CONTRACTS
from iou_doctor.metrics.score import REASON_SEPARATOR, ContractScore


def find_applicable(inputs: MetricInputs, *, all_implementations: bool) -> Iterator[Contract]:
    """Yield the contracts that can be evaluated for such arrays.

    Args:
        inputs: the arrays.
        all_implementations: whether to include the less common ones.
    """
    for contract in CONTRACTS:
        if not contract.common and not all_implementations:
            continue
        if contract.pairing and not (
            contract.pairing in inputs.flat or contract.pairing in inputs.lengths
        ):
            continue
        if contract.binary and inputs.num_classes != TWO_CLASSES:
            continue
        if inputs.form is PredictionForm.ONE_CHANNEL and not contract.choices.background:
            continue
        if contract.choices.byte_cells and not counts_in_bytes(inputs, contract.choices):
            continue
        yield contract


def evaluate_all(
    inputs: MetricInputs, *, all_implementations: bool, doctor: float | None
) -> tuple[ContractScore, ...]:
    """Return what each implementation reports, with a note where it is not the doctor's number.

    Args:
        inputs: the arrays.
        all_implementations: whether to include the less common ones.
        doctor: the doctor's own mean IoU; `None` if it is undefined.
    """
    scores = []
    for contract in find_applicable(inputs, all_implementations=all_implementations):
        found = evaluate(contract, inputs)
        note = found.note
        if found.value is not None and note is None and doctor is not None:
            note = _describe_overflow(found)
            if note is None and abs(found.value - doctor) > VISIBLE_DIFFERENCE:
                note = REASON_SEPARATOR.join(explain_difference(contract, inputs, found.value))
        scores.append(replace(found, note=note or None, call=_fill_in_call(contract, inputs)))
    return tuple(scores)


def _describe_overflow(found: ContractScore) -> str | None:
    """Return the value of a counter that overflows and when it does; `None`: it changes nothing."""
    counter = found.counter
    if (
        counter is None
        or found.value is None
        or abs(counter.value - found.value) <= VISIBLE_DIFFERENCE
    ):
        return None
    return f"{counter.value:.4f} {counter.condition}"


def _fill_in_call(contract: Contract, inputs: MetricInputs) -> str:
    """Return the call as a user would write it for these arrays."""
    ignore = inputs.ignore_index
    if contract.choices.ignored is Ignored.MEAN_ONLY and ignore not in range(inputs.num_classes):
        ignore = None  # the library would raise, and such pixels do not count anyway
    call = contract.call
    if inputs.form is PredictionForm.ONE_CHANNEL and contract.one_channel_call:
        call = contract.one_channel_call
    if ignore is None:
        for argument in ("ignore_index={ignore_index}", "ignore_class={ignore_index}"):
            call = call.replace(f", {argument}", "").replace(f"{argument}, ", "")
            call = call.replace(argument, "")
    return call.format(num_classes=inputs.num_classes, ignore_index=ignore)
