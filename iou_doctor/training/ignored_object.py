"""Find out whether the masks of a training hold the object at all, if 255 is ignored.

Masks of 0 and 255 whose ignore label is 255 hold only background. Some batches of sound masks may
do so, too, so each batch is looked at.
"""

from __future__ import annotations

import tensorflow as tf

VOID = 255
TWO_CLASSES = 2


def may_ignore_object(metric: object) -> bool:
    """Return whether a metric counts two classes of integer masks and ignores 255."""
    classes, ignored = getattr(metric, "num_classes", None), getattr(metric, "ignore_class", None)
    return classes == TWO_CLASSES and ignored == VOID and getattr(metric, "sparse_y_true", True)


def has_object(y_true: object) -> tf.Tensor:
    """Return whether one of the masks holds class 1."""
    masks = tf.convert_to_tensor(y_true)
    return tf.reduce_any(tf.equal(masks, tf.cast(1, masks.dtype)))
