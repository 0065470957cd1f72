"""One image file: its header, and its pixels as they are stored."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from iou_doctor.record import record
from iou_doctor.sources.files.file_status import file_size
from iou_doctor.sources.refusals import refusal, refusing

MOST_PIXELS = 1 << 31  # two gigapixels: satellite and slide masks, at some GB once decoded

_FORMATS = ("PNG", "TIFF", "BMP", "JPEG")
_SAMPLE_FORMAT = 339  # TIFF tag
_SIGNED = 2  # its value for signed integers

_DTYPES = MappingProxyType(
    {
        "1": np.dtype(np.bool_),
        "L": np.dtype(np.uint8),
        "P": np.dtype(np.uint8),  # the palette's indices are the class ids
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
_CHANNELS = MappingProxyType({"LA": (2,), "RGB": (3,), "RGBA": (4,)})

# How many bytes of pixels one byte of file can stand for, by format and compression. Deflate's
# limit is exact; LZW's and JPEG's lie below 1,400, with room left for odd encoders.
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

# Pillow's plugins let all of these out on damaged files
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
_WHY = "it is damaged, cut off, or no image that Pillow reads; save it again as PNG"


@record
class ImageHeader:
    """What an image file says about itself."""

    file: str
    mode: str
    """Pillow's name for the kind of pixel."""
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    """Height, width and, if there are several, channels."""

    @property
    def stem(self) -> str:
        """The file's name without its folder and suffix."""
        return Path(self.file).stem


def read_header(file: str) -> ImageHeader:
    """Return the header of an image file; its pixels are not decoded.

    Raises:
        SourceError: it is no image, or one of a kind that cannot be a mask or a prediction.
    """
    size = file_size(file)
    with _pillow(file), Image.open(file, formats=_FORMATS) as image:
        _check_mode(file, image)
        _check_size(file, image, size)
        if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
            raise refusal(file, "it has several pages; save one image a file, or a .npy stack")
        return _header(file, image)


def decode(header: ImageHeader) -> NDArray[Any]:
    """Return the pixels of an image.

    Raises:
        SourceError: the file is damaged or cut off, or it changed since its header was read.
    """
    with _pillow(header.file), Image.open(header.file, formats=_FORMATS) as image:
        if _header(header.file, image) != header:
            raise refusal(header.file, "it changed while it was read; run again")
        return np.asarray(image).astype(header.dtype, copy=False)


def _header(file: str, image: Image.Image) -> ImageHeader:
    shape = (image.height, image.width, *_CHANNELS.get(image.mode, ()))
    # older Pillows open 16-bit PNGs as "I"; PNG has no wider pixels
    narrow = image.format == "PNG" and image.mode == "I"
    dtype = np.dtype(np.uint16) if narrow else _DTYPES.get(image.mode, np.dtype(np.void))
    return ImageHeader(file, image.mode, dtype, shape)


def _check_mode(file: str, image: Image.Image) -> None:
    if image.mode not in _DTYPES:
        raise refusal(file, f"its pixels are {image.mode}; save them as grey, palette, RGB or RGBA")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        signed = _SIGNED in image.tag_v2.get(_SAMPLE_FORMAT, ())
        if signed and image.mode not in ("I", "F"):
            # Pillow reads them as unsigned: -1 would become 255
            raise refusal(file, "its pixels are signed 8-bit integers; save them as .npy")


def _check_size(file: str, image: Image.Image, size: int) -> None:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise refusal(
            file, f"it has {pixels:,} pixels, more than {MOST_PIXELS:,}; cut it into tiles"
        )
    expansion = _MOST_EXPANSION.get((image.format or "", _compression(image)))
    if expansion is not None and _least_bytes(image) > size * expansion:
        raise refusal(
            file,
            f"it is cut off: {image.width} x {image.height} pixels do not fit into {size:,} bytes; "
            "save or copy it again",
        )


def _compression(image: Image.Image) -> object:
    return image.info.get("compression") if image.format in ("TIFF", "BMP") else None


def _least_bytes(image: Image.Image) -> int:
    if image.mode in ("1", "L", "P"):
        return -(-image.width // 8) * image.height  # these may be stored with 1 bit a pixel
    header = _header("", image)
    return math.prod(header.shape) * header.dtype.itemsize


@contextmanager
def _pillow(file: str) -> Iterator[None]:
    """Run Pillow without its own size limit (ours is checked) and without its warnings."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings(), refusing(file, *_PILLOW_ERRORS, why=_WHY):
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
