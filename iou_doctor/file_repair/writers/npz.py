"""Write arrays in the format of `numpy.savez_compressed`."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.file_repair.writers.npy import write_stream
from iou_doctor.file_repair.writers.output_array import OutputArray


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write each array under its name to a new `.npz` file, compressed batch by batch.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for array in arrays:
            member = f"{(array.name or 'arr_0').removesuffix('.npy')}.npy"
            # the compressed size is not known in advance, so every member uses zip64
            with archive.open(member, "w", force_zip64=True) as stream:
                write_stream(stream, array)
