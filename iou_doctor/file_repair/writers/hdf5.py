"""Write data sets of an HDF5 file, chunked and compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path

import h5py

from iou_doctor.file_repair.writers.checked_file import CheckedFile
from iou_doctor.file_repair.writers.output_array import OutputArray

MOST_CHUNK_VALUES = 2**24
"""A chunk is one sample unless that has more values: readers unpack a whole chunk at once, and 16
million values of 8 bytes take 128 MiB. h5py chooses the chunks of larger samples."""


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write each array under its name to a new HDF5 file.

    Raises:
        OSError: the file cannot be written.
    """
    target = CheckedFile(path)
    try:
        # HDF5 crashes if it cannot write to a disk, so it writes to an object that always can
        with _raising_os_errors(), h5py.File(target, "w") as file:
            for array in arrays:
                _write_dataset(file, array, target)
    finally:
        target.close()
    target.check()


def _write_dataset(file: h5py.File, array: OutputArray, target: CheckedFile) -> None:
    shape = tuple(length or 0 for length in array.shape)
    one_sample = (1, *shape[1:])
    chunks = one_sample if prod(one_sample) <= MOST_CHUNK_VALUES else True
    dataset = file.create_dataset(array.name, shape, array.dtype, chunks=chunks, compression="gzip")
    start = 0
    for batch in array.convert_batches():
        dataset[start : start + len(batch)] = batch
        target.check()
        start += len(batch)


@contextmanager
def _raising_os_errors() -> Iterator[None]:
    """Turn the RuntimeErrors that h5py raises for some failed writes into OSErrors."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(str(error)) from error
