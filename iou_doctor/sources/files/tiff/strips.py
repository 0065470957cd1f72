"""Compare the checksums of a TIFF file's deflated parts, which libtiff does not compare."""

from __future__ import annotations

from typing import IO

from PIL.TiffImagePlugin import TiffImageFile

from iou_doctor.sources.files.fast_zlib import ZLIB, ZLIB_ERRORS

_COMPRESSION, _BIT_ORDER = 259, 266
"""The TIFF tags with the kind of compression, and the order of the bits in a byte."""
_DEFLATE = (8, 32946)
"""The values for deflate: that of Adobe, and an older one for the same."""
_PLACES = ((273, 279), (324, 325))
"""The tags with the offsets and sizes in bytes of strips, and those of tiles."""
_PIECE_BYTES = 1 << 14
"""The number of bytes to read at a time; they may become 16 MiB."""


def check_strips(image: TiffImageFile, stream: IO[bytes]) -> None:
    """Decompress all strips or tiles of an image to their ends, if they are deflated.

    Args:
        image: the opened image.
        stream: its file. The position is anywhere afterwards.

    Raises:
        ValueError: a checksum differs, or a strip is damaged or cut off.
    """
    tags = image.tag_v2
    if tags.get(_COMPRESSION) not in _DEFLATE or tags.get(_BIT_ORDER, 1) != 1:
        return
    for offsets, sizes in _PLACES:
        for offset, size in zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False):
            stream.seek(offset)
            _check_strip(stream, size)


def _check_strip(stream: IO[bytes], size: int) -> None:
    unpacked = ZLIB.decompressobj()
    try:
        while not unpacked.eof:
            piece = stream.read(min(size, _PIECE_BYTES))
            if not piece:
                raise ValueError("a strip ends early")
            unpacked.decompress(piece)
            size -= len(piece)
    except ZLIB_ERRORS as error:
        raise ValueError(f"a strip cannot be decompressed: {error}") from error
