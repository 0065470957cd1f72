"""Write arrays as Zarr, in chunks of one sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.sources.files.extras import import_extra

MOST_CHUNK_VALUES = 2**24
"""A chunk is one sample unless that has more values; zarr chooses the chunks of larger samples."""


def write(path: Path, arrays: Sequence[OutputArray]) -> None:
    """Write each array under its name to a new folder; one without a name is the folder itself.

    Raises:
        OSError: a chunk cannot be written.
    """
    zarr = import_extra(str(path), "zarr", extra="zarr", what="a Zarr array", instead="save .npy")
    for array in arrays:
        shape = tuple(length or 0 for length in array.shape)
        one_sample = (1, *shape[1:])
        target = zarr.create_array(
            str(path),
            name=array.name,
            shape=shape,
            dtype=array.dtype,
            chunks=one_sample if prod(one_sample) <= MOST_CHUNK_VALUES else "auto",
        )
        start = 0
        for batch in array.convert_batches():
            target[start : start + len(batch)] = batch
            start += len(batch)
