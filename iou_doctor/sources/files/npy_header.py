"""The header of a `.npy` file, read by NumPy from a bounded number of bytes."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from typing import IO, Any

import numpy as np

from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.formats import likeness
from iou_doctor.sources.numbers import check_dtype, check_shape
from iou_doctor.sources.refusals import refusal, refusing

_LONGEST_HEADER = 10_000  # bytes: numpy's own limit; only structured types need more than 200
# what numpy lets out for a header that is no header: it evaluates a literal and builds a dtype
_HEADER_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@record
class NpyHeader:
    """What a `.npy` header says about the values after it."""

    dtype: np.dtype[Any]
    """The dtype as stored, in the file's byte order."""
    shape: tuple[int, ...]
    order: str
    """`C` or `F`: which axis varies fastest."""
    offset: int
    """Bytes before the first value."""

    @property
    def nbytes(self) -> int:
        """Bytes of all the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes], path: str, available: int) -> NpyHeader:
    """Return the header at the start of `stream`, which has `available` bytes in all.

    Raises:
        SourceError: it is no such header, not about numbers, or claims more bytes than there are.
    """
    # a file may claim a header of 4 GB: numpy sees no more of it than a header may have
    start = io.BytesIO(stream.read(_LONGEST_HEADER))
    if not start.getvalue().startswith(np.lib.format.MAGIC_PREFIX):
        raise refusal(
            path, f"it is no .npy file: {likeness(start.getvalue())}; save it with `np.save`"
        )
    shape, fortran, dtype = _parsed(start, path)
    check_dtype(path, dtype)
    check_shape(path, shape)
    header = NpyHeader(dtype, shape, "F" if fortran else "C", offset=start.tell())
    if header.nbytes > available - header.offset:
        raise refusal(
            path,
            f"it is cut off: its header says {header.nbytes:,} bytes of values, "
            f"and {available - header.offset:,} are there; save or copy it again",
        )
    return header


def _parsed(start: IO[bytes], path: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    damaged = "its header is damaged or cut off; save it again with `np.save`"
    # numpy warns of headers by Python 2, Python of odd literals; neither is the user's concern
    with refusing(path, *_HEADER_ERRORS, why=damaged), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader = _READERS.get(np.lib.format.read_magic(start))
        if reader is None:  # version 3 exists for structured types only
            raise _unknown_version(path)
        shape, fortran, dtype = reader(start, max_header_size=_LONGEST_HEADER)
    if any(size < 0 for size in shape):
        raise refusal(path, damaged)
    return shape, fortran, dtype


def _unknown_version(path: str) -> SourceError:
    return refusal(path, "it is of a .npy version for other than plain numbers; save plain numbers")
