"""Finds the arrays in a Zarr folder, and refuses those that zarr could not read safely.

The metadata are examined before zarr gets them: one of its codecs unpickles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.folder_entries import list_folders, read_small_file
from iou_doctor.sources.several_arrays import SeveralArraysError
from iou_doctor.sources.source_errors import list_names, source_error, translate_errors

_MOST_METADATA_BYTES = 1 << 24
_MOST_FOLDERS = 10_000
"""The maximum number of folders to search for arrays."""
_DEEPEST = 32
"""The maximum number of groups within one another."""
_SAFE_CODECS = frozenset(
    {
        *("bytes", "transpose", "sharding_indexed", "crc32c"),
        *("blosc", "gzip", "zlib", "zstd", "lz4", "bz2", "lzma", "lzf"),
        *("shuffle", "delta", "fixedscaleoffset", "quantize", "packbits", "bitround", "astype"),
        *("crc32", "adler32", "fletcher32", "jenkins_lookup3", "pcodec", "zfpy"),
    }
)
"""The codecs that turn bytes into numbers and do nothing else."""
_DAMAGED = "the Zarr metadata are damaged; save it again"


@record
class ZarrArray:
    """An array of a Zarr folder."""

    name: str
    """Its path within the folder; empty if the folder itself is the array."""
    metadata: Mapping[str, Any]


def find_array(path: str, name: str | None) -> ZarrArray:
    """Return the array `name` of a Zarr folder, its finest one of an image, or its only one.

    Raises:
        SourceError: there is no such array, several without a name, or its codecs are not known.
    """
    if name is None:
        name = _find_finest(path)
    if name is not None:
        return _open_named(path, name)
    names = sorted(_list_arrays(path))
    if not names:
        raise source_error(path, "it holds no arrays; save one with `zarr.save`")
    if len(names) > 1:
        raise SeveralArraysError(path, names, list_names(names))
    return _open_named(path, names[0])


def _open_named(path: str, name: str) -> ZarrArray:
    name = name.strip("/")
    parts = [part for part in name.split("/") if part]
    if any(part in {".", ".."} for part in parts):
        raise source_error(path, f"`{name}` leads out of it; give another name")
    metadata = _read_array_metadata(path, "/".join(parts))
    if metadata is None:
        there = list_names(sorted(_list_arrays(path))) or "no arrays"
        raise source_error(path, f"it has no array `{name}`; it has {there}")
    _check_codecs(f"{path}::{name}" if name else path, metadata)
    return ZarrArray("/".join(parts), metadata)


def _list_arrays(path: str) -> Iterator[str]:
    stack = [""]
    for _ in range(_MOST_FOLDERS):
        if not stack:
            return
        name = stack.pop()
        if _read_array_metadata(path, name) is not None:
            yield name
        elif name.count("/") < _DEEPEST:
            stack += [f"{name}/{folder}".lstrip("/") for folder in list_folders(f"{path}/{name}")]
    raise source_error(path, "its groups are too many to search; add `::name`")


def _find_finest(path: str) -> str | None:
    """Return the array of the finest resolution of an OME-Zarr image; `None` for anything else."""
    attributes = _read_json(path, ".zattrs")
    if not attributes:
        attributes = (_read_json(path, "zarr.json") or {}).get("attributes") or {}
    try:
        attributes = attributes.get("ome", attributes)
        return str(attributes["multiscales"][0]["datasets"][0]["path"])
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


def _read_array_metadata(path: str, name: str) -> Mapping[str, Any] | None:
    """Return the metadata of an array; `None` if the folder is not one."""
    metadata = _read_json(path, f"{name}/zarr.json")
    if metadata is not None:
        return metadata if metadata.get("node_type") == "array" else None
    return _read_json(path, f"{name}/.zarray")


def _read_json(path: str, name: str) -> dict[str, Any] | None:
    errors = (OSError, ValueError, RecursionError)
    with translate_errors(path, *errors, why=_DAMAGED):
        content = read_small_file(f"{path}/{name.lstrip('/')}", _MOST_METADATA_BYTES)
        if content is None:
            return None
        if len(content) > _MOST_METADATA_BYTES:
            raise source_error(path, "its metadata are too large; save it again")
        found = json.loads(content)
    if not isinstance(found, dict):
        raise source_error(path, _DAMAGED)
    return found


def _check_codecs(place: str, metadata: Mapping[str, Any]) -> None:
    parts = [
        metadata.get(key) for key in ("codecs", "filters", "compressor", "storage_transformers")
    ]
    for name in _list_codecs(parts, 0):
        if name.removeprefix("numcodecs.").lower() not in _SAFE_CODECS:
            raise _codec_error(place, name)


def _codec_error(place: str, name: str) -> SourceError:
    return source_error(
        place, f"its codec `{name}` is not one of numbers; save it with zstd or gzip"
    )


def _list_codecs(value: object, depth: int) -> Iterator[str]:
    """Yield the names of codecs, also of those within others."""
    if depth > _DEEPEST:
        yield "nested too deeply"
    elif isinstance(value, list):
        for item in value:
            yield from _list_codecs(item, depth + 1)
    elif isinstance(value, dict):
        yield str(value.get("name", value.get("id", "without a name")))
        settings = value.get("configuration")
        inner = settings if isinstance(settings, dict) else {}
        yield from _list_codecs([inner.get("codecs"), inner.get("index_codecs")], depth + 1)
    elif isinstance(value, str):
        yield value
