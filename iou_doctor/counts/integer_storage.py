"""Store integer columns in the narrowest dtype that holds them.

Tables that grow with the number of images then take a fraction of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DTYPES: tuple[np.dtype[np.integer], ...] = (
    np.dtype(np.uint8),
    np.dtype(np.uint16),
    np.dtype(np.int32),
    np.dtype(np.int64),
)
"""Each dtype holds every value of those before it, so concatenation never results in floats."""


def narrow_ints(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the same integers in the narrowest dtype of `DTYPES` that holds them.

    An array that already has one of the narrower dtypes is returned unchanged.
    """
    if numbers.dtype in DTYPES[:-1]:
        return numbers
    if not len(numbers):
        return numbers.astype(DTYPES[0])
    return numbers.astype(choose_dtype(int(numbers.min()), int(numbers.max())), copy=False)


def choose_dtype(minimum: int, maximum: int) -> np.dtype[np.integer]:
    """Return the narrowest dtype of `DTYPES` that holds all integers from minimum to maximum."""
    limits = ((np.iinfo(dtype), dtype) for dtype in DTYPES)
    return next(dtype for limit, dtype in limits if limit.min <= minimum and maximum <= limit.max)


def as_int64(numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the numbers as int64, without a copy if they have that dtype already."""
    return numbers.astype(np.int64, copy=False)


def join_columns(columns: Sequence[NDArray[np.integer]], *, narrow: bool) -> NDArray[np.integer]:
    """Return the columns concatenated.

    Args:
        columns: integers of shape (rows,) each, none of them empty.
        narrow: whether to store them in the narrowest of `DTYPES` that holds all of them. A column
            in one of the narrower dtypes is not looked at.
    """
    if not narrow:
        return np.concatenate(columns)
    kinds = [_choose_column_dtype(column) for column in columns]
    # at once: the columns together as they are may be much larger than the cache
    return np.concatenate(columns, dtype=max(kinds, key=DTYPES.index), casting="unsafe")


def _choose_column_dtype(column: NDArray[np.integer]) -> np.dtype[np.integer]:
    if column.dtype in DTYPES[:-1]:
        return column.dtype
    return choose_dtype(int(column.min()), int(column.max()))
