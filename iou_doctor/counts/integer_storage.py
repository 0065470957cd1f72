"""Whole numbers in as few bytes as hold them, for tables that grow with the number of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DTYPES = tuple(map(np.dtype, ("uint8", "uint16", "int32", "int64")))
"""Each holds all that stands before it, so that concatenation never ends in floats."""


def narrow_ints(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the same whole numbers in the narrowest dtype of `DTYPES` that holds them.

    What is in a narrow one already stays as it is.
    """
    if numbers.dtype in DTYPES[:-1]:
        return numbers
    if not len(numbers):
        return numbers.astype(DTYPES[0])
    return numbers.astype(choose_dtype(int(numbers.min()), int(numbers.max())), copy=False)


def choose_dtype(least: int, most: int) -> np.dtype[Any]:
    """Return the narrowest dtype of `DTYPES` that holds all numbers between two."""
    limits = ((np.iinfo(dtype), dtype) for dtype in DTYPES)
    return next(dtype for limit, dtype in limits if limit.min <= least and most <= limit.max)


def as_int64(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the same numbers as int64: the array itself where it is that."""
    return numbers.astype(np.int64, copy=False)
