"""Observes whether a model gives different images different outputs."""

from __future__ import annotations

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import ArrayOrTensor
from iou_doctor.sources.memory.array_or_tensor import are_all_close, is_tensorflow_tensor

OUTPUT_TOLERANCE = 1e-5
"""Outputs that differ by less are the same: rounding differs by some 1e-7 between batches."""


class OutputComparison:
    """Compares every input and output of a model with the first ones, until they differ."""

    def __init__(self) -> None:
        self._first: tuple[StoredArray, ArrayOrTensor] | None = None
        self.inputs_differ, self.outputs_differ = False, False

    @property
    def is_constant(self) -> bool:
        """Whether different inputs all had the same output so far."""
        return self.inputs_differ and not self.outputs_differ

    def add(self, inputs: StoredArray, outputs: ArrayOrTensor) -> None:
        """Compare one batch of inputs and outputs."""
        if self._first is None:
            first = outputs[0] if is_tensorflow_tensor(outputs) else outputs[0].copy()
            self._first = (inputs[0].copy(), first)
        first_input, first_output = self._first
        if not self.inputs_differ:
            same_shape = first_input.shape == inputs.shape[1:]
            self.inputs_differ = not same_shape or bool((inputs != first_input).any())
        if not self.outputs_differ:
            same = are_all_close(first_output, outputs, tolerance=OUTPUT_TOLERANCE)
            self.outputs_differ = not same
