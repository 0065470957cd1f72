"""Compares what an HDF5 data set claims to hold with what was written to it."""

from __future__ import annotations

import math

import h5py

from iou_doctor.sources.files.memory_limits import (
    MOST_DEFLATE_RATIO,
    MOST_HELD_BYTES,
    check_held_bytes,
)
from iou_doctor.sources.source_errors import source_error


def check_extent(place: str, dataset: h5py.Dataset, size: int) -> None:
    """Refuse a data set that takes more memory or time than a file of its size can be meant to.

    Args:
        place: the data set, for the error.
        dataset: the data set.
        size: the number of bytes of the file.

    Raises:
        SourceError: it is too large.
    """
    itemsize = dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if stored > size:
        raise source_error(
            place,
            f"it is cut off: its values take {stored:,} bytes, and the file has {size:,}; "
            "save or copy it again",
        )
    if dataset.chunks is not None:
        check_held_bytes(
            place,
            math.prod(dataset.chunks) * itemsize,
            what="each of its chunks",
            remedy="save it with chunks of one sample",
        )
    claimed = math.prod(dataset.shape) * itemsize
    if claimed > max(MOST_HELD_BYTES, size * MOST_DEFLATE_RATIO):
        raise source_error(
            place,
            f"its shape {dataset.shape} means {claimed:,} bytes, more than can be packed into a "
            f"file of {size:,}: most of it was never written; save it again",
        )


def describe_missing(dataset: h5py.Dataset) -> str | None:
    """Return in words which part of a data set nothing was written to, or `None`.

    It reads as the fill value. The parts of a contiguous data set cannot be told.
    """
    if dataset.is_virtual:
        return _describe_unmapped(dataset)
    if dataset.chunks is None or not hasattr(dataset.id, "get_num_chunks"):
        return None
    counts = (-(-n // chunk) for n, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    whole = math.prod(counts)
    missing = whole - dataset.id.get_num_chunks()
    return f"{missing:,} of {whole:,} chunks were never written" if missing > 0 else None


def _describe_unmapped(dataset: h5py.Dataset) -> str | None:
    """Return which part of a virtual data set belongs to no other; parts may also overlap."""
    sources = dataset.virtual_sources()
    mapped = sum(int(part.vspace.get_select_npoints()) for part in sources)
    whole = math.prod(dataset.shape)
    if mapped < whole:
        return f"{whole - mapped:,} of {whole:,} virtual values belong to no data set"
    others = {part.dset_name for part in sources}
    found = (describe_missing(dataset.file[name]) for name in sorted(others))
    return next((words for words in found if words is not None), None)
