"""One volume of an NRRD file: mapped if it is stored as it is, unpacked if it is compressed."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.record import record
from iou_doctor.sources.array_checks import check_shape, get_native_dtype
from iou_doctor.sources.files.affines import Affine, build_affine
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.file_status import get_file_size, read_file_head
from iou_doctor.sources.files.gzip_stream import GZIP_ERRORS, unpack
from iou_doctor.sources.files.memory_limits import check_packed_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.volumes.data_file import locate_data_file, several_files_error
from iou_doctor.sources.files.volumes.volume import Volume
from iou_doctor.sources.files.whole_array import WholeArray
from iou_doctor.sources.source_errors import source_error, translate_errors

_MOST_HEADER_BYTES = 1 << 20
"""The maximum size of a header: those of segmentations list the names of all segments."""
_MOST_LINES = 10_000
_FILE_LIST = re.compile(rb"^data ?file: *LIST", re.MULTILINE)
"""How a header begins to list the files of its slices."""
_DAMAGED = "it is damaged, cut off, or no NRRD volume; save it again"
_INSTEAD = "save it with `np.save('NAME.npy', nrrd.read(FILE)[0])`"
_TYPES = MappingProxyType(
    {
        **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
        **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
        **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
        **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
        **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
        **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
        **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
        **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
        "float": "f4",
        "double": "f8",
    }
)
"""What a header calls the types of values."""
_ENCODINGS = frozenset({"raw", "gzip", "gz"})
"""How the voxels may be stored."""
_ORDERS: Mapping[str, Literal["<", ">"]] = MappingProxyType({"little": "<", "big": ">"})


@record
class _Header:
    """What the header of an NRRD file says."""

    fields: Mapping[str, Any]
    size: int
    """The number of bytes of the header."""
    values: NpyHeader
    affine: Affine | None

    encoding: str
    """How the voxels are stored."""
    skipped_lines: int
    """The number of lines in front of the voxels, beside the header."""
    skipped_bytes: int
    """The number of bytes behind those; -1: all but the voxels."""

    @property
    def data_file(self) -> str | None:
        """What the header says of the file with the voxels; `None`: they follow the header."""
        found = self.fields.get("data file", self.fields.get("datafile"))
        return None if found is None else str(found)


def open_nrrd(path: str, name: str | None = None) -> Volume:
    """Return a volume with its axes in the order of the header: usually x, y, z.

    Raises:
        SourceError: it is another kind of file, damaged, or holds no numbers.
    """
    if not read_file_head(path).startswith(b"NRRD"):
        raise source_error(path, "it is no NRRD file; save it again")
    if name is not None:
        raise source_error(path, f"an NRRD file holds one volume without a name; drop `::{name}`")
    header = _read_header(path)
    check_shape(path, header.values.shape)
    if header.data_file is None:
        return _build(path, header, path, header.size)
    file = locate_data_file(path, header.data_file)
    volume = _build(path, header, file, 0)
    return replace(volume, data_file=file)


def read_nrrd_fields(path: str) -> dict[str, Any]:
    """Return the fields of a header, in their order and as pynrrd parses them.

    Raises:
        SourceError: it is damaged.
    """
    return dict(_read_header(path).fields)


def _read_header(path: str) -> _Header:
    library = import_extra(path, "nrrd", extra="medical", what="an NRRD volume", instead=_INSTEAD)
    with Path(path).open("rb") as file:
        start = io.BytesIO(file.read(_MOST_HEADER_BYTES))
    if _FILE_LIST.search(start.getvalue()):
        raise several_files_error(path)
    errors = (ValueError, KeyError, IndexError, TypeError, OverflowError, library.NRRDError)
    # pynrrd casts without a look at the values
    with translate_errors(path, *errors, why=_DAMAGED), np.errstate(all="ignore"):
        fields = library.read_header(start)
        shape = tuple(int(size) for size in fields["sizes"])
        if int(fields["dimension"]) != len(shape):
            raise ValueError("the number of axes differs from that of the sizes")
        encoding = str(fields["encoding"])
        if encoding not in _ENCODINGS:
            raise source_error(path, f"its encoding is {encoding}; save it as raw or gzip")
        values = NpyHeader(_find_dtype(path, fields), shape, "F", 0)
        return _Header(
            fields,
            size=start.tell(),
            values=values,
            affine=_find_affine(fields),
            encoding=encoding,
            skipped_lines=int(fields.get("line skip", fields.get("lineskip", 0))),
            skipped_bytes=int(fields.get("byte skip", fields.get("byteskip", 0))),
        )


def _build(path: str, header: _Header, file: str, start: int) -> Volume:
    """Return the volume whose voxels are in a file from a byte on, behind what is skipped."""
    values, skipped = header.values, header.skipped_bytes
    start = _skip_lines(path, file, start, header.skipped_lines)
    if header.encoding == "raw":
        size = get_file_size(file)
        offset = start + skipped if skipped >= 0 else size - values.nbytes
        if skipped < -1 or offset < start or values.nbytes != size - offset:
            fault = "damaged" if size - start > values.nbytes else "cut off"
            raise source_error(
                path,
                f"it is {fault}: its header says {values.nbytes:,} bytes of voxels, and"
                f" {max(0, size - start):,} are there; save or copy it again",
            )
        return Volume(open_values(path, "nrrd", file, values, offset), "nrrd", header.affine)
    if not 0 <= skipped <= _MOST_HEADER_BYTES:
        raise source_error(path, f"it skips {skipped:,} bytes; save it as one file")
    check_packed_bytes(path, values.nbytes, get_file_size(file) - start, remedy="save it as raw")
    native = get_native_dtype(values.dtype)
    load = partial(_unpack, path, values, file, start, skipped)
    return Volume(WholeArray(path, "nrrd", values.shape, native, load), "nrrd", header.affine)


def _skip_lines(path: str, file: str, start: int, count: int) -> int:
    """Return the byte behind some lines of a file."""
    if not 0 <= count <= _MOST_LINES:
        raise source_error(path, f"it skips {count:,} lines; save it as one file")
    if not count:
        return start
    with translate_errors(path, OSError, why=_DAMAGED), Path(file).open("rb") as stream:
        stream.seek(start)
        for _ in range(count):
            stream.readline(_MOST_HEADER_BYTES)
        return stream.tell()


def _unpack(path: str, header: NpyHeader, file: str, start: int, skipped: int) -> StoredArray:
    with translate_errors(path, *GZIP_ERRORS, why=_DAMAGED):
        content = unpack(file, skipped, header.nbytes, start=start, is_all=True)
    return content.view(header.dtype).reshape(header.shape, order="F")


def _find_dtype(path: str, header: Mapping[str, Any]) -> StoredDtype:
    kind = str(header["type"])
    if kind not in _TYPES:
        raise source_error(path, f"its values are of type {kind}; save integers or floats")
    dtype = np.dtype(_TYPES[kind])
    return dtype if dtype.itemsize == 1 else dtype.newbyteorder(_ORDERS[header["endian"]])


def _find_affine(header: Mapping[str, Any]) -> Affine | None:
    """Return the directions of the axes in the patient; `None` if the header does not say them."""
    space = str(header.get("space", "")).lower()
    directions = np.array(header.get("space directions", ()), dtype=np.float64)
    if directions.shape != (3, 3) or not np.isfinite(directions).all():
        return None
    names = {"ras": "right-anterior-superior", "lps": "left-posterior-superior"}
    words = names.get(space, space).split("-")
    if words[1:] not in (["anterior", "superior"], ["posterior", "superior"]):
        return None
    return build_affine(
        directions.tolist(), left=words[0] == "left", posterior=words[1] == "posterior"
    )
