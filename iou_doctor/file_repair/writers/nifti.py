"""Write volumes as NIfTI files with the header and the affine of those that they were read from."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.errors import OutputError
from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.file_repair.writers.samples import write_samples
from iou_doctor.safety.atomic_files import sync
from iou_doctor.sources.files.volumes.nifti import build_nifti, has_extensions

_COMPRESSION = 6


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write a new folder with one volume for each sample, or one volume if there are no stems.

    Raises:
        OutputError: NIfTI has no such type.
        OSError: a file cannot be written.
    """
    (array,) = arrays
    return write_samples(path, array, _save, format_name="nifti")


def _save(path: Path, volume: StoredArray, template: str) -> tuple[str, ...]:
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
    return ("the extensions of the header are not kept",) if has_extensions(template) else ()
