"""Write an array in the format of `numpy.save`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from iou_doctor.file_repair.writers.output_array import OutputArray


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write one array to a new `.npy` file.

    Raises:
        OSError: the file cannot be written.
    """
    (array,) = arrays
    with path.open("xb") as stream:
        write_stream(stream, array)


def write_stream(stream: IO[bytes], array: OutputArray) -> None:
    """Write the header and the values of one array."""
    descr = np.lib.format.dtype_to_descr(array.dtype)
    header = {"descr": descr, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[no-untyped-call, unused-ignore]
    for batch in array.convert_batches():
        stream.write(batch.reshape(-1).view(np.uint8).data)
