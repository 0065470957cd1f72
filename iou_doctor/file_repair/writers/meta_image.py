"""Write volumes as MetaImage files with the header of those that they were read from."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.samples import write_samples
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.volumes.meta_image import (
    CHANNELS_KEY,
    LAST_KEY,
    find_type,
    read_words,
)

_COMPRESSION = 6
_AXIS_KEYS = (
    *("TransformMatrix", "Rotation", "Orientation", "Offset", "Origin", "Position"),
    *("ElementSpacing", "ElementSize", "CenterOfRotation", "AnatomicalOrientation"),
)
"""The keys that hold something for each axis."""
_REPLACED_KEYS = (
    *("BinaryData", "BinaryDataByteOrderMSB", "ElementByteOrderMSB", "CompressedDataSize"),
    *("NDims", "DimSize", "ElementType", "HeaderSize", CHANNELS_KEY, LAST_KEY),
)
"""The keys that the copy has, or does not need, whatever they say in the template."""
_RANGE_KEYS = ("ElementMin", "ElementMax")
"""The keys about the values of the template."""


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write a new folder with one volume for each sample, or one volume if there are no stems.

    Raises:
        OutputError: MetaImage has no such type.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    return write_samples(path, array, _save, format_name="mha")


def _save(path: Path, volume: StoredArray, template: str) -> Iterator[str]:
    values = volume.astype(np.uint8) if volume.dtype == np.bool_ else volume
    found = read_words(template)
    kind = find_type(values.dtype)
    if kind is None:
        raise OutputError(f"MetaImage has no {values.dtype}; save the input as float32 first")
    axes = len(found["DimSize"].split())
    # the channels of a voxel are no axis of a header, and the first one of the array
    channels = values.shape[0] if values.ndim == axes + 1 and CHANNELS_KEY in found else None
    same_axes = values.ndim == axes or channels is not None
    dropped = {*_REPLACED_KEYS, *_RANGE_KEYS, *(() if same_axes else _AXIS_KEYS)}
    kept = {key: value for key, value in found.items() if key not in dropped}
    content = values.astype(values.dtype.newbyteorder("<")).tobytes(order="F")
    is_packed = kept.get("CompressedData", "False").lower() in {"true", "1"}
    if is_packed:
        content = zlib.compress(content, _COMPRESSION)
        kept["CompressedDataSize"] = str(len(content))
    with path.open("xb") as stream:
        stream.write(_build_header(kept, values.shape, channels, kind) + content)
    sync(path)
    if found[LAST_KEY].upper() != "LOCAL":
        yield "the header and the voxels of an .mhd file are in one .mha file"
    if lost := sorted(found.keys() - kept.keys() - set(_REPLACED_KEYS)):
        yield f"not kept, because the copy has other axes or values: {', '.join(lost)}"


def _build_header(
    kept: Mapping[str, str], shape: tuple[int, ...], channels: int | None, kind: str
) -> bytes:
    sizes = shape if channels is None else shape[1:]
    words = {
        "ObjectType": "Image",
        "NDims": str(len(sizes)),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        **kept,
        "DimSize": " ".join(map(str, sizes)),
        CHANNELS_KEY: str(channels or 1),
        "ElementType": kind,
        LAST_KEY: "LOCAL",
    }
    return "".join(f"{key} = {value}\n" for key, value in words.items()).encode("ascii")
