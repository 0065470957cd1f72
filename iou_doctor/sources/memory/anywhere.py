"""Arrays, and tensors of TensorFlow where they lie: on the host, or on a GPU.

What a network computes on a GPU stays there; only what is read as an array comes to the host.
A tensor can only be given by somebody who has imported TensorFlow, so nothing here imports it
before.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.numbers import native

Values = Any
"""An array, or an eager tensor of TensorFlow."""
Window = tuple[slice, ...]


def is_tensorflow(values: object) -> bool:
    """Return whether a value is a tensor of TensorFlow that has its values."""
    kind = getattr(sys.modules.get("tensorflow"), "Tensor", None)
    return kind is not None and isinstance(values, kind) and hasattr(values, "numpy")


def dtype_of(values: Values) -> np.dtype[Any]:
    """Return the dtype that `on_host` gives, in the byte order of this machine."""
    if not is_tensorflow(values):
        return native(values.dtype)
    name = values.dtype.name
    return np.dtype(np.float32 if name == "bfloat16" else values.dtype.as_numpy_dtype)


def shape_of(values: Values) -> tuple[int, ...]:
    """Return the length of each axis."""
    return tuple(int(length) for length in values.shape)


def on_host(values: Values, window: Window = ()) -> NDArray[Any]:
    """Return a part as an array; of a tensor on a GPU, no more than that part is copied."""
    if not is_tensorflow(values):
        return np.asarray(values)[window]
    if shares_memory(values):  # a slice would be copied
        return as_numpy(values)[window]
    return as_numpy(part_of(values, window))


def shares_memory(tensor: Values) -> bool:
    """Return whether a tensor is in the host's memory already."""
    return "CPU" in tensor.device


def part_of(values: Values, window: Window) -> Values:
    """Return a part where it lies; the whole is not copied."""
    bounds = [part.indices(length) for part, length in zip(window, values.shape, strict=False)]
    lengths = tuple(stop - start for start, stop, _ in bounds)
    return values if lengths == shape_of(values)[: len(lengths)] else values[window]


def joined(parts: Sequence[Values], dtype: np.dtype[Any]) -> Values:
    """Return parts of one array as one, along the first axis and where they lie."""
    if len(parts) == 1:
        return parts[0]
    if not all(map(is_tensorflow, parts)):
        return np.concatenate([on_host(part) for part in parts]).astype(dtype, copy=False)
    import tensorflow as tf

    kinds = {part.dtype for part in parts}
    alike = parts if len(kinds) == 1 else [tf.cast(part, dtype) for part in parts]
    return tf.concat(alike, axis=0)


def moved(values: Values, source: int, target: int) -> Values:
    """Return values with an axis in another place, as `np.moveaxis`."""
    if not is_tensorflow(values):
        return np.moveaxis(values, source, target)
    import tensorflow as tf

    order = np.moveaxis(np.arange(values.ndim), source, target)
    return tf.transpose(values, order)


def thinned(values: Values, most: int) -> NDArray[np.float64]:
    """Return about so many values, spread over the whole in the order stored."""
    size = int(np.prod(shape_of(values)))
    step = slice(None, None, max(1, size // most))
    if not is_tensorflow(values):
        return np.asarray(values.reshape(-1)[step].astype(np.float64))
    import tensorflow as tf

    return as_numpy(tf.reshape(values, [-1])[step]).astype(np.float64)


def alike(one: Values, many: Values, *, within: float) -> bool:
    """Return whether each of many is the one, NaN too; floats may differ by so much."""
    if shape_of(many)[1:] != shape_of(one):
        return False
    floating = dtype_of(many).kind == "f"
    if is_tensorflow(one) and is_tensorflow(many):
        import tensorflow as tf

        near = many == one
        if floating:
            first, others = tf.cast(one, tf.float32), tf.cast(many, tf.float32)
            both_nan = tf.math.is_nan(first) & tf.math.is_nan(others)
            near = near | both_nan | (tf.abs(others - first) <= within)
        return bool(tf.reduce_all(near))
    one, many = on_host(one), on_host(many)
    if not floating:
        return bool((many == one).all())
    return bool(np.allclose(many, one, rtol=0, atol=within, equal_nan=True))


def as_numpy(values: Any) -> NDArray[Any]:
    """Return a tensor as an array; types that numpy lacks (bfloat16) become float32."""
    array: NDArray[Any] = np.asarray(values)
    return array.astype(np.float32) if array.dtype.kind == "V" else array
