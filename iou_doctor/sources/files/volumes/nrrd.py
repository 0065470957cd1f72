"""One volume of an NRRD file: mapped if it is stored as it is, unpacked if it is compressed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.sources.array_checks import check_shape, get_native_dtype
from iou_doctor.sources.files.affines import Affine, build_affine
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.file_status import get_file_size, read_file_head
from iou_doctor.sources.files.gzip_stream import GZIP_ERRORS, unpack
from iou_doctor.sources.files.memory_limits import check_packed_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.volumes.volume import Volume
from iou_doctor.sources.files.whole_array import WholeArray
from iou_doctor.sources.source_errors import source_error, translate_errors

_MOST_HEADER_BYTES = 1 << 20
"""The maximum size of a header: those of segmentations list the names of all segments."""
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


def open_nrrd(path: str, name: str | None = None) -> Volume:
    """Return a volume with its axes in the order of the header: usually x, y, z.

    Raises:
        SourceError: it is another kind of file, damaged, or holds no numbers.
    """
    if not read_file_head(path).startswith(b"NRRD"):
        raise source_error(path, "it is no NRRD file; save it again")
    if name is not None:
        raise source_error(path, f"an NRRD file holds one volume without a name; drop `::{name}`")
    library = import_extra(path, "nrrd", extra="medical", what="an NRRD volume", instead=_INSTEAD)
    with Path(path).open("rb") as file:
        start = io.BytesIO(file.read(_MOST_HEADER_BYTES))
    errors = (ValueError, KeyError, IndexError, TypeError, OverflowError, library.NRRDError)
    with translate_errors(path, *errors, why=_DAMAGED):
        header = library.read_header(start)
        shape = tuple(int(size) for size in header["sizes"])
        dtype = _find_dtype(path, header)
        affine = _find_affine(header)
        encoding = str(header["encoding"]).lower()
    check_shape(path, shape)
    if any(key in header for key in ("data file", "datafile", "line skip", "byte skip")):
        raise source_error(path, "its voxels are in another file; save both as one .nrrd file")
    return _build(path, encoding, shape, dtype, start.tell(), affine)


def _build(
    path: str,
    encoding: str,
    shape: tuple[int, ...],
    dtype: StoredDtype,
    offset: int,
    affine: Affine | None,
) -> Volume:
    header = NpyHeader(dtype, shape, "F", 0)
    size = get_file_size(path) - offset
    if encoding == "raw":
        if header.nbytes > size:
            raise source_error(
                path,
                f"it is cut off: its header says {header.nbytes:,} bytes of voxels, and {size:,}"
                " are there; save or copy it again",
            )
        return Volume(open_values(path, "nrrd", path, header, offset), "nrrd", affine)
    if encoding not in {"gzip", "gz"}:
        raise source_error(path, f"its encoding is {encoding}; save it as raw or gzip")
    check_packed_bytes(path, header.nbytes, size, remedy="save it as raw")
    native = get_native_dtype(dtype)
    whole = WholeArray(path, "nrrd", shape, native, partial(_unpack, path, header, offset))
    return Volume(whole, "nrrd", affine)


def _unpack(path: str, header: NpyHeader, offset: int) -> StoredArray:
    with translate_errors(path, *GZIP_ERRORS, why=_DAMAGED):
        content = unpack(path, 0, header.nbytes, start=offset)
    return content.view(header.dtype).reshape(header.shape, order="F")


def _find_dtype(path: str, header: Mapping[str, Any]) -> StoredDtype:
    kind = str(header["type"]).lower()
    if kind not in _TYPES:
        raise source_error(path, f"its values are of type {kind}; save integers or floats")
    order = ">" if str(header.get("endian", "little")).lower() == "big" else "<"
    return np.dtype(order + _TYPES[kind])


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
