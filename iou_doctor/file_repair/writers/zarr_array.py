"""Write arrays as Zarr, with the chunks, the codecs and the attributes that the inputs have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from iou_doctor.file_repair.writers.output_array import OutputArray
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.zarr.zarr_array import open_zarr_template

MOST_CHUNK_VALUES = 2**24
"""A chunk is one sample unless that has more values; zarr chooses the chunks of larger samples."""


def write(path: Path, arrays: Sequence[OutputArray]) -> list[str]:
    """Write each array under its name to a new folder; one without a name is the folder itself.

    Returns:
        What the copies lack, in words.

    Raises:
        OSError: a chunk cannot be written.
    """
    zarr = import_extra(str(path), "zarr", extra="zarr", what="a Zarr array", instead="save .npy")
    notes: list[str] = []
    for array in arrays:
        group, template = _open_template(array)
        shape = tuple(length or 0 for length in array.shape)
        if group is not None:
            _copy_group(zarr, path, group, notes)
        target = _create(zarr, path, array, shape, template)
        notes += _list_unkept(template, target, array)
        start = 0
        for batch in array.convert_batches():
            if len(shape) > batch.ndim or batch.shape == shape:
                target[:] = batch
                continue
            target[start : start + len(batch)] = batch
            start += len(batch)
    return list(dict.fromkeys(notes))


def _open_template(array: OutputArray) -> tuple[Any, Any]:
    """Return the group and the array that are copied; `None` for what is not there."""
    return open_zarr_template(array.templates[0], array.name) if array.templates else (None, None)


def _create(zarr: Any, path: Path, array: OutputArray, shape: tuple[int, ...], like: Any) -> Any:
    one_sample = (1, *shape[1:])
    settings: dict[str, Any] = {
        "chunks": one_sample if prod(one_sample) <= MOST_CHUNK_VALUES else "auto"
    }
    if like is not None:
        settings = _keep_settings(like, shape, array)
    return zarr.create_array(str(path), name=array.name, shape=shape, dtype=array.dtype, **settings)


def _keep_settings(like: Any, shape: tuple[int, ...], array: OutputArray) -> dict[str, Any]:
    """Return how the input is stored, as arguments of `zarr.create_array`."""
    version = like.metadata.zarr_format
    kept: dict[str, Any] = {
        "zarr_format": version,
        "attributes": like.attrs.asdict(),
        "compressors": like.compressors,
    }
    if version == 2:
        kept["order"] = like.order
        kept["chunk_key_encoding"] = {"name": "v2", "separator": like.metadata.dimension_separator}
    else:
        kept["chunk_key_encoding"] = like.metadata.chunk_key_encoding
    if like.dtype == array.dtype:
        kept["filters"] = like.filters
        kept["fill_value"] = like.metadata.fill_value
        if version == 3:
            kept["serializer"] = like.serializer
    if like.ndim != len(shape):
        return {**kept, "chunks": (1, *shape[1:])}
    kept["chunks"] = like.chunks
    if version == 3:
        kept |= {"shards": like.shards, "dimension_names": like.metadata.dimension_names}
    return kept


def _list_unkept(like: Any, target: Any, array: OutputArray) -> Iterator[str]:
    if like is None:
        return
    if like.filters and like.dtype != array.dtype:
        yield "filters are not kept, because the copy has another type"
    if like.ndim != target.ndim:
        yield "chunks and names of axes are not kept, because the copy has other axes"


def _copy_group(zarr: Any, path: Path, group: Any, notes: list[str]) -> None:
    """Make the group with the attributes of the one that the input is in."""
    attributes = group.attrs.asdict()
    for holder in (attributes, attributes.get("ome")):
        scales = holder.get("multiscales") if isinstance(holder, dict) else None
        for scale in scales if isinstance(scales, list) else ():
            if isinstance(scale, dict) and len(scale.get("datasets", ())) > 1:
                scale["datasets"] = scale["datasets"][:1]
                notes.append("the coarser levels of the image are not written")
    made = zarr.open_group(str(path), mode="a", zarr_format=group.metadata.zarr_format)
    made.update_attributes(attributes)
