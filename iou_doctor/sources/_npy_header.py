"""The header of a `.npy` file, read without trusting it.

`numpy.lib.format` reads as many header bytes as the file asks for and evaluates types that are
of no use here, some with a warning. This reads a bounded header and accepts numbers only.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from iou_doctor.errors import SourceError
from iou_doctor.sources._formats import likeness
from iou_doctor.sources._numbers import check_dtype, check_shape, kind_refusal
from iou_doctor.sources._refusal import refusal

_LONGEST_HEADER = 10_000  # bytes: numpy's own limit; only structured types need more than 200
_KEYS = {"descr", "fortran_order", "shape"}
_PLAIN_TYPE = re.compile(r"[<>|=]?([a-zA-Z])(\d*)(\[.*\])?")
_LONG = re.compile(r"(?<=\d)L(?=\s*[,)])")  # Python 2 wrote `(3L, 4L)`
# what `ast.literal_eval` raises for text that is no literal, or nests too deeply
_NOT_LITERAL = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


@dataclass(frozen=True)
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
    text, offset = _header_text(stream, path)
    fields = _fields(text, path)
    header = NpyHeader(
        dtype=_dtype(fields["descr"], path),
        shape=_shape(fields["shape"], path),
        order="F" if fields["fortran_order"] else "C",
        offset=offset,
    )
    if header.nbytes > available - offset:
        raise refusal(
            path,
            f"it is cut off: its header says {header.nbytes:,} bytes of values, "
            f"and {available - offset:,} are there; save or copy it again",
        )
    return header


def _header_text(stream: IO[bytes], path: str) -> tuple[str, int]:
    start = stream.read(8)
    if not start.startswith(b"\x93NUMPY"):
        raise refusal(path, f"it is no .npy file: {likeness(start)}; save it with `np.save`")
    if len(start) < 8 or start[6] not in (1, 2, 3):
        raise refusal(path, "it has no .npy version 1, 2 or 3; save it with `np.save`")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _LONGEST_HEADER:
        raise refusal(
            path, f"its header is {length:,} bytes long; a plain array saved by `np.save` works"
        )
    raw = stream.read(length)
    if len(raw) < length:
        raise refusal(path, "it is cut off within its header; save or copy it again")
    # latin1 never fails; version 3 differs only in the field names of structured types
    return raw.decode("latin1"), 8 + width + length


def _fields(text: str, path: str) -> dict[str, Any]:
    damaged = "its header is damaged; save it again with `np.save`"
    try:
        fields = ast.literal_eval(_LONG.sub("", text).strip())
    except _NOT_LITERAL as error:
        raise refusal(path, damaged) from error
    if not isinstance(fields, dict) or fields.keys() != _KEYS:
        raise refusal(path, damaged)
    if not isinstance(fields["fortran_order"], bool):
        raise refusal(path, damaged)
    return fields


def _dtype(descr: object, path: str) -> np.dtype[Any]:
    if not isinstance(descr, str):
        raise kind_refusal(path, "V")
    match = _PLAIN_TYPE.fullmatch(descr)
    if match is None:
        raise _unknown_type(descr, path)
    if match[1] not in "biuf" or match[3]:
        raise kind_refusal(path, match[1])
    try:
        dtype = np.dtype(descr)
    except TypeError as error:
        raise _unknown_type(descr, path) from error
    check_dtype(path, dtype)
    return dtype


def _unknown_type(descr: str, path: str) -> SourceError:
    return refusal(path, f"its type {descr[:20]!r} is unknown here; save it as float32 or int32")


def _shape(shape: object, path: str) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise refusal(path, "its header has no valid shape; save it again with `np.save`")
    if len(shape) > 32:  # numpy 1's limit
        raise refusal(path, f"it has {len(shape)} axes; save an array with at most 32")
    check_shape(path, shape)
    return shape
