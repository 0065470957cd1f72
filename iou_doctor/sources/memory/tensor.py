"""Arrays of other libraries as NumPy's, or left where they are: none of them is imported here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.memory.anywhere import (
    Values,
    dtype_of,
    is_tensorflow,
    on_host,
    part_of,
    shape_of,
)
from iou_doctor.sources.numbers import check_dtype, check_shape, spans
from iou_doctor.sources.refusals import refusal

_NARROW = ("bfloat16", "float8")
"""Floats that NumPy itself does not know, by how their names begin."""


def is_tensor(value: object) -> bool:
    """Return whether a value is an array of some library."""
    return any(hasattr(value, name) for name in ("__array__", "__dlpack__", "detach"))


def array_of(value: Any, label: str) -> NDArray[Any]:
    """Return an array or tensor as a NumPy array on the host; its memory is shared if it can be.

    Args:
        value: anything with `__array__` or `__dlpack__`; torch's may be on a device or need a
            gradient.
        label: what to call it in an error.

    Raises:
        SourceError: it cannot be brought to the host.
    """
    try:
        return _widened(np.asarray(_on_host(value)))
    except Exception as error:  # each library raises its own
        raise refusal(label, f"it is no array that NumPy takes over ({error})") from error


def values_of(value: Any, label: str) -> Values:
    """Return a tensor of TensorFlow as it is, and anything else as `array_of` does.

    Raises:
        SourceError: it cannot be brought to the host.
    """
    return value if is_tensorflow(value) else array_of(value, label)


class TensorSource:
    """A tensor of TensorFlow as a source: it stays on its device; `label` stands for a path.

    Raises:
        SourceError: the tensor has no numbers, no axes or no values.
    """

    format = "array"
    is_sequential = False
    names = None

    def __init__(self, tensor: Values, label: str) -> None:
        self.dtype, self.shape = dtype_of(tensor), shape_of(tensor)
        check_dtype(label, self.dtype)
        check_shape(label, self.shape)
        self._tensor, self.path = tensor, label
        self.chunk_shape = (1,) * len(self.shape)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`."""
        return on_host(self._tensor, spans(window, self.shape))

    def read_on_device(self, window: tuple[slice, ...]) -> Values:
        """Return the values in `window`, on the tensor's device."""
        return part_of(self._tensor, spans(window, self.shape))


def _on_host(value: Any) -> Any:
    if hasattr(value, "detach"):  # torch
        value = value.detach().cpu()
        return value.float() if str(value.dtype) == "torch.bfloat16" else value
    foreign = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
    return np.from_dlpack(value) if foreign else value


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype.name.startswith(_NARROW) else array
