"""Excerpts of the arrays that a metric receives."""

from __future__ import annotations

import pytest
import tensorflow as tf

from iou_doctor.training import excerpts


@pytest.mark.parametrize(
    ("true", "pred", "taken"),
    [
        ((5, 4, 6), (5, 4, 6, 3), (2, 2)),
        ((None, 4, 6), (None, 4, 6, 3), (2, 2)),
        ((30,), (30, 3), (30, 30)),
        ((120,), (5, 4, 6, 3), None),
        ((5, 4), (6, 4), None),
    ],
)
def test_an_excerpt_takes_whole_samples_or_lists_of_pixels(true, pred, taken):
    shapes = [[5 if size is None else size for size in shape] for shape in (true, pred)]

    @tf.function(input_signature=[tf.TensorSpec(true), tf.TensorSpec(pred)])
    def cut(y_true, y_pred):
        pair = excerpts.cut_excerpt(y_true, y_pred, samples=2)
        return () if pair is None else pair

    found = cut(*(tf.zeros(shape) for shape in shapes))
    assert tuple(len(array) for array in found) == (taken or ())


@pytest.mark.parametrize("length", [8, None], ids=["known", "unknown"])
@pytest.mark.parametrize(("largest", "taken"), [(23, 2), (24, 3), (7, 1)])
def test_an_excerpt_is_limited_in_size_but_holds_one_sample(monkeypatch, length, largest, taken):
    monkeypatch.setattr(excerpts, "LARGEST_EXCERPT", largest)

    @tf.function(input_signature=[tf.TensorSpec((5, length)), tf.TensorSpec((5, length))])
    def cut(y_true, y_pred):
        return excerpts.cut_excerpt(y_true, y_pred, samples=4)

    assert [len(array) for array in cut(tf.zeros((5, 8)), tf.zeros((5, 8)))] == [taken, taken]
