"""One volume of a NIfTI file: mapped if it is stored as it is, unpacked if it is compressed."""

from __future__ import annotations

import struct
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.record import record
from iou_doctor.sources.array_checks import check_dtype, check_shape, get_native_dtype
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.file_status import get_file_size, read_file_head
from iou_doctor.sources.files.gzip_stream import GZIP_ERRORS, read_start, unpack
from iou_doctor.sources.files.memory_limits import check_packed_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.volumes.nifti_checks import check_extensions, check_header
from iou_doctor.sources.files.volumes.volume import Volume
from iou_doctor.sources.files.whole_array import WholeArray
from iou_doctor.sources.source_errors import source_error, translate_errors

_GZIP_MAGIC = b"\x1f\x8b"
_START_BYTES = 541
"""The size in bytes of a header of version 2, and the byte behind it, which says whether extensions
follow. A header of version 1 has 348."""
_MOST_OFFSET = 1 << 28
"""The maximum number of bytes in front of the voxels, if they have to be read."""
_HEADERS = ((348, "nibabel.nifti1", "Nifti1Header"), (540, "nibabel.nifti2", "Nifti2Header"))
"""The size of a header, which it begins with, and the class that reads it."""
_WHAT = "a NIfTI volume"
_INSTEAD = "save it with `np.save('NAME.npy', np.asarray(nibabel.load(FILE).dataobj))`"
_UNPACK = "unpack it with `gunzip`"
_DAMAGED = "it is damaged, cut off, or no NIfTI volume; save it again"


@record
class _Header:
    """What a NIfTI header says."""

    shape: tuple[int, ...]
    """Without the axes of length 1 behind the third one."""
    dtype: StoredDtype
    """The dtype as stored, in the file's byte order."""
    offset: int
    """The number of bytes in front of the first value."""
    affine: Affine
    scale: tuple[float, float] | None
    size: int
    """The number of bytes of the header itself."""
    order: str
    """`<` or `>`, the byte order."""

    @property
    def nbytes(self) -> int:
        """The number of bytes of all values."""
        return prod(self.shape) * self.dtype.itemsize


def open_nifti(path: str, name: str | None = None) -> Volume:
    """Return a volume with its axes in the order of the file: usually x, y, z.

    Raises:
        SourceError: it is another kind of file, damaged, or holds no numbers.
    """
    head = read_file_head(path)
    if name is not None:
        raise source_error(path, f"a NIfTI file holds one volume without a name; drop `::{name}`")
    size = get_file_size(path)
    is_packed = head.startswith(_GZIP_MAGIC)
    with translate_errors(path, *GZIP_ERRORS, why=_DAMAGED):
        start = _read_start(path, _START_BYTES, is_packed=is_packed)
    header = _parse(path, start)
    _check_extensions(path, header, start, is_packed=is_packed)
    shape, dtype = header.shape, header.dtype
    check_dtype(path, dtype)
    check_shape(path, shape)
    if not is_packed:
        _check_length(path, header, size)
        values = NpyHeader(dtype, shape, "F", 0)
        source = open_values(path, "nifti", path, values, header.offset)
        return Volume(source, "nifti", header.affine, header.scale)
    _check_offset(path, header)
    check_packed_bytes(path, header.nbytes, size, remedy=_UNPACK)
    native = get_native_dtype(dtype)
    whole = WholeArray(path, "nifti", shape, native, partial(_unpack, path, header))
    return Volume(whole, "nifti", header.affine, header.scale)


def build_nifti(template: str, values: StoredArray) -> bytes:
    """Return the content of a `.nii` file with other values.

    Args:
        template: the file whose header and affine it gets.
        values: the volume.

    Raises:
        SourceError: the template cannot be read.
    """
    is_packed = read_file_head(template).startswith(_GZIP_MAGIC)
    with translate_errors(template, *GZIP_ERRORS, why=_DAMAGED):
        start = _read_start(template, _START_BYTES, is_packed=is_packed)
    library, header = _read_header(template, start)
    header.set_slope_inter(1, 0)
    image_type = getattr(library, type(header).__name__.replace("Header", "Image"))
    # without an affine, the header keeps its own
    image = image_type(values, None, header, dtype=values.dtype)
    content: bytes = image.to_bytes()
    return content


def has_extensions(path: str) -> bool:
    """Return whether a NIfTI file has more between its header and its voxels.

    Raises:
        SourceError: it cannot be read.
    """
    is_packed = read_file_head(path).startswith(_GZIP_MAGIC)
    with translate_errors(path, *GZIP_ERRORS, why=_DAMAGED):
        start = _read_start(path, _START_BYTES, is_packed=is_packed)
    sizes = {int.from_bytes(start[:4], order) for order in ("little", "big")}
    return any(start[size : size + 1] not in (b"", b"\0") for size in sizes & {348, 540})


def _read_start(path: str, size: int, *, is_packed: bool) -> bytes:
    if is_packed:
        return read_start(path, size)
    with Path(path).open("rb") as stream:
        return stream.read(size)


def _read_header(path: str, start: bytes) -> tuple[Any, Any]:
    """Return the module of nibabel for a file, and its header."""
    sizes = {int.from_bytes(start[:4], order): order for order in ("little", "big")}
    found = next((entry for entry in _HEADERS if entry[0] in sizes), None)
    if found is None or len(start) < found[0]:
        looks = f"it begins with {start[:4]!r}"
        raise source_error(path, f"it is no NIfTI file, or cut off: {looks}; save it again")
    size, module, name = found
    library = import_extra(path, module, extra="medical", what=_WHAT, instead=_INSTEAD)
    header = getattr(library, name)(start[:size], check=False)
    if bytes(header["magic"]).startswith(b"ni1"):
        raise source_error(path, "its voxels are in another file; save both as one .nii file")
    return library, header


def _parse(path: str, start: bytes) -> _Header:
    """Return what the header at the start of a file says."""
    library, header = _read_header(path, start)
    errors = (ValueError, OverflowError, KeyError, TypeError, struct.error, _get_error(library))
    with translate_errors(path, *errors, why=_DAMAGED), np.errstate(all="ignore"):
        check_header(header, start)
        shape = tuple(int(length) for length in header.get_data_shape())
        return _Header(
            _drop_single_axes(shape),
            np.dtype(header.get_data_dtype()),
            int(header.get_data_offset()),
            _round(header.get_best_affine()),
            _find_scale(header),
            int(header.sizeof_hdr),
            str(header.endianness),
        )


def _check_extensions(path: str, header: _Header, start: bytes, *, is_packed: bool) -> None:
    """Raise an error if extensions are named in front of the voxels, and damaged."""
    if not any(start[header.size : header.size + 1]):
        return
    _check_offset(path, header)
    with translate_errors(path, ValueError, *GZIP_ERRORS, why=_DAMAGED):
        content = _read_start(path, header.offset, is_packed=is_packed)[header.size :]
        check_extensions(content, header.order)


def _check_offset(path: str, header: _Header) -> None:
    if not 0 <= header.offset <= _MOST_OFFSET:
        raise source_error(path, f"{_DAMAGED} (its voxels begin at byte {header.offset:,})")


def _get_error(library: Any) -> type[Exception]:
    """Return what nibabel raises for damaged headers."""
    error: type[Exception] = library.HeaderDataError
    return error


def _drop_single_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape without axes of length 1 between x, y, z and the channels."""
    return (*shape[:3], *(length for length in shape[3:] if length != 1))


def _round(affine: Any) -> Affine:
    return tuple(tuple(float(value) for value in row[:3]) for row in affine[:3])


def _find_scale(header: Any) -> tuple[float, float] | None:
    """Return the factor and the offset of the values, if there are any."""
    scale = header.get_slope_inter()
    if None in scale or scale == (1, 0):
        return None
    slope, intercept = scale
    return float(slope), float(intercept)


def _check_length(path: str, header: _Header, size: int) -> None:
    if not 0 <= header.offset <= size - header.nbytes:
        raise source_error(
            path,
            f"it is cut off: its header says {header.nbytes:,} bytes of voxels from byte"
            f" {header.offset:,} on, and the file has {size:,}; save or copy it again",
        )


def _unpack(path: str, header: _Header) -> StoredArray:
    with translate_errors(path, *GZIP_ERRORS, why=_DAMAGED):
        content = unpack(path, header.offset, header.nbytes)
    return content.view(header.dtype).reshape(header.shape, order="F")
