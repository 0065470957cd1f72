"""Change what a container holds and pack it again, so that its checksums are right."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePath

from fuzz.mutations import mutate_bytes, mutate_text
from fuzz.structures import mutate_json

_ZARR_WORDS = (
    *("bytes", "gzip", "zstd", "blosc", "transpose", "sharding_indexed", "crc32c", "pickle"),
    *("|u1", "<f4", ">i2", "|b1", "|O", "<M8[ns]", "uint8", "float32", "F", "/", ".", "NaN"),
)
"""Words that mean something in the metadata of Zarr arrays."""
_PNG_HEAD = 8
_CHUNK = struct.Struct(">I4s")
"""The length and the type of a chunk of a PNG file."""
_MATLAB_HEAD = 128
_COMPRESSED = 15
"""The type of a compressed element of a MATLAB file."""


def mutate_file(name: str, data: bytes, rng: random.Random) -> bytes:
    """Return the content of a file with changes: of its bytes, or of what it packs.

    Args:
        name: the name of the file, whose suffix says what it is.
        data: the content.
        rng: what decides.
    """
    change = _CHANGES.get(PurePath(name).suffix or PurePath(name).name)
    return mutate_bytes(data, rng) if change is None or rng.random() < 0.5 else change(data, rng)


def _change_text(data: bytes, rng: random.Random) -> bytes:
    return mutate_text(data.decode(), rng).encode("utf-8", "surrogateescape")


def _change_json(data: bytes, rng: random.Random) -> bytes:
    return json.dumps(mutate_json(json.loads(data), rng, list(_ZARR_WORDS))).encode()


def _change_archive(data: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    changed = rng.choice(list(members))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for info, content in members.items():
            content = mutate_bytes(content, rng) if info is changed else content
            archive.writestr(info.filename, content, info.compress_type)
    return buffer.getvalue()


def _change_gzip(data: bytes, rng: random.Random) -> bytes:
    return gzip.compress(mutate_bytes(gzip.decompress(data), rng), 1)


def _change_nrrd(data: bytes, rng: random.Random) -> bytes:
    """Change the values of an NRRD file, if they are packed."""
    head, mark, tail = data.partition(b"\n\n")
    return head + mark + (_repack(tail, 31, rng) if b"gzip" in head else mutate_bytes(tail, rng))


def _change_meta_image(data: bytes, rng: random.Random) -> bytes:
    """Change the values of a MetaImage file, if they are packed, and often say their new size."""
    head, mark, tail = data.partition(b"LOCAL\n")
    if b"CompressedData = True" not in head:
        return head + mark + mutate_bytes(tail, rng)
    tail = _repack(tail, 15, rng)
    if rng.random() < 0.8:
        size = b"CompressedDataSize = %d" % len(tail)
        head = re.sub(rb"CompressedDataSize = \d+", size, head)
    return head + mark + tail


def _repack(packed: bytes, wbits: int, rng: random.Random) -> bytes:
    packer = zlib.compressobj(1, wbits=wbits)
    values = mutate_bytes(zlib.decompress(packed, wbits), rng)
    return packer.compress(values) + packer.flush()


def _change_png(data: bytes, rng: random.Random) -> bytes:
    """Change a chunk of a PNG file, or the rows of pixels that are packed in it."""
    chunks, place = [], _PNG_HEAD
    while place < len(data):
        length, kind = _CHUNK.unpack_from(data, place)
        chunks.append((kind, data[place + 8 : place + 8 + length]))
        place += 12 + length
    changed = rng.randrange(len(chunks))
    kind, content = chunks[changed]
    if kind == b"IDAT" and rng.random() < 0.7:
        chunks[changed] = kind, zlib.compress(mutate_bytes(zlib.decompress(content), rng), 1)
    else:
        chunks[changed] = kind, mutate_bytes(content, rng)
    return data[:_PNG_HEAD] + b"".join(
        _CHUNK.pack(len(content), kind) + content + zlib.crc32(kind + content).to_bytes(4)
        for kind, content in chunks
    )


def _change_matlab(data: bytes, rng: random.Random) -> bytes:
    """Change the first variable of a MATLAB file, if it is compressed."""
    kind, length = struct.unpack_from("<II", data, _MATLAB_HEAD)
    if kind != _COMPRESSED:
        return mutate_bytes(data, rng)
    start = _MATLAB_HEAD + 8
    values = mutate_bytes(zlib.decompress(data[start : start + length]), rng)
    packed = zlib.compress(values, 1)
    head = data[:_MATLAB_HEAD] + struct.pack("<II", kind, len(packed))
    return head + packed + data[start + length :]


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    **dict.fromkeys((".txt", ".csv", ".tsv", ".lst", ".nhdr", ".mhd"), _change_text),
    **dict.fromkeys((".json", ".zarray", ".zgroup", ".zattrs"), _change_json),
    ".npz": _change_archive,
    ".gz": _change_gzip,
    ".nrrd": _change_nrrd,
    ".mha": _change_meta_image,
    ".png": _change_png,
    ".mat": _change_matlab,
}
"""What changes what a file packs, by its suffix, or by its name if that has none."""
