"""Reads the header of a `.npy` file with NumPy's own parser, from a limited number of bytes."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from typing import IO

import numpy as np

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.array_checks import check_dtype, check_shape
from iou_doctor.sources.files.file_types import NPY_MAGIC, describe_head
from iou_doctor.sources.source_errors import source_error, translate_errors

_LONGEST_HEADER = 10_000
"""The maximum size of a header in bytes: NumPy's own limit. Only structured types need over 200."""
_HEADER_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
"""What `numpy.lib.format` raises for damaged headers: it evaluates a literal and builds a dtype."""
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@record
class NpyHeader:
    """What a `.npy` header says about the values after it."""

    dtype: StoredDtype
    """The dtype as stored, in the file's byte order."""
    shape: tuple[int, ...]
    order: str
    """`C` if the last axis varies fastest, `F` if the first one does."""
    offset: int
    """Bytes before the first value."""

    @property
    def nbytes(self) -> int:
        """Bytes of all the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes], path: str, available: int) -> NpyHeader:
    """Return the header at the start of a stream.

    Args:
        stream: a `.npy` file, or a member of an archive.
        path: what to call it in an error.
        available: the bytes of the whole stream.

    Raises:
        SourceError: there is no such header, it describes no numbers, or more than `available`
            bytes.
    """
    # a damaged file may claim a header of 4 GB; NumPy gets no more than a header may have
    start = io.BytesIO(stream.read(_LONGEST_HEADER))
    if not start.getvalue().startswith(NPY_MAGIC):
        looks = describe_head(start.getvalue())
        raise source_error(path, f"it is not a .npy file: {looks}; save it with `np.save`")
    shape, fortran, dtype = _parse(start, path)
    check_dtype(path, dtype)
    check_shape(path, shape)
    header = NpyHeader(dtype, shape, "F" if fortran else "C", offset=start.tell())
    if header.nbytes > available - header.offset:
        raise source_error(
            path,
            f"it is cut off: its header says {header.nbytes:,} bytes of values, "
            f"and {available - header.offset:,} are there; save or copy it again",
        )
    return header


def _parse(start: IO[bytes], path: str) -> tuple[tuple[int, ...], bool, StoredDtype]:
    damaged = "its header is damaged or cut off; save it again with `np.save`"
    # NumPy warns of headers that Python 2 wrote, Python of odd literals; the user can ignore both
    with translate_errors(path, *_HEADER_ERRORS, why=damaged), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = _READERS.get(np.lib.format.read_magic(start))
        if reader is None:  # version 3 exists for structured types only
            raise _version_error(path)
        shape, fortran, dtype = reader(start, max_header_size=_LONGEST_HEADER)
    # NumPy accepts True for 1, and fails later
    if any(type(size) is not int or size < 0 for size in shape):
        raise source_error(path, damaged)
    return shape, fortran, dtype


def _version_error(path: str) -> SourceError:
    return source_error(
        path, "its .npy version is for structured arrays; save plain numbers with `np.save`"
    )
