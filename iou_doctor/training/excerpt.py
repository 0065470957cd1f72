"""Some whole samples of what a metric is given: the geometry stays, the size is bounded."""

from __future__ import annotations

from math import prod
from typing import Any

import tensorflow as tf

MOST_VALUES = 2**22
"""Of the larger array, in one step: 16 MiB of float32, which stay on the device until looked at."""
UNSUITED = "pixels of one array are flattened, those of the other are not"


def excerpt(
    y_true: Any, y_pred: Any, sample_weight: Any = None, *, samples: int
) -> tuple[tf.Tensor, ...] | None:
    """Return the first entries along the first axis; `None` where those of both do not pair up.

    Args:
        y_true: what the metric is given as truth, of any shape.
        y_pred: what it is given as prediction.
        sample_weight: its weights, cut likewise; one number for all is left out.
        samples: entries at most; of lists of pixels, as many as are allowed.
    """
    arrays = [tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)]
    ranks = [array.shape.rank for array in arrays]
    if None in ranks or 0 in ranks or not _alike(arrays):
        return None
    most = MOST_VALUES if 1 in ranks else samples
    entry = [_values(array) for array in arrays]
    if all(isinstance(size, int) for size in entry):
        count: Any = max(1, min(most, MOST_VALUES // max(entry)))
    else:
        count = tf.clip_by_value(MOST_VALUES // tf.maximum(*entry), 1, most)
    if sample_weight is not None:
        weights = tf.convert_to_tensor(sample_weight)
        arrays += [weights] if weights.shape.rank else []
    return tuple(array[:count] for array in arrays)


def _alike(arrays: list[tf.Tensor]) -> bool:
    """Return whether entries along the first axis belong together, as far as the ranks tell."""
    ranks = sorted(array.shape.rank for array in arrays)
    lengths = {array.shape[0] for array in arrays} - {None}
    return len(lengths) <= 1 and (ranks[0] > 1 or ranks[1] <= 2)


def _values(array: tf.Tensor) -> Any:
    """Return the values of one entry, as a number where the shape is known."""
    sizes = array.shape[1:]
    if sizes.is_fully_defined():
        return max(1, prod(sizes))
    return tf.maximum(1, tf.reduce_prod(tf.shape(array)[1:]))
