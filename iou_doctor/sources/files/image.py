"""Reads the header and the pixels of one image file with Pillow."""

from __future__ import annotations

import io
import logging
import math
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image, TiffImagePlugin

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.record import record
from iou_doctor.sources.files.file_status import stamp_file
from iou_doctor.sources.files.png_chunks import check_chunks
from iou_doctor.sources.files.stamps import CHANGED
from iou_doctor.sources.source_errors import source_error, translate_errors

# without a handler, Python prints Pillow's remarks on damaged files; the error says the same
logging.getLogger("PIL").addHandler(logging.NullHandler())

MOST_PIXELS = 1 << 31
"""The maximum number of pixels of an image: two gigapixels, as large as masks of satellite and
slide images get.

Decoded, such an image takes some GB. Pillow's own limit is 179 million.
"""
_FORMATS = ("PNG", "TIFF", "BMP", "JPEG")
_SAMPLE_FORMAT_TAG = 339
"""The TIFF tag that says how sample values are to be understood."""
_BITS_TAG = 258
"""The TIFF tag with the number of bits of each sample of a pixel."""
_SIGNED_INTEGERS = 2
"""The value of that tag for signed integers."""
_DTYPES: Mapping[str, StoredDtype] = MappingProxyType(
    {
        "1": np.dtype(np.bool_),
        "L": np.dtype(np.uint8),
        "P": np.dtype(np.uint8),  # the indices into the palette are the class ids
        "I;16": np.dtype(np.uint16),
        "I;16L": np.dtype(np.uint16),
        "I;16B": np.dtype(np.uint16),
        "I;16N": np.dtype(np.uint16),
        "I": np.dtype(np.int32),
        "F": np.dtype(np.float32),
        "LA": np.dtype(np.uint8),
        "RGB": np.dtype(np.uint8),
        "RGBA": np.dtype(np.uint8),
    }
)
"""The modes of Pillow that are accepted, with the dtype of their pixels."""
_CHANNELS = MappingProxyType({"LA": (2,), "RGB": (3,), "RGBA": (4,)})
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
    }
)
"""The maximum number of bytes of pixels that one byte of a file can stand for, by format and
compression.

The limit of deflate is exact. Those of LZW and JPEG are below 1,400 in practice; unusual encoders
may reach more.
"""
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
    struct.error,
)
"""What the plugins of Pillow raise for damaged files."""
_DAMAGED = "it is damaged, cut off, or no image that Pillow reads; save it again as PNG"


@record
class ImageHeader:
    """What an image file says about itself."""

    file: str
    mode: str
    """Pillow's name for the kind of pixel."""
    dtype: StoredDtype
    shape: tuple[int, ...]
    """Height, width, and the number of channels if there are several."""
    stamp: FileStamp
    """The file as it was before."""

    @property
    def stem(self) -> str:
        """The file's name without its folder and suffix."""
        return Path(self.file).stem


def read_header(file: str) -> ImageHeader:
    """Return the header of an image file; its pixels are not decoded.

    Raises:
        SourceError: it is not an image, damaged, or of a kind that cannot hold labels.
    """
    stamp = stamp_file(file)
    with _open_quietly(file), _open_plainly(file) as image:
        _check_mode(file, image)
        _check_size(file, image, stamp.size)
        if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
            raise source_error(
                file, "it has several pages; save one image in each file, or a .npy stack"
            )
        return _describe(stamp, image)


def decode(header: ImageHeader) -> StoredArray:
    """Return the pixels of an image.

    Raises:
        SourceError: the file is damaged or cut off, or it changed since its header was read.
    """
    with _open_quietly(header.file), _open_plainly(header.file) as image:
        if image.format == "PNG":
            with Path(header.file).open("rb") as stream:
                check_chunks(stream)
        if _describe(header.stamp, image) != header:
            raise source_error(header.file, CHANGED)
        return np.asarray(image).astype(header.dtype, copy=False)


def _describe(stamp: FileStamp, image: Image.Image) -> ImageHeader:
    return ImageHeader(stamp.path, image.mode, *_describe_pixels(image), stamp)


def _describe_pixels(image: Image.Image) -> tuple[StoredDtype, tuple[int, ...]]:
    """Return the dtype and the shape of the array that an image becomes."""
    shape = (image.height, image.width, *_CHANNELS.get(image.mode, ()))
    # older versions of Pillow open 16-bit PNGs in mode "I"; PNG has no wider pixels
    is_16_bit = image.format == "PNG" and image.mode == "I"
    # other modes are refused, or differ from the mode that the header had before
    dtype = np.dtype(np.uint16) if is_16_bit else _DTYPES.get(image.mode, np.dtype(np.uint8))
    return dtype, shape


def _check_mode(file: str, image: Image.Image) -> None:
    if image.mode not in _DTYPES:
        raise source_error(
            file,
            f"its pixels are of mode {image.mode}; save them as grey, palette, RGB or RGBA",
        )
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        signed = _SIGNED_INTEGERS in image.tag_v2.get(_SAMPLE_FORMAT_TAG, ())
        if signed and image.mode not in ("I", "F"):
            # Pillow reads them as unsigned: -1 would become 255
            raise source_error(file, "its pixels are signed 8-bit integers; save them as .npy")


def _check_size(file: str, image: Image.Image, size: int) -> None:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise source_error(
            file, f"it has {pixels:,} pixels, more than {MOST_PIXELS:,}; cut it into tiles"
        )
    expansion = _MOST_EXPANSION.get((image.format or "", _get_compression(image)))
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
    dtype, shape = _describe_pixels(image)
    return math.prod(shape) * dtype.itemsize


class _PlainFile(io.BufferedReader):
    """A file that Pillow and libtiff cannot map into memory: if it shrank, the process would die.

    They map what has a name or a descriptor.
    """

    def fileno(self) -> int:
        """Refuse to tell the descriptor."""
        raise io.UnsupportedOperation("fileno")

    def __repr__(self) -> str:
        """Return the path, which Pillow's messages quote."""
        return repr(self.name)


@contextmanager
def _open_plainly(file: str) -> Iterator[Image.Image]:
    with _PlainFile(io.FileIO(file)) as stream, Image.open(stream, formats=_FORMATS) as image:
        yield image


@contextmanager
def _open_quietly(file: str) -> Iterator[None]:
    """Run Pillow without its warnings and its own size limit: `MOST_PIXELS` is checked instead."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings(), translate_errors(file, *_PILLOW_ERRORS, why=_DAMAGED):
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
