"""One member of an `.npz` file: mapped where it is stored, streamed where it is compressed."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from iou_doctor.sources.files.file_status import file_head, file_size
from iou_doctor.sources.files.formats import likeness
from iou_doctor.sources.files.npy import MappedSource
from iou_doctor.sources.files.npy_header import NpyHeader, read_header
from iou_doctor.sources.files.npz_stream import FortranSource, StreamedSource
from iou_doctor.sources.refusals import listed, refusal, refusing

MOST_DEFLATED = 1032  # bytes that one byte of a deflate stream can stand for
_LOCAL_HEADER_BYTES = 30  # then the name and the extra field, whose lengths end it
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# zipfile lets these out on damaged archives: offsets before the file's start (OSError, ValueError),
# names that are not UTF-8 (ValueError), needed versions that it lacks (NotImplementedError)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)


def open_npz(path: str, name: str | None = None) -> MappedSource | StreamedSource | FortranSource:
    """Return the member `name` of an `.npz` file, or its only one.

    Raises:
        SourceError: it is no such file, has no such member, or that holds no numbers.
    """
    head = file_head(path)
    if not head.startswith(b"PK"):
        raise refusal(path, f"it is no .npz file: {likeness(head)}; save it with `np.savez`")
    why = "the zip file is damaged or cut off; save or copy it again"
    with refusing(path, *_ZIP_ERRORS, why=why), zipfile.ZipFile(path) as archive:
        info, name = _pick(archive, path, name)
        place = f"{path}::{name}"
        _check_member(info, place, file_size(path))
        with archive.open(info) as stream:
            header = read_header(stream, place, info.file_size)
    return _source(path, place, info, header)


def _source(
    path: str, place: str, info: zipfile.ZipInfo, header: NpyHeader
) -> MappedSource | StreamedSource | FortranSource:
    if info.compress_type == zipfile.ZIP_STORED:
        start = _data_offset(path, place, info)
        return MappedSource(place, "npz", path, header, start + header.offset)
    if header.order == "F" and len(header.shape) > 1:
        return FortranSource(place, path, info, header)
    return StreamedSource(place, path, info, header)


def _pick(archive: zipfile.ZipFile, path: str, name: str | None) -> tuple[zipfile.ZipInfo, str]:
    members = {info.filename: info for info in archive.infolist()}
    names = [member.removesuffix(".npy") for member in members if member.endswith(".npy")]
    if name is not None:
        info = members.get(name) or members.get(f"{name}.npy")
        if info is None:
            raise refusal(path, f"it has no member `{name}`; it has {listed(names) or 'no arrays'}")
        return info, name
    if not names:
        raise refusal(path, "it holds no arrays; save them with `np.savez`")
    if len(names) > 1:
        raise refusal(path, f"it holds {listed(names)}; add `::{names[0]}` or another name")
    return members[f"{names[0]}.npy"], names[0]


def _check_member(info: zipfile.ZipInfo, place: str, size: int) -> None:
    if info.flag_bits & 1:
        raise refusal(place, "it is encrypted; save it with `np.savez`")
    if info.compress_type not in _METHODS:
        raise refusal(place, "its compression is not numpy's; save it with `np.savez_compressed`")
    ratio = MOST_DEFLATED if info.compress_type == zipfile.ZIP_DEFLATED else 1
    if info.compress_size > size or info.file_size > info.compress_size * ratio:
        raise refusal(
            place,
            f"it is cut off: {info.file_size:,} bytes do not fit into a file of {size:,}; "
            "save or copy it again",
        )


def _data_offset(path: str, place: str, info: zipfile.ZipInfo) -> int:
    with refusing(place, OSError, why="it cannot be opened"), Path(path).open("rb") as stream:
        stream.seek(info.header_offset)
        local = stream.read(_LOCAL_HEADER_BYTES)
    name_bytes = int.from_bytes(local[26:28], "little")
    extra_bytes = int.from_bytes(local[28:30], "little")
    offset = info.header_offset + _LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    if len(local) < _LOCAL_HEADER_BYTES or offset + info.file_size > file_size(path):
        raise refusal(place, "the zip file is damaged or cut off; save or copy it again")
    return offset
