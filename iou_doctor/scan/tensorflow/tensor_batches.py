"""Read batches ahead as tensors, in a thread of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import tensorflow as tf

from iou_doctor.arrays.batch import Batch, StoredDtype
from iou_doctor.arrays.layout import Layout


def read_ahead(
    batches: Callable[[], Iterator[Batch]],
    layout: Layout,
    dtypes: tuple[StoredDtype, StoredDtype],
    most: int,
) -> Iterator[Batch]:
    """Yield batches as tensors, some read while others are counted.

    Args:
        batches: returns a new iterator over the batches.
        layout: what the axes mean.
        dtypes: those of masks and predictions.
        most: the number of batches to read ahead.
    """
    shapes = [tf.TensorShape([None] * len(axes.shape)) for axes in (layout.y_true, layout.y_pred)]
    specs = (
        *(tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)),
        tf.TensorSpec([None], tf.int64),
        tf.TensorSpec([], tf.int64),
    )

    def rows() -> Iterator[tuple[object, ...]]:
        for batch in batches():
            yield batch.y_true, batch.y_pred, batch.samples, batch.first_row

    waiting = iter(tf.data.Dataset.from_generator(rows, output_signature=specs).prefetch(most))
    # an OutOfRange error at the end would also reach what other threads compute at that moment
    while (found := waiting.get_next_as_optional()).has_value():
        true, pred, samples, row = found.get_value()
        yield Batch(true, pred, samples.numpy(), int(row))
