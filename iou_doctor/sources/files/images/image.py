"""Reads the header and the pixels of one image file with Pillow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.errors import SourceError
from iou_doctor.record import record
from iou_doctor.sources.files.file_status import read_file_head, stamp_file
from iou_doctor.sources.files.images.image_limits import check_size
from iou_doctor.sources.files.images.pillow_file import open_image, open_plain_file
from iou_doctor.sources.files.images.png_chunks import check_chunks
from iou_doctor.sources.files.stamps import CHANGED
from iou_doctor.sources.files.tiff.geo import GeoTags, read_geo_tags
from iou_doctor.sources.files.tiff.pillow import UnreadTiffError, check_large_tiff, check_tiff
from iou_doctor.sources.files.tiff.strips import check_strips
from iou_doctor.sources.source_errors import source_error

_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
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
_CHANNELS = MappingProxyType({"RGB": (3,), "RGBA": (4,)})
"""The channels of a pixel by mode. The alpha channel of grey images is left out."""
_LEAST_LARGE_PIXELS = 1 << 24
"""The number of pixels from which on an image is converted in bands."""
_BAND_ROWS = 256

_UNKNOWN_PAGE = "unknown pixel mode"
"""What Pillow says of a page that it does not read, such as a mask of bits behind a photograph."""


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
    geo: GeoTags | None = None
    """What a GeoTIFF says about its pixels."""

    @property
    def stem(self) -> str:
        """The file's name without its folder and suffix."""
        return Path(self.file).stem


def read_header(file: str, *, large: bool = True) -> ImageHeader:
    """Return the header of an image file; its pixels are not decoded.

    Args:
        file: the path.
        large: whether large TIFFs are accepted.

    Raises:
        LargeTiffError: it is a large TIFF, and those are not accepted.
        SourceError: it is not an image, damaged, or of a kind that cannot hold labels.
    """
    stamp = stamp_file(file)
    try:
        with open_image(file, whole=False) as image:
            _check_mode(file, image)
            if not large and isinstance(image, TiffImagePlugin.TiffImageFile):
                check_large_tiff(file, image)
            check_size(file, image, stamp.size)
            if getattr(image, "n_frames", 1) > 1:
                raise _pages_error(file, image)
            return _describe(stamp, image)
    except SourceError as error:
        if _is_of_unknown_kind(error.__cause__) and _is_tiff(file):
            raise UnreadTiffError(str(error)) from error
        raise


def _is_of_unknown_kind(error: BaseException | None) -> bool:
    """Return whether Pillow does not know the kind of a file, or of a later page of it."""
    return isinstance(error, UnidentifiedImageError) or str(error) == _UNKNOWN_PAGE


def _is_tiff(file: str) -> bool:
    return read_file_head(file)[:4] in _TIFF_MAGICS


def _pages_error(file: str, image: Image.Image) -> SourceError:
    error = source_error(file, "it has several pages; save one image in each file, or a .npy stack")
    return UnreadTiffError(str(error)) if image.format == "TIFF" else error


def decode(header: ImageHeader) -> StoredArray:
    """Return the pixels of an image.

    Raises:
        SourceError: the file is damaged or cut off, or it changed since its header was read.
    """
    with open_image(header.file) as image:
        _compare_checksums(header.file, image)
        if _describe(header.stamp, image) != header:
            raise source_error(header.file, CHANGED)
        most = _get_most_value(image)  # before the pixels are decoded
        values = _convert(image)
        if most is not None:
            values = unscale(values, most)
        if header.mode == "LA":
            values = values[..., 0]
        return values.astype(header.dtype, copy=False)


def _convert(image: Image.Image) -> NDArray[Any]:
    """Return the pixels as an array; those of a large image band by band.

    Pillow would copy all pixels twice.
    """
    if image.width * image.height < _LEAST_LARGE_PIXELS:
        return np.asarray(image)
    first = np.asarray(image.crop((0, 0, image.width, 1)))
    values = np.empty((image.height, *first.shape[1:]), first.dtype)
    for top in range(0, image.height, _BAND_ROWS):
        end = min(top + _BAND_ROWS, image.height)
        values[top:end] = np.asarray(image.crop((0, top, image.width, end)))
    return values


def _compare_checksums(file: str, image: Image.Image) -> None:
    with open_plain_file(file) as stream:
        if image.format == "PNG":
            check_chunks(stream)
        elif isinstance(image, TiffImagePlugin.TiffImageFile):
            check_strips(image, stream)


def _get_most_value(image: Image.Image) -> int | None:
    """Return the largest value of a PGM file whose values Pillow stretches to 8 or 16 bits."""
    tiles = getattr(image, "tile", None) if image.format == "PPM" else None
    arguments = tiles[0][3] if tiles and str(tiles[0][0]).startswith("ppm") else None
    return arguments[1] if isinstance(arguments, tuple) and len(arguments) == 2 else None


def unscale(values: NDArray[Any], most: int) -> NDArray[Any]:
    """Return the values as the file holds them, from those that Pillow stretched.

    Args:
        values: uint8 from 0 to 255, or int32 from 0 to 65,535.
        most: the largest value that the file may hold.
    """
    full = 255 if values.dtype == np.uint8 else 65535
    return values if most == full else np.rint(values * (most / full)).astype(values.dtype)


def _describe(stamp: FileStamp, image: Image.Image) -> ImageHeader:
    geo = None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        geo = read_geo_tags(image.tag_v2.get, (image.height, image.width))
    return ImageHeader(stamp.path, image.mode, *_describe_pixels(image), stamp, geo)


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
        check_tiff(file, image)
