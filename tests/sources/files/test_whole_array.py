"""An array that is unpacked as a whole, in any order of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources.window_cases import assert_reads, cases

from iou_doctor.sources.files import whole_array
from iou_doctor.sources.files.whole_array import WholeArray


@given(cases(), st.sampled_from("CF"), st.sampled_from([1, 2, 64]), st.sampled_from([0, 50, 4096]))
def test_a_window_is_what_numpy_slices(case, order, rows, most_bytes):
    array, windows = case
    stored = np.asarray(array, order=order)
    native = array.dtype.newbyteorder("=")
    source = WholeArray("a", "test", array.shape, native, lambda: stored)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_array, "_ROWS", rows)
        patch.setattr(whole_array, "_BETWEEN", rows)
        patch.setattr(whole_array, "_MOST_COPIED_BYTES", most_bytes)
        assert_reads(source, array, windows)


def test_rows_of_a_large_array_are_copied_once(monkeypatch):
    monkeypatch.setattr(whole_array, "_ROWS", 4)
    array = np.asfortranarray(np.arange(240, dtype=np.uint8).reshape(10, 4, 6))
    source = WholeArray("a", "test", array.shape, array.dtype, lambda: array)
    monkeypatch.setattr(whole_array, "_MOST_COPIED_BYTES", 239)  # under that of the array
    kept = []
    for row in range(10):
        np.testing.assert_array_equal(source.read((slice(row, row + 1),)), array[row : row + 1])
        kept.append(source._rows[1])
    assert len({id(rows) for rows in kept}) == 3
