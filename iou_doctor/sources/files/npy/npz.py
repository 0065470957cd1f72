"""One member of an `.npz` file: memory-mapped if it is stored, streamed if it is compressed."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace

from iou_doctor.sources.files.crc32 import calculate_crc32
from iou_doctor.sources.files.file_status import get_file_size, open_file, read_file_head
from iou_doctor.sources.files.file_types import describe_head
from iou_doctor.sources.files.memory_limits import MOST_DEFLATE_RATIO, check_held_bytes
from iou_doctor.sources.files.npy.npy import DAMAGED, MappedSource, open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader, read_header
from iou_doctor.sources.files.npy.npz_stream import FortranSource, StreamedSource, open_archive
from iou_doctor.sources.files.npy.piecewise_checksum import PiecewiseChecksum
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.files.unread_types import TORCH_FILE
from iou_doctor.sources.several_arrays import SeveralArraysError
from iou_doctor.sources.source_errors import list_names, source_error, translate_errors

_LOCAL_HEADER_BYTES = 30
"""The size in bytes of a member's local header before its name; the last four are two lengths."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The compression methods of `np.savez` and `np.savez_compressed`."""
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)
"""What `zipfile` raises for damaged archives.

Offsets before the file's start are an OSError or a ValueError, names that are not UTF-8 a
ValueError, and a required version that `zipfile` lacks is a NotImplementedError.
"""


def open_npz(path: str, name: str | None = None) -> MappedSource | StreamedSource | FortranSource:
    """Return the member `name` of an `.npz` file, or its only one.

    Raises:
        SourceError: it is another kind of file, has no such member, or that holds no numbers.
    """
    head = read_file_head(path)
    if not head.startswith(b"PK"):
        looks = describe_head(head)
        raise source_error(path, f"it is not a .npz file: {looks}; save it with `np.savez`")
    why = "the zip file is damaged or cut off; save or copy it again"
    with translate_errors(path, *_ZIP_ERRORS, why=why), open_archive(path) as archive:
        info, name = _find_member(archive, path, name)
        place = f"{path}::{name}"
        _check_member(info, place, get_file_size(path))
        with archive.open(info) as stream:
            header = read_header(stream, place, info.file_size)
    return _build_source(path, place, info, header)


def _build_source(
    path: str, place: str, info: zipfile.ZipInfo, header: NpyHeader
) -> MappedSource | StreamedSource | FortranSource:
    if info.compress_type == zipfile.ZIP_STORED:
        start = _find_data_offset(path, place, info)
        if is_remote(path):
            return _open_remote(path, place, info, header, start)
        _check_stored(path, place, info, start)
        return open_values(place, "npz", path, header, start + header.offset)
    if header.order == "F" and len(header.shape) > 1:
        check_held_bytes(
            place,
            header.nbytes,
            what="an array in Fortran order is unpacked as a whole, which",
            remedy="save it with `np.savez`, or in C order (`np.ascontiguousarray`)",
        )
        return FortranSource(place, path, info, header)
    return StreamedSource(place, path, info, header)


def _find_member(
    archive: zipfile.ZipFile, path: str, name: str | None
) -> tuple[zipfile.ZipInfo, str]:
    members = {info.filename: info for info in archive.infolist()}
    names = [member.removesuffix(".npy") for member in members if member.endswith(".npy")]
    if name is not None:
        info = members.get(name) or members.get(f"{name}.npy")
        if info is None:
            there = list_names(names) or "no arrays"
            raise source_error(path, f"it has no member `{name}`; it has {there}")
        return info, name
    if not names and any(member.endswith("data.pkl") for member in members):
        raise source_error(path, TORCH_FILE)
    if not names:
        raise source_error(
            path, "it holds no arrays; save them with `np.savez`, or unpack it if it holds images"
        )
    if len(names) > 1:
        there = list_names(names)
        raise SeveralArraysError(path, names, there)
    return members[f"{names[0]}.npy"], names[0]


def _check_member(info: zipfile.ZipInfo, place: str, size: int) -> None:
    """Refuse a member that cannot be read, or that claims more bytes than the file can hold."""
    if info.flag_bits & 1:
        raise source_error(place, "it is encrypted; save it with `np.savez`")
    if info.compress_type not in _METHODS:
        raise source_error(
            place, "its compression is not that of NumPy; save it with `np.savez_compressed`"
        )
    ratio = MOST_DEFLATE_RATIO if info.compress_type == zipfile.ZIP_DEFLATED else 1
    if info.compress_size > size or info.file_size > info.compress_size * ratio:
        raise source_error(
            place,
            f"it is cut off: {info.file_size:,} bytes do not fit into a file of {size:,}; "
            "save or copy it again",
        )


def _check_stored(path: str, place: str, info: zipfile.ZipInfo, start: int) -> None:
    """Refuse a stored member whose checksum is another, as NumPy does.

    Later reads map the file and compare nothing.
    """
    with translate_errors(place, OSError, EOFError, why="it changed while it was read"):
        found = calculate_crc32(path, start, start + info.file_size)
    if found != info.CRC:
        raise source_error(place, DAMAGED)


def _open_remote(
    path: str, place: str, info: zipfile.ZipInfo, header: NpyHeader, start: int
) -> MappedSource:
    """Return a stored member in a store, whose checksum is compared while it is read."""
    source = open_values(place, "npz", path, header, start + header.offset)
    if info.file_size != header.offset + header.nbytes:
        return source
    with open_file(path) as stream:
        stream.seek(start)
        checksum = PiecewiseChecksum(stream.read(header.offset), header.nbytes, info.CRC)
    source = replace(source, checksum=checksum)
    if source.content is not None:
        source.compare_checksum(0, source.content)
    return source


def _find_data_offset(path: str, place: str, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin in the file."""
    why = "check that you may read the file"
    with translate_errors(place, OSError, why=why), open_file(path) as stream:
        stream.seek(info.header_offset)
        local = stream.read(_LOCAL_HEADER_BYTES)
    name_bytes = int.from_bytes(local[26:28], "little")
    extra_bytes = int.from_bytes(local[28:30], "little")
    offset = info.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    if len(local) < _LOCAL_HEADER_BYTES or offset + info.file_size > get_file_size(path):
        raise source_error(place, "the zip file is damaged or cut off; save or copy it again")
    return offset
