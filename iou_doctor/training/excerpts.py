"""Cut a few whole samples from the arrays that a metric receives, inside a TensorFlow graph."""

from __future__ import annotations

from math import prod

import tensorflow as tf

LARGEST_EXCERPT = 2**22
"""The maximum number of values of one array in an excerpt of one batch, unless a single sample has
more: 16 MiB of float32. Excerpts stay in the memory of the device until they are checked.
"""


def cut_excerpt(
    y_true: object, y_pred: object, sample_weight: object = None, *, samples: int
) -> tuple[tf.Tensor, ...] | None:
    """Return the first entries of each array along its first axis.

    Args:
        y_true: the masks that the metric receives, of any shape.
        y_pred: the predictions that it receives, of any shape.
        sample_weight: its weights; `None` if there are none. A scalar is left out.
        samples: the most entries to return. If one of the arrays is a flat list of pixels, only
            `LARGEST_EXCERPT` limits their number.

    Returns:
        `y_true`, `y_pred` and, if it is not left out, `sample_weight`; `None` if the entries of
        `y_true` and `y_pred` do not belong together.
    """
    arrays = [tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)]
    ranks = [array.shape.rank for array in arrays]
    if None in ranks or 0 in ranks or not _have_common_samples(arrays):
        return None
    most = LARGEST_EXCERPT if 1 in ranks else samples
    sizes = [_count_values(array) for array in arrays]
    count: int | tf.Tensor
    if all(isinstance(size, int) for size in sizes):
        count = max(1, min(most, LARGEST_EXCERPT // max(sizes)))
    else:
        count = tf.clip_by_value(LARGEST_EXCERPT // tf.maximum(*sizes), 1, most)
    if sample_weight is not None:
        weights = tf.convert_to_tensor(sample_weight)
        arrays += [weights] if weights.shape.rank else []
    return tuple(array[:count] for array in arrays)


def _have_common_samples(arrays: list[tf.Tensor]) -> bool:
    """Return whether the entries along the first axes may belong together.

    They do not if the known lengths differ, or if only one array is a flat list of pixels while
    the other one still has spatial axes.
    """
    ranks = sorted(array.shape.rank for array in arrays)
    lengths = {array.shape[0] for array in arrays} - {None}
    return len(lengths) <= 1 and (ranks[0] > 1 or ranks[1] <= 2)


def _count_values(array: tf.Tensor) -> int | tf.Tensor:
    """Return the number of values of one entry: an `int` if the shape is known, else a tensor."""
    sizes = array.shape[1:]
    if sizes.is_fully_defined():
        return max(1, prod(sizes))
    return tf.maximum(1, tf.reduce_prod(tf.shape(array)[1:]))
