"""Operations on values that are NumPy arrays or eager tensors of TensorFlow.

Tensors stay on the device that holds them, so that what a network computes on a GPU is copied to
the host only where an array is needed. Only a user who has imported TensorFlow can pass a tensor,
so nothing here imports it before.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import ArrayOrTensor, Tensor, Window
from iou_doctor.sources.array_checks import get_native_dtype

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def is_tensorflow_tensor(values: object) -> TypeIs[Tensor]:
    """Return whether a value is an eager tensor of TensorFlow; symbolic ones have no values."""
    tensor_type = getattr(sys.modules.get("tensorflow"), "Tensor", None)
    return tensor_type is not None and isinstance(values, tensor_type) and hasattr(values, "numpy")


def get_dtype(values: ArrayOrTensor) -> StoredDtype:
    """Return the dtype that `copy_to_host` gives, in the byte order of this machine."""
    if not is_tensorflow_tensor(values):
        return get_native_dtype(values.dtype)
    if values.dtype.name == "bfloat16":
        return np.dtype(np.float32)
    return get_native_dtype(np.dtype(values.dtype.as_numpy_dtype))


def get_shape(values: ArrayOrTensor) -> tuple[int, ...]:
    """Return the length of each axis."""
    return tuple(int(length) for length in values.shape)


def copy_to_host(values: ArrayOrTensor, window: Window = ()) -> StoredArray:
    """Return a part as an array; of a tensor on a GPU, only that part is copied."""
    if not is_tensorflow_tensor(values):
        return np.asarray(values)[window]
    if is_on_host(values):  # its memory is shared, while slicing the tensor would copy
        return _convert_to_numpy(values)[window]
    return _convert_to_numpy(slice_values(values, window))


def is_on_host(tensor: Tensor) -> bool:
    """Return whether a tensor is in the host's memory already."""
    return "CPU" in tensor.device


def slice_values(values: ArrayOrTensor, window: Window) -> ArrayOrTensor:
    """Return a part on the same device; nothing is copied if it is the whole."""
    shape = get_shape(values)
    bounds = [part.indices(length) for part, length in zip(window, shape, strict=False)]
    lengths = tuple(stop - start for start, stop, _ in bounds)
    return values if lengths == shape[: len(lengths)] else values[window]


def concatenate(parts: Sequence[ArrayOrTensor], dtype: StoredDtype) -> ArrayOrTensor:
    """Return parts of one array joined along the first axis; tensors stay on their device."""
    if len(parts) == 1:
        return parts[0]
    tensors = [part for part in parts if is_tensorflow_tensor(part)]
    if len(tensors) < len(parts):
        return np.concatenate([copy_to_host(part) for part in parts]).astype(dtype, copy=False)
    import tensorflow as tf

    same_dtype = len({tensor.dtype for tensor in tensors}) == 1
    joined: Tensor = tf.concat(
        tensors if same_dtype else [tf.cast(tensor, dtype) for tensor in tensors], axis=0
    )
    return joined


def move_axis(values: ArrayOrTensor, source: int, target: int) -> ArrayOrTensor:
    """Return values with one axis in another place, as `np.moveaxis` does."""
    if not is_tensorflow_tensor(values):
        return np.moveaxis(values, source, target)
    import tensorflow as tf

    order = np.moveaxis(np.arange(values.ndim), source, target)
    moved: Tensor = tf.transpose(values, order)
    return moved


def pick_evenly(values: ArrayOrTensor, count: int) -> NDArray[np.float64]:
    """Return roughly `count` values, spread over the whole in the order stored."""
    step = slice(None, None, max(1, prod(get_shape(values)) // count))
    if not is_tensorflow_tensor(values):
        return np.asarray(values.reshape(-1)[step].astype(np.float64))
    import tensorflow as tf

    return _convert_to_numpy(tf.reshape(values, [-1])[step]).astype(np.float64)


def are_all_close(one: ArrayOrTensor, many: ArrayOrTensor, *, tolerance: float) -> bool:
    """Return whether each of many is equal to one.

    Floats are equal if they differ by at most `tolerance`, or if both are NaN.
    """
    if get_shape(many)[1:] != get_shape(one):
        return False
    floating = get_dtype(many).kind == "f"
    if is_tensorflow_tensor(one) and is_tensorflow_tensor(many):
        import tensorflow as tf

        close = tf.equal(many, one)
        if floating:
            first, others = tf.cast(one, tf.float32), tf.cast(many, tf.float32)
            both_nan = tf.math.is_nan(first) & tf.math.is_nan(others)
            close = close | both_nan | (tf.abs(others - first) <= tolerance)
        return bool(tf.reduce_all(close))
    first_array, arrays = copy_to_host(one), copy_to_host(many)
    if not floating:
        return bool((arrays == first_array).all())
    return bool(np.allclose(arrays, first_array, rtol=0, atol=tolerance, equal_nan=True))


def _convert_to_numpy(values: object) -> StoredArray:
    """Return a tensor as an array; bfloat16, which NumPy lacks, becomes float32."""
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.kind == "V" else array
