"""Resizes images and scores as `tf.image.resize` does, which most input pipelines use."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import ArrayOrTensor, Tensor
from iou_doctor.sources.memory.array_or_tensor import is_tensorflow_tensor

_METHODS = {True: "nearest", False: "bilinear"}
"""The method of `tf.image.resize`, by whether it takes the nearest neighbour."""


def resize(values: ArrayOrTensor, size: tuple[int, int], *, nearest: bool = False) -> ArrayOrTensor:
    """Return values of shape (n, height, width, channels) with another height and width.

    Bilinear interpolation returns float32, nearest neighbours keep the dtype. The result of a
    tensor is a tensor.
    """
    if not is_tensorflow_tensor(values):
        return resize_array(values, size, nearest=nearest)
    import tensorflow as tf

    resized: Tensor = tf.image.resize(values, size, method=_METHODS[nearest])
    return resized


def resize_array(
    values: StoredArray, size: tuple[int, int], *, nearest: bool = False
) -> StoredArray:
    """Return what `resize` returns for an array."""
    import tensorflow as tf

    return np.asarray(tf.image.resize(values, size, method=_METHODS[nearest]))
