"""Write volumes as NRRD files with the fields of those that they were read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.samples import write_samples
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.volumes.nrrd import read_nrrd_fields

_COMPRESSION = 6
_PLACES = ("data file", "datafile", "line skip", "lineskip", "byte skip", "byteskip")
"""The fields that say where the voxels of the template are."""
_AXIS_FIELDS = (
    *("spacings", "thicknesses", "axis mins", "axismins", "axis maxs", "axismaxs"),
    *("centers", "centerings", "labels", "units", "kinds", "space directions"),
)
"""The fields that hold something for each axis."""
_RANGE_FIELDS = ("min", "max", "old min", "oldmin", "old max", "oldmax", "content")
"""The fields about the values of the template."""

_SEGMENT = re.compile(r"Segment[0-9]+_")
"""How the names of fields begin that say which label is which structure."""


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write a new folder with one volume for each sample, or one volume if there are no stems.

    Raises:
        OutputError: NRRD has no such type.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    save = partial(_save, keeps_values=array.keeps_values)
    return write_samples(path, array, save, format_name="nrrd")


def _save(path: Path, volume: StoredArray, template: str, *, keeps_values: bool) -> Iterator[str]:
    if volume.dtype == np.float16:
        raise OutputError("NRRD has no float16; save the input as float32 first")
    values = volume.astype(np.uint8) if volume.dtype == np.bool_ else volume
    found = read_nrrd_fields(template)
    kept = _keep_fields(found, values, keeps_values=keeps_values)
    library = import_extra(template, "nrrd", extra="medical", what="a volume", instead="save .npy")
    with path.open("xb") as stream:
        library.write(stream, values, kept, compression_level=_COMPRESSION)
    sync(path)
    if any(name in found for name in _PLACES[:2]):
        yield "the header and the voxels of an .nhdr file are in one .nrrd file"
    if lost := sorted(found.keys() - kept.keys() - set(_PLACES)):
        yield f"not kept, because the copy has other axes or values: {', '.join(lost)}"


def _keep_fields(
    found: Mapping[str, Any], values: StoredArray, *, keeps_values: bool
) -> dict[str, Any]:
    """Return the fields that are true of a copy with these values."""
    dropped = {*_PLACES, *_RANGE_FIELDS}
    if not keeps_values:
        dropped |= {name for name in found if _SEGMENT.match(name)}
    if values.ndim != int(found["dimension"]):
        dropped |= set(_AXIS_FIELDS)
    return {name: value for name, value in found.items() if name not in dropped}
