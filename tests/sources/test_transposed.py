"""Sources with their axes in another order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sources.window_cases import cases, windows

from iou_doctor.sources.memory.array import ArraySource
from iou_doctor.sources.transposed import TransposedSource


@given(case=cases(), data=st.data())
def test_a_window_is_that_of_the_transposed_array(case, data):
    array, _ = case
    order = data.draw(st.sampled_from(list(permutations(range(array.ndim)))))
    source = TransposedSource(ArraySource(array, "a"), order)
    expected = array.transpose(order)
    assert source.shape == expected.shape
    assert source.get_sample_shape(0) == expected.shape[1:]
    window = data.draw(windows(expected.shape))
    np.testing.assert_array_equal(source.read(window), expected[window])


def test_it_keeps_the_path_and_loses_the_names():
    source = TransposedSource(ArraySource(np.zeros((2, 3)), "a"), (1, 0))
    assert (source.path, source.format, source.names) == ("a", "array", None)
    assert source.chunk_shape == (1, 1)
    assert not source.is_sequential
