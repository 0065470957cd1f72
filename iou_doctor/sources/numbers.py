"""Which arrays count as numbers, and which part of one a window means."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.errors import SourceError
from iou_doctor.sources.refusals import refusal

MOST_AXES = 32  # numpy 1's limit
_NUMBERS = "biuf"
_WRONG_KINDS = MappingProxyType(
    {
        "O": "pickled Python objects, which are never loaded; save one array of numbers",
        "S": "strings; save class ids as integers",
        "U": "strings; save class ids as integers",
        "T": "strings; save class ids as integers",
        "c": "complex numbers; save real ones",
        "V": "structured or raw values; save plain numbers (bfloat16 as float32)",
        "M": "dates; save numbers",
        "m": "time spans; save numbers",
    }
)


def kind_refusal(path: str, kind: str) -> SourceError:
    """Return the error for an array whose dtype is of a `kind` that holds no numbers."""
    what = _WRONG_KINDS.get(kind, "values of an unknown type; save bool, integers or floats")
    return refusal(path, f"it holds {what}")


def check_dtype(path: str, dtype: np.dtype[Any]) -> None:
    """Accept bool, integers and floats.

    Raises:
        SourceError: the dtype is another.
    """
    if dtype.kind not in _NUMBERS:
        raise kind_refusal(path, dtype.kind)


def check_shape(path: str, shape: Sequence[int]) -> None:
    """Accept one axis or more, none of them empty.

    Raises:
        SourceError: there is no axis, too many, or one of length zero.
    """
    if not shape:
        raise refusal(path, "it holds a single number; save an array with a samples axis")
    if len(shape) > MOST_AXES:
        raise refusal(path, f"it has {len(shape)} axes; save an array with at most {MOST_AXES}")
    if 0 in shape:
        raise refusal(path, f"its shape {tuple(shape)} holds no values; save at least one sample")


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in the byte order of this machine, without h5py's notes on it."""
    return np.dtype(dtype.str).newbyteorder("=")


def spans(window: tuple[slice, ...], shape: Sequence[int]) -> tuple[slice, ...]:
    """Return one slice for every axis of `shape`, with a start and a stop within it."""
    if any(part.step not in (None, 1) for part in window):
        raise ValueError("a window has step 1")
    whole = (*window, *(slice(None),) * (len(shape) - len(window)))
    bounds = [part.indices(length) for part, length in zip(whole, shape, strict=True)]
    return tuple(slice(start, max(start, stop)) for start, stop, _ in bounds)


def lengths(window: tuple[slice, ...]) -> tuple[int, ...]:
    """Return the shape of what `spans` selected."""
    return tuple(part.stop - part.start for part in window)


def part_of(array: NDArray[Any], window: tuple[slice, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the window of an array as `dtype`; a view where it has that dtype already."""
    return np.asarray(array[spans(window, array.shape)]).astype(dtype, copy=False)
