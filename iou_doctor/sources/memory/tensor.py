"""Arrays and tensors of other libraries, as NumPy arrays or left on their device.

No such library is imported here: its arrays are recognised by the methods that they have.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import ArrayOrTensor, Tensor, Window
from iou_doctor.sources.array_checks import check_dtype, check_shape
from iou_doctor.sources.memory.array_or_tensor import (
    copy_to_host,
    get_dtype,
    get_shape,
    is_tensorflow_tensor,
    slice_values,
)
from iou_doctor.sources.source_errors import source_error
from iou_doctor.sources.windows import complete_window

_FLOATS_UNKNOWN_TO_NUMPY = ("bfloat16", "float8")
"""How the names of dtypes begin that `ml_dtypes` adds to NumPy; they become float32."""


def is_array_or_tensor(value: object) -> bool:
    """Return whether a value is an array of some library."""
    return any(hasattr(value, name) for name in ("__array__", "__dlpack__", "detach"))


def convert_to_array(value: object, label: str) -> NDArray[np.generic]:
    """Return an array or tensor as a NumPy array on the host, which shares its memory if possible.

    Args:
        value: anything with `__array__` or `__dlpack__`. A tensor of PyTorch may be on a GPU or
            require a gradient.
        label: what to call it in an error.

    Raises:
        SourceError: it cannot be converted.
    """
    try:
        return _widen(np.asarray(_move_to_host(value)))
    except Exception as error:  # each library raises its own
        raise source_error(label, f"NumPy cannot convert it to an array ({error})") from error


def convert_to_numbers(value: object, label: str) -> StoredArray:
    """Return what `convert_to_array` returns, if it holds numbers.

    Raises:
        SourceError: it cannot be converted, or it holds no numbers.
    """
    array = convert_to_array(value, label)
    check_dtype(label, array.dtype)
    return cast("StoredArray", array)


def keep_or_convert(value: object, label: str) -> ArrayOrTensor:
    """Return a tensor of TensorFlow as it is, and anything else as `convert_to_numbers` does.

    Raises:
        SourceError: it cannot be converted, or it holds no numbers.
    """
    return value if is_tensorflow_tensor(value) else convert_to_numbers(value, label)


class TensorSource:
    """A tensor of TensorFlow as a source: it stays on its device.

    Args:
        tensor: the tensor, with the samples along its first axis.
        label: what to call it, in place of a path.

    Raises:
        SourceError: the tensor has no numbers, no axes or no values.
    """

    format = "array"
    is_sequential = False
    names = None

    def __init__(self, tensor: Tensor, label: str) -> None:
        self.dtype, self.shape = get_dtype(tensor), get_shape(tensor)
        check_dtype(label, self.dtype)
        check_shape(label, self.shape)
        self._tensor, self.path = tensor, label
        self.chunk_shape = (1,) * len(self.shape)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window` as an array on the host."""
        return copy_to_host(self._tensor, complete_window(window, self.shape))

    def read_on_device(self, window: Window) -> ArrayOrTensor:
        """Return the values in `window` on the tensor's device."""
        return slice_values(self._tensor, complete_window(window, self.shape))


def _move_to_host(value: Any) -> object:
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu()
        return value.float() if str(value.dtype) == "torch.bfloat16" else value
    needs_dlpack = hasattr(value, "__dlpack__") and not hasattr(value, "__array__")
    return np.from_dlpack(value) if needs_dlpack else value


def _widen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    is_unknown = array.dtype.name.startswith(_FLOATS_UNKNOWN_TO_NUMPY)
    return array.astype(np.float32) if is_unknown else array
