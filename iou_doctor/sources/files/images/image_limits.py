"""How large an image may be, and how many bytes of pixels its compression can stand for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PIL import Image, TiffImagePlugin

from iou_doctor.sources.source_errors import source_error

MOST_PIXELS = 1 << 31
"""The maximum number of pixels of an image: two gigapixels, as large as masks of satellite and
slide images get.

Decoded, such an image takes some GB. Pillow's own limit is 179 million.
"""
_BITS_TAG = 258
"""The TIFF tag with the number of bits of each sample of a pixel."""
_MOST_EXPANSION: Mapping[tuple[str, object], int] = MappingProxyType(
    {
        ("PNG", None): 1032,
        ("BMP", 0): 1,
        ("TIFF", "raw"): 1,
        ("TIFF", "tiff_adobe_deflate"): 1032,
        ("TIFF", "tiff_deflate"): 1032,
        ("TIFF", "tiff_lzw"): 8192,
        ("TIFF", "packbits"): 8192,
        ("JPEG", None): 8192,
        ("GIF", None): 8192,
        ("PPM", None): 1,
    }
)
"""The maximum number of bytes of pixels that one byte of a file can stand for, by format and
compression.

The limit of deflate is exact. Those of LZW, GIF and JPEG are below 1,400 in practice; unusual
encoders may reach more.
"""
_UNBOUNDED = ("WEBP", "JPEG2000")
"""The formats that pack a plain image of any size into a few bytes."""
_MOST_UNBOUNDED_PIXELS = 1 << 25
"""The maximum number of pixels of such an image, unless its file is as large as those of others."""
_EXPANSION_OF_UNBOUNDED = 8192
"""The maximum number of bytes of pixels for each byte of a larger one."""


def check_size(file: str, image: Image.Image, size: int) -> None:
    """Refuse an image that would take more memory than one of its kind and size can be meant to.

    Args:
        file: its path, for the error.
        image: the image, of which only the header was read.
        size: the number of bytes of the file.

    Raises:
        SourceError: it has too many pixels, or more than its bytes can hold.
    """
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise source_error(
            file, f"it has {pixels:,} pixels, more than {MOST_PIXELS:,}; cut it into tiles"
        )
    expansion = _MOST_EXPANSION.get((image.format or "", _get_compression(image)))
    if image.format in _UNBOUNDED and pixels > _MOST_UNBOUNDED_PIXELS:
        expansion = _EXPANSION_OF_UNBOUNDED
    if expansion is not None and _count_least_bytes(image) > size * expansion:
        raise source_error(
            file,
            f"it is cut off: {image.width} x {image.height} pixels do not fit into {size:,} bytes; "
            "save or copy it again",
        )


def _get_compression(image: Image.Image) -> object:
    return image.info.get("compression") if image.format in ("TIFF", "BMP") else None


def _count_least_bytes(image: Image.Image) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # the modes of Pillow are wider than what a file may store: int16 is read as int32
        bits = sum(image.tag_v2.get(_BITS_TAG, (1,)))
        return -(-image.width * bits // 8) * image.height
    if image.mode in ("1", "L", "P"):
        # these may be stored with one bit for each pixel
        return -(-image.width // 8) * image.height
    bits = 16 * len(image.getbands()) if image.mode.startswith("I") else 8 * len(image.getbands())
    return -(-image.width * bits // 8) * image.height
