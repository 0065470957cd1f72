"""What a TIFF has beside its pixels, for a copy with other ones."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from iou_doctor.record import record
from iou_doctor.sources.files.extras import import_extra
from iou_doctor.sources.files.tiff.pages import find_page_axes

TagTuple = tuple[int, int, int, Any, bool]
"""A tag as tifffile writes it: code, type, count, value, and whether only for the first page."""
_STRUCTURE = frozenset(
    {
        *(254, 255, 256, 257, 258, 259, 262, 266, 270, 273, 274, 277, 278, 279, 280, 281),
        *(282, 283, 284, 288, 289, 292, 293, 296, 317, 320, 322, 323, 324, 325, 338, 339, 340),
        *(341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 32997),
    }
)
"""Tags about how pixels are stored, which the copy has of its own, and those treated one by one."""
_GEOMETRY = frozenset({33550, 33922, 34264, 34735, 34736, 34737})
"""The tags of GeoTIFF: true only of a copy with the same height and width."""
_POINTERS = frozenset({330, 34665, 34853, 40965, 34377, 37724, 50838, 50839})
"""Tags whose values lie elsewhere in the file, or are about pages of another program."""
_PALETTE, _RGB = 3, 2
_FLOAT_PREDICTOR = 3
_DEFLATE = 8
_OF_TIFFFILE = frozenset({1, 8, 32946})
"""The codes of compressions that tifffile writes without another library."""
_LOSSLESS = frozenset({1, 5, 8, 32946, 32773, 34925, 34926, 50000})
_NO_UNIT = 1
_RESOLUTION_UNITS = frozenset({_NO_UNIT, 2, 3, 4, 5})
"""The units that tifffile writes: a damaged file may name others."""
_STRUCTURED = ("is_ome", "is_imagej", "is_shaped")
"""What a page is called whose description says how the pages form an array."""


@record
class TiffTemplate:
    """The tags, segments and compression that the copies of a TIFF get."""

    shape: tuple[int, ...]
    dtype: str
    letters: str
    """The axes of a page, in the letters of tifffile."""
    is_big_endian: bool
    is_bigtiff: bool
    compression: int
    options: dict[str, Any]
    """How each page is stored, as arguments of tifffile."""
    resolution: dict[str, Any]
    tags: tuple[TagTuple, ...]
    description: str
    is_structured: bool
    """Whether the description says how the pages form an array."""
    colormap: Any
    """The colours of a palette; `None` if there is none."""
    photometric: int
    unkept: tuple[str, ...]
    """The names of tags that no copy gets."""

    def find_page_axes(self, shape: tuple[int, ...]) -> str:
        """Return the letters of the axes of a page of a copy."""
        if len(shape) == len(self.shape):
            return self.letters
        return "YX" if len(shape) < len(self.shape) or self.letters != "YX" else "YXS"

    def has_size_of(self, shape: tuple[int, ...]) -> bool:
        """Return whether the pages of a copy have the same height and width."""
        return self._get_size(self.shape, self.letters) == self._get_size(
            shape, self.find_page_axes(shape)
        )

    def choose_tags(self, shape: tuple[int, ...]) -> tuple[TagTuple, ...]:
        """Return the tags that are true of a copy of this shape."""
        same = self.has_size_of(shape)
        return tuple(tag for tag in self.tags if same or tag[0] not in _GEOMETRY)

    def choose_compression(self) -> int:
        """Return a compression that keeps labels as they are, and that can be written here."""
        is_there = self.compression in _OF_TIFFFILE or find_spec("imagecodecs") is not None
        return self.compression if is_there and self.compression in _LOSSLESS else _DEFLATE

    def list_unkept(self, shape: tuple[int, ...], dtype: str, *, palette: bool) -> Iterator[str]:
        """Yield what a copy of this shape and dtype has not, in words."""
        if names := list(self.unkept):
            yield f"tags that are not kept: {', '.join(names)}"
        if self.choose_tags(shape) != self.tags:
            yield "its place on the map is not kept, because the copy has another size"
        if self.colormap is not None and not palette:
            yield "its colours are not kept, because the copy has other values"
        if self.is_structured and (shape, dtype) != (self.shape, self.dtype):
            yield "its description is not kept, because the copy has another shape or type"
        if self.choose_compression() != self.compression:
            yield (
                "it is compressed with deflate, because its own compression changes labels or needs"
                ' `pip install "iou-doctor[tiff]"`'
            )

    @staticmethod
    def _get_size(shape: tuple[int, ...], letters: str) -> tuple[int, ...]:
        by_letter = dict(zip(letters, shape[-len(letters) :], strict=True))
        return by_letter["Y"], by_letter["X"]


def read_template(path: str) -> TiffTemplate:
    """Return what a TIFF has beside its pixels.

    Raises:
        SourceError: tifffile is not installed.
    """
    library = import_extra(path, "tifffile", extra="tiff", what="a TIFF", instead="save .npy")
    with library.TiffFile(path, _multifile=False) as tiff:
        series = tiff.series[0]
        page = series.keyframe
        tags = tuple(_iterate_tags(page))
        known = _STRUCTURE | {tag[0] for tag in tags} | {305}
        is_palette = int(page.photometric) == _PALETTE and page.colormap is not None
        return TiffTemplate(
            shape=tuple(int(length) for length in series.shape),
            dtype=series.dtype.name,
            letters=find_page_axes(series.axes),
            is_big_endian=tiff.byteorder == ">",
            is_bigtiff=tiff.is_bigtiff,
            compression=int(page.compression),
            options=_describe_segments(page),
            resolution=_describe_resolution(page),
            tags=tags,
            description=page.description,
            is_structured=any(getattr(page, name) for name in _STRUCTURED),
            colormap=page.colormap if is_palette else None,
            photometric=int(page.photometric),
            unkept=tuple(tag.name for tag in page.tags if tag.code not in known),
        )


def _iterate_tags(page: Any) -> Iterator[TagTuple]:
    """Yield the tags that are not about how the pixels are stored."""
    for tag in page.tags:
        if tag.code in _STRUCTURE | _POINTERS or tag.value is None or tag.code == 305:
            continue
        value = tag.value
        if isinstance(value, (str, bytes, int, float)) or (
            isinstance(value, tuple) and all(isinstance(item, (int, float)) for item in value)
        ):
            yield tag.code, int(tag.dtype), int(tag.count), value, True


def _describe_segments(page: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if page.is_tiled:
        options["tile"] = (int(page.tilelength), int(page.tilewidth))
    elif 0 < page.rowsperstrip < page.imagelength:
        options["rowsperstrip"] = int(page.rowsperstrip)
    if int(page.predictor) > 1:
        options["predictor"] = True  # tifffile takes the one that suits the type
    return options


def _describe_resolution(page: Any) -> dict[str, Any]:
    x, y = (page.tags.valueof(code) for code in (282, 283))
    if not (isinstance(x, tuple) and isinstance(y, tuple) and x[1] and y[1]):
        return {}
    unit = page.tags.valueof(296, default=_NO_UNIT)
    return {"resolution": (x, y), "resolutionunit": unit if unit in _RESOLUTION_UNITS else _NO_UNIT}
