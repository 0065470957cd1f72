"""Write volumes as NIfTI files with the header and the affine of those that they were read from."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.file_types import get_suffix
from iou_doctor.sources.files.volumes.nifti import build_nifti

_COMPRESSION = 6


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write a new folder with one volume for each sample, or one volume if there are no stems.

    Raises:
        OutputError: NIfTI has no such type.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    if not array.stems:
        for volume in _iterate_volumes(array):
            _save(path, volume, array.templates[0])
        return
    path.mkdir()
    for stem, template, volume in zip(
        array.stems, array.templates, _iterate_volumes(array), strict=True
    ):
        file = path / f"{stem}{get_suffix(template)}"
        file.parent.mkdir(parents=True, exist_ok=True)
        _save(file, volume, template)


def _iterate_volumes(array: OutputArray) -> Iterator[StoredArray]:
    for batch in array.convert_batches():
        yield from batch


def _save(path: Path, volume: StoredArray, template: str) -> None:
    if volume.dtype == np.float16:
        raise OutputError("NIfTI has no float16; save the input as float32 first")
    values = volume.astype(np.uint8) if volume.dtype == np.bool_ else volume
    content = build_nifti(template, values)
    with path.open("xb") as stream:
        if template.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", _COMPRESSION, stream, mtime=0) as packed:
                packed.write(content)
        else:
            stream.write(content)
    sync(path)
