"""Arrays as `np.savez_compressed` stores them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from iou_doctor.file_repair.writers._output import Output
from iou_doctor.file_repair.writers.npy import write_stream


def write(path: Path, outputs: Sequence[Output]) -> None:
    """Write arrays to a new `.npz` file, each under its name, compressed as they come."""
    with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for output in outputs:
            member = f"{(output.name or 'arr_0').removesuffix('.npy')}.npy"
            # zip64 from the start: the compressed size is not known yet
            with archive.open(member, "w", force_zip64=True) as stream:
                write_stream(stream, output)
