"""The pages of a TIFF as a source, of which tifffile unpacks segments: strips or tiles."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import product
from math import prod
from threading import Lock
from typing import Any

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.source import Window
from iou_doctor.sources.array_checks import get_native_dtype
from iou_doctor.sources.files.file_status import ReadableFile, open_file
from iou_doctor.sources.source_errors import translate_errors
from iou_doctor.sources.windows import complete_window, measure_window

DAMAGED = "it is damaged, cut off, or no TIFF that tifffile reads; save it again"
PIXEL_AXES = ("SYX", "YXS", "YX")
"""The axes of a page, in the letters of tifffile."""
_SEPARATE = 2
"""The planar configuration of bands that are stored one after the other."""
_HEADER_BYTES = 8
_MOST_KEPT_BYTES = 1 << 28
"""The maximum size of a segment that is kept, because the next window may lie in it as well."""
_LEAST_LARGE_BYTES = 1 << 24
"""The size of a segment from which on a thread waits for the one that unpacks it."""
TIFF_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What tifffile and imagecodecs raise for damaged files: their own errors are subclasses."""


class TiffSource:
    """The pages of a TIFF, of which only the segments that a window needs are unpacked."""

    format = "tiff"
    is_sequential = False
    names = None

    def __init__(self, path: str, series: Any, shape: tuple[int, ...]) -> None:
        self.path = path
        self.shape: tuple[int, ...] = shape
        self.dtype = get_native_dtype(np.dtype(series.dtype))
        self._pages = list(series.pages)
        self._page = series.keyframe
        self._letters = find_page_axes(series.axes)
        self._last: tuple[tuple[int, int], StoredArray] | None = None
        self._lock = Lock()
        leading = len(shape) - len(self._letters)
        sizes = {"Y": self._height, "X": self._width, "S": 1}
        self.chunk_shape = (1,) * leading + tuple(sizes[letter] for letter in self._letters)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of one entry of the first axis; all have the same."""
        return self.shape[1:]

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`.

        Raises:
            SourceError: a segment is damaged or cut off.
        """
        parts = complete_window(window, self.shape)
        out = np.empty(measure_window(parts), self.dtype)
        leading = len(self.shape) - len(self._letters)
        pages = np.arange(len(self._pages)).reshape(self.shape[:leading])[parts[:leading]]
        # opened once for all segments of a window, of which there may be many
        errors = translate_errors(self.path, *TIFF_ERRORS, why=DAMAGED)
        with errors, open_file(self.path) as stream:
            for place in np.ndindex(pages.shape):
                self._read_page(stream, int(pages[place]), parts[leading:], out[place])
        return out

    @property
    def _height(self) -> int:
        page = self._page
        return int(page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength))

    @property
    def _width(self) -> int:
        return int(self._page.tilewidth if self._page.is_tiled else self._page.imagewidth)

    def _read_page(
        self, stream: ReadableFile, number: int, parts: Window, out: StoredArray
    ) -> None:
        """Fill `out` with a part of a page, whose axes are those of the page."""
        by_letter = dict(zip(self._letters, parts, strict=True))
        rows, columns = by_letter["Y"], by_letter["X"]
        bands = by_letter.get("S", slice(0, 1))
        target = np.moveaxis(out, 0, -1) if self._letters == "SYX" else out
        target = target if "S" in self._letters else target[..., np.newaxis]
        for index, plane, top, left in self._list_segments(rows, columns, bands):
            segment = self._decode(stream, number, index)
            inner = slice(None) if plane is None else slice(plane, plane + 1)
            first, last = max(rows.start, top), min(rows.stop, top + segment.shape[0])
            start, stop = max(columns.start, left), min(columns.stop, left + segment.shape[1])
            values = segment[first - top : last - top, start - left : stop - left]
            if plane is None:
                values = values[..., bands]
            else:
                inner = slice(plane - bands.start, plane - bands.start + 1)
            target[
                first - rows.start : last - rows.start,
                start - columns.start : stop - columns.start,
                inner,
            ] = values

    def _list_segments(
        self, rows: slice, columns: slice, bands: slice
    ) -> Iterator[tuple[int, int | None, int, int]]:
        """Yield the index, the band if each has its own, the row and the column of segments."""
        page, height, width = self._page, self._height, self._width
        down, across = -(-page.imagelength // height), -(-page.imagewidth // width)
        separate = page.planarconfig == _SEPARATE and page.samplesperpixel > 1
        planes = range(bands.start, bands.stop) if separate else range(1)
        for plane, y, x in product(
            planes,
            range(rows.start // height, -(-rows.stop // height)),
            range(columns.start // width, -(-columns.stop // width)),
        ):
            index = (plane * down + y) * across + x
            yield index, (plane if separate else None), y * height, x * width

    def _decode(self, stream: ReadableFile, number: int, index: int) -> StoredArray:
        """Return a segment of a page as (rows, columns, bands); the last one is kept.

        Of large segments, one is unpacked at a time, so that several threads do not hold several.
        """
        if prod(self._page.chunks) * self.dtype.itemsize < _LEAST_LARGE_BYTES:
            return self._decode_or_find(stream, number, index)
        with self._lock:
            return self._decode_or_find(stream, number, index)

    def _decode_or_find(self, stream: ReadableFile, number: int, index: int) -> StoredArray:
        last = self._last
        if last is not None and last[0] == (number, index):
            return last[1]
        page = self._pages[number]
        offset, count = page.dataoffsets[index], page.databytecounts[index]
        content = None
        if count and offset < _HEADER_BYTES:
            raise EOFError("a segment begins in the header")
        if count:
            stream.seek(offset)
            content = stream.read(count)
            if len(content) < count:
                raise EOFError("a segment is cut off")
        keyframe = page.keyframe
        decoded, _, shape = keyframe.decode(content, index, jpegtables=keyframe.jpegtables)
        if decoded is None:  # a sparse segment
            decoded = np.full(shape, self._page.nodata, self.dtype)
        segment: StoredArray = decoded.reshape(decoded.shape[-3:]).astype(self.dtype, copy=False)
        if segment.nbytes <= _MOST_KEPT_BYTES:
            self._last = ((number, index), segment)
        return segment


def find_page_axes(axes: str) -> str:
    """Return the letters of the axes of a page, from those of a series."""
    return next((letters for letters in PIXEL_AXES if axes.endswith(letters)), "YX")
