"""Arrays of other libraries as NumPy's: none of these libraries is imported here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources._refusal import refusal

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


def _on_host(value: Any) -> Any:
    if hasattr(value, "detach"):  # torch
        value = value.detach().cpu()
        return value.float() if str(value.dtype) == "torch.bfloat16" else value
    foreign = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
    return np.from_dlpack(value) if foreign else value


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype.name.startswith(_NARROW) else array
