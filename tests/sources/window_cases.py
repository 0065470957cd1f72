"""Arrays and windows for the property tests, and a measure of the memory that an error costs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from iou_doctor.arrays.source import Source
from iou_doctor.errors import SourceError
from iou_doctor.sources.opening import open_source

DTYPES = ("|b1", "|u1", "|i1", "<u2", ">u2", "<i4", ">i4", "<i8", "<f2", "<f4", ">f4", "<f8", ">f8")


@st.composite
def slices(draw: st.DrawFn, length: int) -> slice:
    start = draw(st.none() | st.integers(0, length))
    stop = draw(st.none() | st.integers(start or 0, length))
    return slice(start, stop)


@st.composite
def windows(draw: st.DrawFn, shape: Sequence[int]) -> tuple[slice, ...]:
    axes = draw(st.integers(0, len(shape)))
    return tuple(draw(slices(length)) for length in shape[:axes])


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[Any], list[tuple[slice, ...]]]:
    """An array, and windows to read from it one after the other."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    values = np.arange(np.prod(shape)).reshape(shape) % 251
    array = values.astype(draw(st.sampled_from(DTYPES)))
    return array, draw(st.lists(windows(shape), min_size=1, max_size=4))


def assert_reads(source: Source, array: NDArray[Any], wanted: list[tuple[slice, ...]]) -> None:
    native = array.dtype.newbyteorder("=")
    assert (source.shape, source.dtype) == (array.shape, native)
    assert [source.get_sample_shape(i) for i in range(len(array))] == [array.shape[1:]] * len(array)
    for window in wanted:
        part = source.read(window)
        assert (part.dtype, part.dtype.isnative) == (native, True)
        np.testing.assert_array_equal(part, array[window])
        assert part.shape == array[window].shape


def error_of(spec: object) -> str:
    """Return the message for an input that is refused, after checking its form and its cost."""
    open_cheaply = open_source  # the import of the format's library is not the input's cost
    with pytest.raises(SourceError):
        open_cheaply(str(spec))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError) as caught:
            open_cheaply(str(spec))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert peak < 10_000_000
    assert message.isprintable()
    assert message[0].islower()
    return message


def error_of_values(spec: object) -> str:
    """Return the message for an input that is refused when it is opened, or when it is read."""
    with pytest.raises(SourceError) as caught:
        open_source(str(spec)).read(())
    return str(caught.value)
