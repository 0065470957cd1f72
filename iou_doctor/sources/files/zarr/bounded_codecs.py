"""Lets the codecs of a Zarr array unpack no more than its chunks hold.

By themselves they unpack whatever is there. Some formats do not even state how much that is.
"""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from iou_doctor.sources.files.fast_zlib import ZLIB
from iou_doctor.sources.files.zarr.zstd_frames import measure_frames
from iou_doctor.sources.source_errors import source_error

WIDEST = 9
"""A chunk may be stored in as many times its size, if filters widen its values."""
_HARMLESS = 1 << 24
"""The number of bytes that any chunk may unpack to in addition: an index, and an estimate."""
_MOST_LZMA_BYTES = 1 << 28
"""The memory that LZMA may take: the highest of its presets takes a fourth of it."""
_PLACES = ("_gzip_codec", "_zstd_codec", "_blosc_codec", "_codec", "compressor")
"""Where the codecs of zarr keep what unpacks: a codec of numcodecs."""


def bound_codecs(place: str, array: Any) -> None:
    """Refuse chunks that unpack to far more than the array says, also those within shards.

    Args:
        place: what to call the array.
        array: an array of zarr, whose codecs are changed.
    """
    itemsize = np.dtype(array.dtype).itemsize
    shape = getattr(array, "shards", None) or array.chunks
    _bound(place, list(array._async_array.codec_pipeline), prod(shape) * itemsize, itemsize)


def _bound(place: str, codecs: Sequence[Any], chunk_bytes: int, itemsize: int) -> None:
    most = chunk_bytes * (WIDEST if any(map(_is_widening, codecs)) else 1) + _HARMLESS
    for codec in codecs:
        if hasattr(codec, "index_codecs"):  # a shard
            _bound(place, codec.codecs, prod(codec.chunk_shape) * itemsize, itemsize)
            _bound(place, codec.index_codecs, chunk_bytes, itemsize)
        owned = [getattr(codec, name, None) for name in _PLACES]
        for packer in (*owned, *(getattr(codec, "filters", None) or ())):
            if hasattr(packer, "codec_id"):
                packer.decode = partial(_decode, place, packer, packer.decode, most)


def _is_widening(codec: Any) -> bool:
    """Return whether chunks may be larger before they are packed: by filters, or as shards."""
    is_filter = any(base.__name__ == "ArrayArrayCodec" for base in type(codec).__mro__)
    return is_filter or hasattr(codec, "index_codecs") or bool(getattr(codec, "filters", None))


def _decode(
    place: str, packer: Any, decode: Callable[..., Any], most: int, packed: Any, out: Any = None
) -> Any:
    """Return what a codec unpacks.

    Raises:
        SourceError: it is too much.
    """
    more = () if out is None else (out,)
    if packer.codec_id in _STREAMS and not more:
        open_stream = partial(_STREAMS[packer.codec_id], packer)
        unpacked = _unpack(open_stream, memoryview(packed).cast("B"), most + 1)
        _refuse_more(place, len(unpacked), most)
        return unpacked
    if packer.codec_id in _MEASURES:
        measure = _MEASURES[packer.codec_id]
        _refuse_more(place, measure(memoryview(packed).cast("B"), most), most)
    return decode(packed, *more)


def _refuse_more(place: str, size: int, most: int) -> None:
    if size > most:
        raise source_error(
            place, "a chunk unpacks to far more bytes than the array says; save it again"
        )


def _open_lzma(packer: Any) -> lzma.LZMADecompressor:
    most = None if packer.format == lzma.FORMAT_RAW else _MOST_LZMA_BYTES
    return lzma.LZMADecompressor(packer.format, most, packer.filters)


_STREAMS: Mapping[str, Callable[[Any], Any]] = {
    "gzip": lambda _: ZLIB.decompressobj(wbits=31),
    "zlib": lambda _: ZLIB.decompressobj(),
    "bz2": lambda _: bz2.BZ2Decompressor(),
    "lzma": _open_lzma,
}
"""What unpacks the formats that state no size, by the name of the codec."""


def _unpack(open_stream: Callable[[], Any], data: memoryview | bytes, most: int) -> bytes:
    """Return what streams one behind the other unpack to, up to a number of bytes.

    Raises:
        EOFError: the last stream is cut off.
    """
    pieces: list[bytes] = []
    while data and most > 0:
        stream = open_stream()
        pieces.append(stream.decompress(data, most))
        most -= len(pieces[-1])
        if most > 0 and not stream.eof:
            raise EOFError("the data ends early")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(pieces)


def _read_size(start: int, data: memoryview, _most: int) -> int:
    return int.from_bytes(data[start : start + 4], "little")


_MEASURES: Mapping[str, Callable[[memoryview, int], int]] = {
    "zstd": measure_frames,
    "blosc": partial(_read_size, 4),
    "lz4": partial(_read_size, 0),
}
"""What tells the number of bytes that the other formats unpack to."""
