"""TIFF files of kinds that Pillow does not read: pages, bands, and all types of values."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from math import prod
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from iou_doctor.arrays.source import Source
from iou_doctor.sources.array_checks import check_dtype, check_shape
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.file_status import get_file_size, open_file, read_file_head
from iou_doctor.sources.files.memory_limits import check_held_bytes
from iou_doctor.sources.files.npy.npy import open_values
from iou_doctor.sources.files.npy.npy_header import NpyHeader
from iou_doctor.sources.files.remote.address import is_remote
from iou_doctor.sources.files.tiff.directories import check_directories
from iou_doctor.sources.files.tiff.geo import GeoTags, read_geo_tags
from iou_doctor.sources.files.tiff.pages import (
    DAMAGED,
    PIXEL_AXES,
    TIFF_ERRORS,
    TiffSource,
    find_page_axes,
)
from iou_doctor.sources.source_errors import source_error, translate_errors

_WHAT = "a TIFF of a kind that Pillow does not read (several pages or bands, or other values)"
_INSTEAD = "save it with `np.save('NAME.npy', tifffile.imread(FILE))`"
_MOST_EXPANSION = MappingProxyType({1: 1, 8: 1032, 32946: 1032, 5: 8192, 32773: 8192})
"""The maximum number of bytes of pixels for each byte of a file, by the code of the compression."""
_COMPRESSIONS_OF_TIFFFILE = (1, 8, 32946)
"""The codes of compressions for which tifffile needs no other library."""
_DIFFERENCES = 2
"""The code of the predictor that stores the differences of neighbours, which needs none either."""
_EXPANSION_OF_OTHERS = 1 << 17
_HEADER_BYTES = 8
"""The bytes at the beginning of a file in which no pixels can be."""
# without a handler, Python prints tifffile's remarks on damaged files; the error says the same
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def open_tiff(path: str, name: str | None = None) -> Source:
    """Return the first series of pages of a TIFF, with the axes that tifffile finds.

    Raises:
        SourceError: it is damaged, or tifffile is not installed.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"a TIFF has no named arrays; drop `::{name}`")
    library = import_extra(path, "tifffile", extra="tiff", what=_WHAT, instead=_INSTEAD)
    with translate_errors(path, *TIFF_ERRORS, why=DAMAGED), open_file(path) as stream:
        check_directories(stream, get_file_size(path))
    with (
        translate_errors(path, *TIFF_ERRORS, why=DAMAGED),
        _open(library, path) as tiff,
    ):
        series = tiff.series[0]
        shape = tuple(int(length) for length in series.shape)
        check_dtype(path, np.dtype(series.dtype))
        check_shape(path, shape)
        _check_size(path, series, get_file_size(path))
        if series.dataoffset is not None and series.dataoffset < _HEADER_BYTES:
            raise source_error(path, DAMAGED)
        if series.dataoffset is not None and series.keyframe.compression == 1:
            dtype = np.dtype(series.dtype).newbyteorder(tiff.byteorder)
            header = NpyHeader(dtype, shape, "C", 0)
            return open_values(path, "tiff", path, header, int(series.dataoffset))
        _check_pages(path, series, shape)
        _require_codec(path, series)
        return TiffSource(path, series, shape)


def _open(library: ModuleType, path: str) -> Any:
    """Return a TIFF; no other file that the metadata name is opened."""
    return library.TiffFile(open_file(path) if is_remote(path) else path, _multifile=False)


def _require_codec(path: str, series: Any) -> None:
    page = series.keyframe
    if int(page.compression) in _COMPRESSIONS_OF_TIFFFILE and int(page.predictor) <= _DIFFERENCES:
        return
    pages = f"{len(series.pages):,} pages" if len(series.pages) > 1 else "one page"
    what = f"a TIFF with {pages}, compressed with {page.compression.name}"
    import_extra(path, "imagecodecs", extra="tiff", what=what, instead=_INSTEAD)


def can_unpack(path: str) -> bool:
    """Return whether tifffile is installed, and what unpacks the segments of a TIFF."""
    if find_spec("tifffile") is None:
        return False
    library = import_extra(path, "tifffile", extra="tiff", what=_WHAT, instead=_INSTEAD)
    with (
        translate_errors(path, *TIFF_ERRORS, why=DAMAGED),
        _open(library, path) as tiff,
    ):
        is_simple = int(tiff.series[0].keyframe.compression) in _COMPRESSIONS_OF_TIFFFILE
    return is_simple or find_spec("imagecodecs") is not None


def is_one_image(path: str) -> bool:
    """Return whether the first series of a TIFF is one page, with or without bands.

    Raises:
        SourceError: it is damaged, or tifffile is not installed.
    """
    library = import_extra(path, "tifffile", extra="tiff", what=_WHAT, instead=_INSTEAD)
    with (
        translate_errors(path, *TIFF_ERRORS, why=DAMAGED),
        _open(library, path) as tiff,
    ):
        return tiff.series[0].axes in PIXEL_AXES


def read_page_geo_tags(path: str) -> GeoTags | None:
    """Return what the tags of the first page say about its pixels.

    Raises:
        SourceError: it is damaged, or tifffile is not installed.
    """
    library = import_extra(path, "tifffile", extra="tiff", what=_WHAT, instead=_INSTEAD)
    with (
        translate_errors(path, *TIFF_ERRORS, why=DAMAGED),
        _open(library, path) as tiff,
    ):
        page = tiff.series[0].keyframe
        return read_geo_tags(page.tags.valueof, (int(page.imagelength), int(page.imagewidth)))


def _check_size(path: str, series: Any, size: int) -> None:
    claimed = prod(series.shape) * np.dtype(series.dtype).itemsize
    code = int(series.keyframe.compression)
    if claimed > size * _MOST_EXPANSION.get(code, _EXPANSION_OF_OTHERS):
        raise source_error(
            path,
            f"it is cut off: {claimed:,} bytes of pixels do not fit into {size:,} bytes; save or"
            " copy it again",
        )
    check_held_bytes(
        path,
        prod(series.keyframe.chunks) * np.dtype(series.dtype).itemsize,
        what="each of its segments",
        remedy="save it in tiles of 512 x 512 pixels",
    )


def _check_pages(path: str, series: Any, shape: tuple[int, ...]) -> None:
    """Refuse a series whose pages do not add up to its shape."""
    letters = find_page_axes(series.axes)
    page = series.keyframe
    sizes = {"Y": page.imagelength, "X": page.imagewidth, "S": page.samplesperpixel}
    inner = tuple(sizes[letter] for letter in letters)
    pages = prod(shape[: -len(letters)])
    unlike = any(frame is None or frame.keyframe.hash != page.hash for frame in series.pages)
    if shape[-len(letters) :] != inner or pages != len(series.pages) or unlike:
        raise source_error(
            path, f"its pages do not form one array ({series.axes} {shape}); save it as .npy"
        )
