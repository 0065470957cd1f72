"""Data sets of an HDF5 file, in chunks and compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path

import h5py

from iou_doctor.file_repair.writers._output import Output

_LARGEST_CHUNK = 2**24
"""Values of one sample that still make one chunk; a reader unpacks it at once."""


def write(path: Path, outputs: Sequence[Output]) -> None:
    """Write arrays to a new HDF5 file, each under its name."""
    with _as_os_errors():
        file = h5py.File(path, "x")
    try:
        for output in outputs:
            _write_dataset(file, output)
    finally:
        with _as_os_errors():
            file.close()


def _write_dataset(file: h5py.File, output: Output) -> None:
    shape = tuple(length or 0 for length in output.shape)
    one_sample = (1, *shape[1:])
    chunks = one_sample if prod(one_sample) <= _LARGEST_CHUNK else True
    with _as_os_errors():
        dataset = file.create_dataset(
            output.name, shape, output.dtype, chunks=chunks, compression="gzip"
        )
    start = 0
    for batch in output.converted():
        with _as_os_errors():
            dataset[start : start + len(batch)] = batch
        start += len(batch)


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Raise HDF5's word for a failed write as what it is."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(str(error)) from error
