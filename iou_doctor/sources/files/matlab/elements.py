"""Reads the headers of the variables in a MATLAB file of versions 5 to 7.

SciPy reads such files as well, but ends the process on some damaged ones.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.record import record
from iou_doctor.sources.array_checks import MOST_AXES
from iou_doctor.sources.files.file_status import get_file_size
from iou_doctor.sources.files.matlab.cursor import TAG_BYTES, Cursor
from iou_doctor.sources.source_errors import source_error, translate_errors

HEADER_BYTES = 128
"""The bytes in front of the first variable."""
_MATRIX, _COMPRESSED = 14, 15
_HEAD_BYTES = 4096
"""The bytes of a variable that hold its class, shape and name."""
_PIECE_BYTES = 1 << 16
_MOST_VARIABLES = 10_000
"""The maximum number of variables to look at."""
_INT32, _UINT32 = 5, 6
_TEXTS = (1, 16)
"""The types of names: signed bytes, and UTF-8."""
_LOGICAL, _COMPLEX = 0x200, 0x800
_CLASSES = MappingProxyType(
    {
        1: "cell",
        2: "struct",
        3: "object",
        4: "char",
        5: "sparse",
        6: "double",
        7: "single",
        8: "int8",
        9: "uint8",
        10: "int16",
        11: "uint16",
        12: "int32",
        13: "uint32",
        14: "int64",
        15: "uint64",
        16: "function",
        17: "object",
    }
)
_TYPES = MappingProxyType(
    {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
)
"""The types in which values may be stored: doubles that are small integers are stored as such."""
_DTYPES: Mapping[str, StoredDtype] = MappingProxyType(
    {"double": np.dtype(np.float64), "single": np.dtype(np.float32)}
)
_NUMBERS = ("logical", *_DTYPES, *(kind for kind in _CLASSES.values() if "int" in kind))
DAMAGED = "the MATLAB file is damaged or cut off; save or copy it again"


@record
class Variable:
    """What a MATLAB file says about a variable."""

    name: str
    kind: str
    """MATLAB's name for its class."""
    shape: tuple[int, ...]
    start: int
    """The byte of the file at which the variable begins."""
    length: int
    """The number of bytes from there on."""
    is_compressed: bool
    stored: StoredDtype | None = None
    """The dtype of the stored values; `None` if it holds no real numbers."""
    offset: int = 0
    """The byte of the variable, without compression, at which the values begin."""

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of the variable, in the byte order of this machine."""
        if self.kind == "logical":
            return np.dtype(np.bool_)
        integers: StoredDtype = np.dtype(self.kind if "int" in self.kind else np.uint8)
        return _DTYPES.get(self.kind, integers)

    @property
    def stored_bytes(self) -> int:
        """The number of bytes of the values as they are stored."""
        return prod(self.shape) * (self.stored.itemsize if self.stored else 0)


def list_variables(path: str) -> list[Variable]:
    """Return the variables of a file.

    Raises:
        SourceError: it is damaged, or of another version.
    """
    size = get_file_size(path)
    errors = (OSError, zlib.error, struct.error, ValueError, KeyError, EOFError)
    with translate_errors(path, *errors, why=DAMAGED), Path(path).open("rb") as stream:
        header = stream.read(HEADER_BYTES)
        order = _find_byte_order(header)
        if order is None:
            raise source_error(
                path, "it is no MATLAB file of version 5 or later; save it with `save -v7 FILE`"
            )
        return list(_iterate_variables(path, stream, order, size))


def _find_byte_order(header: bytes) -> str | None:
    """Return the byte order as NumPy writes it; `None` if it is not a file of version 5."""
    version, mark = header[-4:-2], header[-2:]
    if 0 in header[:4]:  # as in a file of version 4
        return None
    return {b"\0\1IM": "<", b"\1\0MI": ">"}.get(version + mark)


def read_values(path: str, variable: Variable) -> memoryview:
    """Return the bytes of the values of a variable.

    Raises:
        SourceError: the file is damaged, or has changed.
    """
    end = variable.offset + variable.stored_bytes
    with translate_errors(path, OSError, zlib.error, why=DAMAGED), Path(path).open("rb") as stream:
        stream.seek(variable.start)
        if not variable.is_compressed:
            stream.seek(variable.offset, 1)
            content = memoryview(stream.read(variable.stored_bytes))
        else:
            packed = _decompress(stream, variable.length, end)
            content = memoryview(packed)[variable.offset : end]
    if len(content) < variable.stored_bytes:
        raise source_error(path, DAMAGED)
    return content


def _decompress(stream: BinaryIO, length: int, end: int) -> bytearray:
    """Return the first bytes of a compressed variable; its checksum is compared as well."""
    unpacker = zlib.decompressobj()
    content = bytearray()
    left = length
    # values are padded to 8 bytes, and an imaginary part would follow
    while left and not unpacker.eof and len(content) < end + 8:
        piece = stream.read(min(_PIECE_BYTES, left))
        if not piece:
            break
        left -= len(piece)
        content += unpacker.decompress(piece, max(1, end + 8 - len(content)))
        while unpacker.unconsumed_tail and len(content) < end + 8:
            content += unpacker.decompress(unpacker.unconsumed_tail, end + 8 - len(content))
    if not unpacker.eof or len(content) > -(-end // 8) * 8:
        raise zlib.error("the data does not end with the values")
    return content


def _iterate_variables(path: str, stream: BinaryIO, order: str, size: int) -> Iterator[Variable]:
    start = HEADER_BYTES
    for _ in range(_MOST_VARIABLES):
        if start == size:
            return
        stream.seek(start)
        kind, length = struct.unpack(f"{order}II", stream.read(TAG_BYTES))
        start += TAG_BYTES
        if length > size - start:
            raise source_error(path, DAMAGED)
        head = stream.read(min(length, _HEAD_BYTES))
        if kind == _COMPRESSED:
            head = zlib.decompressobj().decompress(head, _HEAD_BYTES)
            (kind,) = struct.unpack_from(f"{order}I", head)
            cursor = Cursor(head, order, TAG_BYTES)
        else:
            cursor = Cursor(head, order, 0)
        if kind != _MATRIX:
            raise ValueError("there is something else than a variable")
        yield _parse(cursor, start, length, is_compressed=cursor.place > 0)
        start += length
    raise source_error(path, f"it has more than {_MOST_VARIABLES:,} variables; save fewer")


def _parse(cursor: Cursor, start: int, length: int, *, is_compressed: bool) -> Variable:
    """Return a variable from its head.

    Raises:
        ValueError: the head is damaged.
    """
    place, _ = cursor.next_element_of(_UINT32)
    (flags,) = struct.unpack_from(f"{cursor.order}I", cursor.head, place)
    place, size = cursor.next_element_of(_INT32)
    if size > 4 * MOST_AXES:
        raise ValueError("too many axes")
    shape = struct.unpack_from(f"{cursor.order}{size // 4}i", cursor.head, place)
    place, size = cursor.next_element_of(*_TEXTS)
    if place + size > len(cursor.head) or any(axis < 0 for axis in shape):
        raise ValueError("the shape or the name is damaged")
    name = cursor.head[place : place + size].decode("latin-1")
    kind = "logical" if flags & _LOGICAL else _CLASSES.get(flags & 0xFF, "object")
    kind = "complex" if flags & _COMPLEX else kind
    if kind not in _NUMBERS:
        return Variable(name, kind, shape, start, length, is_compressed)
    code, place, size = cursor.next_element()
    stored = np.dtype(cursor.order + _TYPES[code])
    if size != prod(shape) * stored.itemsize:
        raise ValueError("the number of values is not that of the shape")
    found = Variable(name, kind, shape, start, length, is_compressed, stored, place)
    if not _can_hold(found.dtype, stored):
        raise ValueError("the values are stored in a type that the class cannot hold")
    return found


def _can_hold(dtype: StoredDtype, stored: StoredDtype) -> bool:
    """Return whether values of the stored type fit a variable; floats may be stored as integers."""
    fits = np.can_cast(stored, dtype, "safe") or (dtype.kind == "f" and stored.kind in "iu")
    return bool(dtype == np.bool_ or fits)
