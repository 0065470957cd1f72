"""A folder of images, or one image, as a source: each image is an entry of the first axis."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.arrays.source import Window
from iou_doctor.sources.files.file_status import read_file_head
from iou_doctor.sources.files.file_types import IMAGE_SUFFIXES
from iou_doctor.sources.files.image import ImageHeader, decode, read_header
from iou_doctor.sources.source_errors import source_error, translate_errors
from iou_doctor.sources.windows import complete_window, measure_window

_BOOL, _UINT8, _UINT16 = np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.uint16)
_WIDER_DTYPES: Mapping[frozenset[StoredDtype], StoredDtype] = MappingProxyType(
    {
        frozenset({_BOOL, _UINT8}): _UINT8,
        frozenset({_UINT8, _UINT16}): _UINT16,
    }
)
"""The dtypes that images of one folder may mix, and the one that holds both.

A mask that happens to have only two ids, or none above 255, may be saved in a narrower dtype.
"""


class ImageSource:
    """Images in the order given, decoded one at a time."""

    format = "images"
    is_sequential = False

    def __init__(self, path: str, images: Sequence[ImageHeader], *, is_folder: bool) -> None:
        self.path = path
        self.is_folder = is_folder
        self.dtype = _find_common_dtype(path, images)
        self.shape: tuple[int | None, ...] = (len(images), *_find_common_shape(images))
        self.chunk_shape = (1,) * len(self.shape)
        self.names = tuple(image.stem for image in images)
        self._images = tuple(images)
        self._last: tuple[int, StoredArray] | None = None
        """The index and the pixels of the image that was decoded last."""

    @property
    def stamps(self) -> Iterator[FileStamp]:
        """The files as they were when their headers were read."""
        return (image.stamp for image in self._images)

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one image, from its header."""
        return self._images[index].shape

    def select(self, indices: Iterable[int]) -> ImageSource:
        """Return a source of some of the images, in the order of `indices`."""
        images = [self._images[index] for index in indices]
        return ImageSource(self.path, images, is_folder=self.is_folder)

    def read(self, window: Window) -> StoredArray:
        """Return the values in `window`, which must lie in one image if they differ in size.

        Raises:
            SourceError: an image is damaged or cut off, or changed since the folder was opened.
            ValueError: the window covers images of different sizes.
        """
        start, stop, _ = (window or (slice(None),))[0].indices(len(self._images))
        indices = range(start, stop)
        shapes = {self._images[index].shape for index in indices}
        if len(shapes) > 1:
            raise ValueError("a window must lie within one image where images differ in size")
        shape = shapes.pop() if shapes else tuple(length or 0 for length in self.shape[1:])
        parts = complete_window(window[1:], shape)
        if len(indices) == 1:
            return self._decode(start)[parts].astype(self.dtype, copy=False)[np.newaxis]
        # copied one by one: a stack of views would keep every decoded image in memory
        out = np.empty((len(indices), *measure_window(parts)), self.dtype)
        for place, index in enumerate(indices):
            out[place] = self._decode(index)[parts]
        return out

    def _decode(self, index: int) -> StoredArray:
        """Return one image; the last one is kept, so that its windows decode it once.

        Several threads may call this: each works on what it found or decoded itself.
        """
        last = self._last
        if last is None or last[0] != index:
            last = self._last = None  # released first, so that a thread never holds two images
            last = self._last = (index, decode(self._images[index]))
        return last[1]


def open_image(path: str, name: str | None = None) -> ImageSource:
    """Return one image file as a source of one entry.

    Raises:
        SourceError: it is not an image, or of a kind that cannot hold labels.
    """
    read_file_head(path)
    if name is not None:
        raise source_error(path, f"an image has no named arrays; drop `::{name}`")
    return ImageSource(path, [read_header(path)], is_folder=False)


def open_folder(path: str, name: str | None = None) -> ImageSource:
    """Return the images in a folder, sorted by the stems of their names.

    Raises:
        SourceError: there are none, one is damaged, or they differ in kind.
    """
    if name is not None:
        raise source_error(path, f"a folder has no named arrays; drop `::{name}`")
    return ImageSource(path, [read_header(file) for file in _list_images(path)], is_folder=True)


def _list_images(path: str) -> list[str]:
    with translate_errors(path, OSError, why="check that you may read the folder"):
        with os.scandir(path) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
        folders = sorted(entry.name for entry in entries if entry.is_dir())
        names = [entry.name for entry in entries if entry.is_file()]
    by_stem: dict[str, str] = {}
    for name in sorted(name for name in names if name.lower().endswith(IMAGE_SUFFIXES)):
        stem = os.path.splitext(name)[0]  # noqa: PTH122 - a Path is too slow for 100,000 names
        if stem in by_stem:
            raise source_error(
                path,
                f"`{by_stem[stem]}` and `{name}` differ only in their suffix; keep one of them",
            )
        by_stem[stem] = name
    if not by_stem:
        hint = f"; if they are in `{folders[0]}`, give that folder" if folders else ""
        raise source_error(
            path,
            "the folder has no images; save the images as .png, .tif, .bmp or .jpg files in one"
            f" folder{hint}",
        )
    return [os.path.join(path, by_stem[stem]) for stem in sorted(by_stem)]  # noqa: PTH118


def _find_common_shape(images: Sequence[ImageHeader]) -> tuple[int | None, ...]:
    """Return the shape of each image, with `None` for an axis along which they differ."""
    axes = zip(*(image.shape for image in images), strict=True)
    return tuple(axis[0] if len(set(axis)) == 1 else None for axis in axes)


def _find_common_dtype(path: str, images: Sequence[ImageHeader]) -> StoredDtype:
    """Return a dtype that holds the pixels of all images; refuse images of different kinds."""
    first = images[0]
    seen = {first.dtype}
    for image in images:
        seen.add(image.dtype)
        fits = len(seen) == 1 or frozenset(seen) in _WIDER_DTYPES
        if not fits or first.shape[2:] != image.shape[2:]:
            raise source_error(
                path,
                f"its images differ in kind: `{first.file}` is {first.mode} and `{image.file}` is "
                f"{image.mode}; save them all in one mode",
            )
    return _WIDER_DTYPES.get(frozenset(seen), first.dtype)
