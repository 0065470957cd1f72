"""One volume of a MetaImage file (.mha, or .mhd beside .raw): mapped, or unpacked as a whole."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.array_checks import check_shape, get_native_dtype
from iou_doctor.sources.files.affines import Affine, build_affine
from iou_doctor.sources.files.file_status import get_file_size, read_file_head
from iou_doctor.sources.files.gzip_stream import unpack_zlib
from iou_doctor.sources.files.memory_limits import check_packed_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.volumes.data_file import locate_data_file
from iou_doctor.sources.files.volumes.volume import Volume
from iou_doctor.sources.files.whole_array import WholeArray
from iou_doctor.sources.source_errors import source_error, translate_errors

_MOST_HEADER_BYTES = 1 << 16
_LONGEST_KEY = 255
_FLAGS = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
LAST_KEY = "ElementDataFile"
"""The key of the last line of a header: where the voxels are."""
CHANNELS_KEY = "ElementNumberOfChannels"
_TYPES = MappingProxyType(
    {
        "MET_CHAR": "i1",
        "MET_UCHAR": "u1",
        "MET_SHORT": "i2",
        "MET_USHORT": "u2",
        "MET_INT": "i4",
        "MET_UINT": "u4",
        "MET_LONG": "i4",
        "MET_ULONG": "u4",
        "MET_LONG_LONG": "i8",
        "MET_ULONG_LONG": "u8",
        "MET_FLOAT": "f4",
        "MET_DOUBLE": "f8",
    }
)
_DAMAGED = "it is damaged, cut off, or no MetaImage volume; save it again"


@record
class _Header:
    """What the header of a MetaImage file says."""

    words: Mapping[str, str]
    offset: int
    """The number of bytes before the first voxel."""

    def is_true(self, key: str) -> bool:
        """Return whether a flag is set.

        Raises:
            KeyError: it is neither true nor false.
        """
        return _FLAGS[self.words.get(key, "False").lower()]

    def check(self) -> None:
        """Raise an error for what ITK refuses, or reads in another way.

        Raises:
            ValueError: it is damaged.
            KeyError: a line is missing.
        """
        axes = int(self.words["NDims"])
        spacing, offset, matrix = (
            np.array(self.words.get(key, "").split(), dtype=np.float64)
            for key in ("ElementSpacing", "Offset", "TransformMatrix")
        )
        if not np.isfinite([*spacing, *offset, *matrix]).all() or 0 in spacing:
            raise ValueError("a position is not finite, or voxels have no size")
        if not {spacing.size, offset.size} <= {0, axes}:
            raise ValueError("there are more or fewer positions than axes")
        if self.words["ObjectType"] != "Image" or axes != len(self.words["DimSize"].split()):
            raise ValueError("it is no image, or has another number of axes than sizes")
        if matrix.size and not np.linalg.det(matrix.reshape(axes, axes)):
            raise ValueError("the directions of the axes lie in a plane")
        if not self.is_true("BinaryData") or (self.data_file is None and self.skipped):
            raise ValueError("the voxels are text, or do not follow the header")

    @property
    def packed_bytes(self) -> int | None:
        """The number of bytes of the voxels if they are compressed."""
        return int(self.words["CompressedDataSize"]) if self.is_true("CompressedData") else None

    @property
    def skipped(self) -> int:
        """The number of bytes in front of the voxels in a file of their own; -1: all others."""
        return int(self.words.get("HeaderSize", "0"))

    @property
    def data_file(self) -> str | None:
        """What the header says of the file with the voxels; `None`: they follow the header."""
        name = self.words[LAST_KEY]
        return None if name in {"LOCAL", "Local", "local"} else name

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes, the fastest axis first; the channels of a voxel come first."""
        sizes = tuple(int(size) for size in self.words["DimSize"].split())
        channels = int(self.words.get(CHANNELS_KEY, "1"))
        return sizes if channels == 1 else (channels, *sizes)

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of the voxels, in the file's byte order."""
        is_big = self.is_true("BinaryDataByteOrderMSB") or self.is_true("ElementByteOrderMSB")
        return np.dtype((">" if is_big else "<") + _TYPES[self.words["ElementType"]])

    @property
    def affine(self) -> Affine | None:
        """The directions of the axes in the patient."""
        matrix = np.array(self.words.get("TransformMatrix", "").split(), dtype=np.float64)
        # MetaImage lists the direction of each axis, as left, posterior and up
        return build_affine(matrix.reshape(3, 3).tolist()) if matrix.size == 9 else None


def open_meta_image(path: str, name: str | None = None) -> Volume:
    """Return a volume with its axes in the order of the header: x, y, z.

    Raises:
        SourceError: it is another kind of file, or damaged.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"a .mha file holds one volume without a name; drop `::{name}`")
    errors = (ValueError, KeyError, OverflowError)
    with translate_errors(path, *errors, why=_DAMAGED), np.errstate(all="ignore"):
        header = _read_header(path)
        header.check()
        shape, dtype, affine = header.shape, header.dtype, header.affine
        packed_bytes = header.packed_bytes
    check_shape(path, shape)
    values = NpyHeader(dtype, shape, "F", 0)
    if header.data_file is None:
        voxels = _open_voxels(path, packed_bytes, values, path, header.offset)
        return Volume(voxels, "mha", affine)
    file = locate_data_file(path, header.data_file)
    start = max(0, header.skipped)
    if header.skipped < 0 and packed_bytes is None:
        start = max(0, get_file_size(file) - values.nbytes)
    voxels = _open_voxels(path, packed_bytes, values, file, start)
    return Volume(voxels, "mha", affine, data_file=file)


def _open_voxels(
    path: str, packed_bytes: int | None, values: NpyHeader, file: str, start: int
) -> Source:
    """Return the voxels in a file from a byte on."""
    size = max(0, get_file_size(file) - start)
    stored_bytes = values.nbytes if packed_bytes is None else packed_bytes
    if stored_bytes > size:
        raise source_error(
            path,
            f"it is cut off: its header says {stored_bytes:,} bytes of voxels, and {size:,}"
            " are there; save or copy it again",
        )
    if packed_bytes is None:
        return open_values(path, "mha", file, values, start)
    check_packed_bytes(path, values.nbytes, packed_bytes, remedy="save it without compression")
    load = partial(_unpack, path, values, file, start, packed_bytes)
    return WholeArray(path, "mha", values.shape, get_native_dtype(values.dtype), load)


def find_type(dtype: StoredDtype) -> str | None:
    """Return what a header calls a type of values; `None` if it has no such type."""
    kind = f"{dtype.kind}{dtype.itemsize}"
    return next((name for name, code in _TYPES.items() if code == kind), None)


def read_words(path: str) -> dict[str, str]:
    """Return the lines of a header as keys and values, in their order.

    Raises:
        SourceError: it is damaged.
    """
    with translate_errors(path, ValueError, why=_DAMAGED):
        return dict(_read_header(path).words)


def _read_header(path: str) -> _Header:
    with Path(path).open("rb") as file:
        start = file.read(_MOST_HEADER_BYTES)
    words: dict[str, str] = {}
    offset = 0
    for line in start.splitlines(keepends=True):
        key, separator, value = line.decode("ascii").rstrip("\r\n").partition("=")
        # for ITK, a colon ends the key as well
        if (
            not separator
            or ":" in key
            or not (key + value).isprintable()
            or len(key) > _LONGEST_KEY
        ):
            raise ValueError("a line of the header has no value, or no key")
        if key.strip() in words:
            raise ValueError("a line of the header is there twice")
        offset += len(line)
        words[key.strip()] = value.strip()
        if key.strip() == LAST_KEY:
            return _Header(words, offset)
    raise ValueError("the header does not end")


def _unpack(path: str, header: NpyHeader, file: str, start: int, length: int) -> StoredArray:
    with translate_errors(path, OSError, EOFError, zlib.error, why=_DAMAGED):
        content = unpack_zlib(file, header.nbytes, start=start, length=length)
    return np.frombuffer(content, header.dtype).reshape(header.shape, order="F")
