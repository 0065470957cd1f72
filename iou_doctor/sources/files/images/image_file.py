"""An image as an entry of a series of files, and one image as a series of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from iou_doctor.arrays.batch import StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Source
from iou_doctor.record import record
from iou_doctor.sources.files.array_file import ArrayMember, read_array
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.files.images.image import ImageHeader, decode, read_header
from iou_doctor.sources.files.member import ArrayInMemory, Member, Values
from iou_doctor.sources.files.tiff.geo import GeoTags
from iou_doctor.sources.files.tiff.pillow import LargeTiffError, UnreadTiffError
from iou_doctor.sources.files.tiff.tiff import (
    can_unpack,
    is_one_image,
    open_tiff,
    read_page_geo_tags,
)
from iou_doctor.sources.source_errors import source_error


@record
class ImageMember:
    """One image."""

    header: ImageHeader
    name: str

    @property
    def file(self) -> str:
        """The path of the file."""
        return self.header.file

    @property
    def array_name(self) -> None:
        """`None`: an image holds one array without a name."""

    @property
    def affine(self) -> None:
        """`None`: an image does not lie in space."""

    @property
    def geo(self) -> GeoTags | None:
        """What a GeoTIFF says about its pixels."""
        return self.header.geo

    @property
    def dtype(self) -> StoredDtype:
        """The dtype of the pixels."""
        return self.header.dtype

    @property
    def stamps(self) -> tuple[FileStamp, ...]:
        """The file as it was before its header was read."""
        return (self.header.stamp,)

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width, and the number of channels if there are several."""
        return self.header.shape

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """All 1: it is decoded as a whole."""
        return (1,) * len(self.shape)

    @property
    def kind(self) -> str:
        """Pillow's name for the kind of pixel."""
        return self.header.mode

    def load(self) -> Values:
        """Decode the image.

        Raises:
            SourceError: it is damaged, or changed since the folder was opened.
        """
        return ArrayInMemory(decode(self.header))


def read_member(file: str, name: str) -> Member:
    """Return what an image file says about itself.

    Raises:
        SourceError: it is not an image, or of a kind that cannot hold labels.
    """
    try:
        return ImageMember(read_header(file, large=False), name)
    except LargeTiffError:
        if not can_unpack(file):
            return ImageMember(read_header(file), name)
    except UnreadTiffError:  # tifffile may read it, or says below why not
        pass
    member = read_array(file, name, open_tiff, None)
    return replace(member, geo=read_page_geo_tags(file))


def open_image(path: str, name: str | None = None) -> Source:
    """Return one image file as a source of one entry, or the pages of a TIFF as an array.

    Raises:
        SourceError: it is not an image, or of a kind that cannot hold labels.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"an image has no named arrays; drop `::{name}`")
    member = read_member(path, Path(path).stem)
    if isinstance(member, ArrayMember) and not is_one_image(path):
        return open_tiff(path)
    return FileSeries(path, [member], format_name="images", is_folder=False)
