from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from sources.window_cases import assert_reads, cases

from iou_doctor.errors import SourceError
from iou_doctor.sources.memory.array import ArraySource


@given(cases())
def test_a_window_is_what_numpy_slices(case):
    array, windows = case
    assert_reads(ArraySource(array, "y_true"), array, windows)


def test_a_source_of_an_array_describes_itself():
    source = ArraySource(np.zeros((2, 3), ">i2"), "y_pred")
    assert (source.path, source.format, source.dtype) == ("y_pred", "array", np.dtype(np.int16))
    assert (source.chunk_shape, source.is_sequential, source.names) == ((1, 1), False, None)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{}], dtype=object), "pickled Python objects"),
        (np.array(["a"]), "strings; save class ids as integers"),
        (np.array(1), "a single number; save an array with a sample axis"),
        (np.zeros((3, 0)), "shape (3, 0) holds no values; save at least one sample"),
    ],
)
def test_an_array_without_numbers_is_refused_by_its_label(array, words):
    with pytest.raises(SourceError) as caught:
        ArraySource(array, "y_true")
    assert "`y_true`" in str(caught.value)
    assert words in str(caught.value)


def test_a_window_with_a_step_is_a_mistake():
    with pytest.raises(ValueError, match="step 1"):
        ArraySource(np.arange(4), "y_true").read((slice(0, 4, 2),))
