"""Arrays as `np.save` stores them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from iou_doctor.file_repair.writers._output import Output


def write(path: Path, outputs: Sequence[Output]) -> None:
    """Write one array to a new `.npy` file."""
    (output,) = outputs
    with path.open("xb") as stream:
        write_stream(stream, output)


def write_stream(stream: IO[bytes], output: Output) -> None:
    """Write the header and the values of one array."""
    descr = np.lib.format.dtype_to_descr(output.dtype)
    header = {"descr": descr, "fortran_order": False, "shape": output.shape}
    np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[no-untyped-call, unused-ignore]
    for batch in output.converted():
        stream.write(batch.reshape(-1).view(np.uint8).data)
