"""Checks that an array holds numbers and is not empty, before any of its values are read."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.errors import SourceError
from iou_doctor.sources.source_errors import source_error

MOST_AXES = 32
"""The maximum number of axes that an array of NumPy 1 can have; NumPy 2 allows 64."""
NUMERIC_KINDS = "biuf"
"""The kinds of dtype that are accepted: bool, signed and unsigned integers, and floats."""
_OTHER_KINDS = MappingProxyType(
    {
        "O": "pickled Python objects, which are never loaded; save one array of numbers, for"
        " instance `np.load(FILE, allow_pickle=True).item()['masks']` if it is a dict",
        "S": "strings; save class ids as integers",
        "U": "strings; save class ids as integers",
        "T": "strings; save class ids as integers",
        "c": "complex numbers; save real ones",
        "V": "structured or raw values; save plain numbers (bfloat16 as float32)",
        "M": "dates; save numbers",
        "m": "time spans; save numbers",
    }
)


def dtype_error(path: str, kind: str) -> SourceError:
    """Return the error for an array whose dtype is of a `kind` that holds no numbers."""
    what = _OTHER_KINDS.get(kind, "values of an unknown type; save bool, integers or floats")
    return source_error(path, f"it holds {what}")


def check_dtype(path: str, dtype: np.dtype[np.generic]) -> None:
    """Check that a dtype is bool, an integer or a float.

    Raises:
        SourceError: the array has another dtype.
    """
    if dtype.kind not in NUMERIC_KINDS:
        raise dtype_error(path, dtype.kind)


def check_shape(path: str, shape: Sequence[int]) -> None:
    """Check that an array has at least one axis, and that no axis is empty.

    Raises:
        SourceError: there is no axis, too many, or one of length zero. Damaged headers may also
            claim lengths below zero.
    """
    if not shape:
        raise source_error(path, "it holds a single number; save an array with a sample axis")
    if len(shape) > MOST_AXES:
        raise source_error(
            path, f"it has {len(shape)} axes; save an array with at most {MOST_AXES}"
        )
    if min(shape) <= 0:
        raise source_error(
            path, f"its shape {tuple(shape)} holds no values; save at least one sample"
        )


def get_native_dtype(dtype: np.dtype[np.generic]) -> StoredDtype:
    """Return a checked dtype in the byte order of this machine, without h5py's metadata."""
    return np.dtype(dtype.str).newbyteorder("=")
