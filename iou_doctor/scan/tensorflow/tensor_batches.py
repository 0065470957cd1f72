"""Batches as tensors, read ahead by a thread of TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from iou_doctor.arrays.batch import Batch
from iou_doctor.arrays.layout import Layout


def read_ahead(
    batches: Callable[[], Iterator[Batch]], layout: Layout, dtypes: Any, most: int
) -> Any:
    """Yield batches as tensors, some read while others are counted.

    Args:
        batches: returns a fresh walk.
        layout: what the axes mean.
        dtypes: of masks and predictions.
        most: batches that may wait.
    """
    shapes = [tf.TensorShape([None] * len(axes.shape)) for axes in (layout.y_true, layout.y_pred)]
    specs = (
        *(tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)),
        tf.TensorSpec([None], tf.int64),
        tf.TensorSpec([], tf.int64),
    )

    def rows() -> Iterator[Any]:
        for batch in batches():
            yield batch.y_true, batch.y_pred, batch.samples, batch.first_row

    waiting = iter(tf.data.Dataset.from_generator(rows, output_signature=specs).prefetch(most))
    # asked for, not run into: the error at the end would reach what other threads compute just then
    while (found := waiting.get_next_as_optional()).has_value():
        true, pred, samples, row = found.get_value()
        yield Batch(true, pred, samples.numpy(), int(row))
